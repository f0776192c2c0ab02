"""What the scripts share that compare Distillery's folders with transformers."""

import os
import subprocess


def distilled(program, preset, teacher, folder, sets, *more):
    """The folder of the student of a short run."""
    command = [program, "run", preset, "--teacher", teacher, "--device", "cpu", "--out", folder]
    subprocess.run(command + [part for value in sets for part in ("--set", value)] + list(more), check=True)
    return os.path.join(folder, "student")


def read_alike(tokenizer, text, ours):
    """The tokens of transformers, which must be ours."""
    tokens = tokenizer(text, return_tensors="pt", padding=False)
    assert tokens["input_ids"][0].tolist() == ours["tokens"], (text, tokens["input_ids"], ours["tokens"])
    return tokens


def complete(found):
    """Every weight of the file found its place, and every place its weight."""
    assert not found["missing_keys"] and not found["unexpected_keys"] and not found["mismatched_keys"], found
