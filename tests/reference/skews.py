"""Writes skews.json: lambda of each text in DistiLLM-2 (Ko et al. 2025), in float64 PyTorch.

    python tests/reference/skews.py

The formula is that of jongwooko/distillm-2, src/distillm_trainer.py (`get_batch_logps`), with the mean gap of the batch for what it keeps of
its first log: clip(1 - 0.9 m / (gap + 1e-5), 0.01, 0.1), where the gap is exp(mean log p) - exp(mean log q) on the teacher's texts and the
negative of that on the student's own.
"""

import json
import pathlib

import torch

torch.set_default_dtype(torch.float64)


def likelihood(text):
    return torch.tensor(text).mean().exp()


def skews(texts, others, least=0.01, most=0.1):
    gaps = torch.stack([likelihood(text) - likelihood(other) for text, other in zip(texts, others)])
    return (1 - (1 - most) * gaps.mean() / (gaps + 1e-5)).clip(least, most).tolist()


def level(*probabilities):
    """Texts of two tokens whose probabilities have this geometric mean."""
    return [[round(float(torch.tensor(p).log()), 9) + by for by in (0.0625, -0.0625)] for p in probabilities]


CASES = {
    "the student behind in all": (level(0.9, 0.8, 0.7, 0.6), level(0.3, 0.5, 0.4, 0.5)),
    "the student ahead in all": (level(0.3, 0.2, 0.4, 0.3), level(0.5, 0.4, 0.7, 0.45)),
    "mixed, the teacher ahead on the whole": (level(0.9, 0.9, 0.4, 0.5), level(0.1, 0.85, 0.5, 0.5)),
    "mixed, the student ahead on the whole": (level(0.2, 0.5, 0.6), level(0.9, 0.4, 0.65)),
    "one text": (level(0.7), level(0.2)),
    "unequal lengths": ([[-0.1, -2.0, -0.3], [-0.5]], [[-0.2, -2.5, -1.0], [-0.75]]),
}

found = []
for name, (teacher, student) in CASES.items():
    found.append(
        {
            "name": name,
            "teacher": teacher,
            "student": student,
            "of_teacher": skews(teacher, student),
            "of_student": skews(student, teacher),
        }
    )
pathlib.Path(__file__).with_suffix(".json").write_text("[" + ",\n".join(map(json.dumps, found)) + "]\n")
