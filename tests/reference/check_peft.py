"""Adapters that a run has learned are loaded by peft on their base model, with the logits of the merged student.

    python3 tests/reference/check_peft.py DISTILLERY

Tiny models of random weights of all families are made, distilled for some steps and compared. Needs torch, transformers and peft.
"""

import os
import subprocess
import sys
import tempfile

# f32 on both sides; here the adapters are added, there they were merged.
LIMIT = 1e-5
TEXT = "ab ba a bab\nbaa ab abba " * 30


def tokenizer():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    whole = Tokenizer(models.BPE(vocab={"a": 0, "b": 1, "Ġ": 2, "Ċ": 3}, merges=[]))
    whole.pre_tokenizer, whole.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    whole.add_special_tokens(["<|im_end|>"])
    return PreTrainedTokenizerFast(tokenizer_object=whole, eos_token="<|im_end|>")


def models_of(torch):
    from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(0)
    shape = dict(
        vocab_size=5, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=64,
    )
    gpt2 = GPT2Config(vocab_size=5, n_embd=16, n_layer=2, n_head=2, n_positions=64)
    models = {
        "llama": LlamaForCausalLM(LlamaConfig(**shape, tie_word_embeddings=True)),
        "mistral": MistralForCausalLM(MistralConfig(**shape)),
        "qwen2": Qwen2ForCausalLM(Qwen2Config(**shape)),
        "gpt2": GPT2LMHeadModel(gpt2),
    }
    for model in models.values():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                torch.nn.init.normal_(parameter, std=0.1)
    return models


def main():
    program = os.path.abspath(sys.argv[1])
    try:
        import torch
        from peft import PeftModel
        from transformers import AutoModelForCausalLM
    except ImportError as error:
        return print(f"SKIPPED: {error}")
    ids = torch.tensor([[0, 1, 2, 1, 0, 0, 3, 1, 2, 0]])
    with tempfile.TemporaryDirectory() as scratch:
        with open(os.path.join(scratch, "text.txt"), "w") as file:
            file.write(TEXT)
        for name, model in models_of(torch).items():
            base = os.path.join(scratch, name)
            model.save_pretrained(base)
            tokenizer().save_pretrained(base)
            for targets in ["all", "attention", "feed_forward"]:
                out = f"{name}-{targets}"
                knobs = [
                    "text.context=16", "text.tests=2", "text.samples=2", "train.batch_size=4", "train.steps=20", "train.lr=0.01",
                    "train.warmup_steps=0", "student.lora_rank=4", "student.lora_alpha=6", f"student.lora_targets={targets}",
                ]
                sets = [part for knob in knobs for part in ("--set", knob)]
                files = ["--teacher", name, "--student", name, "--data", "text.txt", "--device", "cpu", "--out", out]
                subprocess.run([program, "run", "smollm2", *files, *sets], check=True, capture_output=True, cwd=scratch)
                student = os.path.join(scratch, out, "student")
                load = lambda folder: AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
                adapted = PeftModel.from_pretrained(load(base), os.path.join(student, "adapter")).eval()
                with torch.no_grad():
                    merged, before = load(student)(ids).logits, load(base)(ids).logits
                    difference = (adapted(ids).logits - merged).abs().max().item()
                    moved = (merged - before).abs().max().item()
                assert moved > 100 * LIMIT, f"{out}: the student is still its base"
                assert difference < LIMIT, f"{out}: logits differ by {difference}"
                print(f"{out}: adapted and merged logits differ by {difference:.1e}, from the base by {moved:.2f}")


if __name__ == "__main__":
    main()
