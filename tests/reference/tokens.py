"""Writes tokens.json: token KD under every divergence, of all logits and of the k likeliest tokens with a tail bucket, and its gradient with
respect to the student, in float64 PyTorch.

    python tests/reference/tokens.py

Inputs are multiples of 1/64, so that float32 holds them exactly. A row is a token of a response or, where the mask is 0, of a prompt or padding;
the loss is the mean over those that count. DKD's target is the token that stands there, and of k + 1 buckets the one that it is in.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

from divergences import DIVERGENCES, grid, plain, soft_loss

torch.set_default_dtype(torch.float64)
torch.manual_seed(22)


def buckets(logits, ids):
    """Log-probabilities of the tokens `ids` and of all the others together."""
    log_probs = F.log_softmax(logits, 1)
    known = torch.zeros_like(logits, dtype=torch.bool).scatter(1, ids, True)
    return torch.cat([log_probs.gather(1, ids), torch.logsumexp(log_probs.masked_fill(known, -torch.inf), 1, keepdim=True)], 1)


def masked_mean(teacher, student, targets, d):
    rows = [soft_loss(teacher[i : i + 1], student[i : i + 1], targets[i : i + 1], d) for i in range(len(mask))]
    return (torch.stack(rows) * mask).sum() / mask.sum()


def with_gradient(loss):
    leaf = student.clone().requires_grad_()
    value = loss(leaf)
    value.backward()
    return {"value": plain(value.item()), "gradient": plain(leaf.grad)}


teacher, student = grid(6, 8, scale=2), grid(6, 8, scale=2)
mask, tokens = torch.tensor([0.0, 1, 1, 1, 1, 0]), torch.tensor([3, 1, 0, 7, 5, 2])
targets = F.one_hot(tokens, 8).double()
top = {k: F.log_softmax(teacher, 1).topk(k, 1) for k in [1, 3, 7]}
cases = []
for divergence in DIVERGENCES:
    for temperature in [1.0, 4.0]:
        for standardize in [False, True]:
            d = {**divergence, "temperature": temperature, "standardize": standardize}
            cases.append({"distill": d, **with_gradient(lambda s: masked_mean(teacher, s, targets, d))})
        for k, likeliest in top.items():
            ids, d = likeliest.indices, {**divergence, "temperature": temperature}
            known = targets.gather(1, ids)
            bucket = torch.cat([known, 1 - known.sum(1, keepdim=True)], 1)
            found = with_gradient(lambda s: masked_mean(buckets(teacher, ids), buckets(s, ids), bucket, d))
            cases.append({"distill": {**d, "access": "top_k", "top_k": k}, **found})

document = {"teacher": plain(teacher), "student": plain(student), "mask": plain(mask), "tokens": tokens.tolist()}
document["top"] = {k: {"ids": found.indices.tolist(), "log_p": plain(found.values)} for k, found in top.items()}
path = pathlib.Path(__file__).with_name("tokens.json")
lines = [f' "{key}": {json.dumps(value)}' for key, value in document.items()]
lines.append(' "cases": [\n' + ",\n".join("  " + json.dumps(case) for case in cases) + "\n ]")
path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
print(path, path.stat().st_size, "bytes")
