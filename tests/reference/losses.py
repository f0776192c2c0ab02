"""Writes losses.json: every loss of src/loss and its gradient with respect to the student, in float64 PyTorch.

    python tests/reference/losses.py

Inputs are multiples of 1/64, so that float32 holds them exactly. The formulas are those of the papers' own code, not of ours:
divergences.py has the soft losses; attention transfer is as in szagoruyko/attention-transfer.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

from divergences import DIVERGENCES, grid, plain, soft_loss

torch.set_default_dtype(torch.float64)
torch.manual_seed(20)


def extreme(*shape):
    return (torch.rand(*shape) * 60 * 64).round() / 64 - 30


def one_hot(labels, classes):
    """-1 is an unlabelled row: all zeros."""
    rows = torch.zeros(len(labels), classes)
    for row, label in enumerate(labels):
        if label >= 0:
            rows[row, label] = 1
    return rows


def with_gradient(loss, *inputs):
    """The value and the gradient with respect to the first input."""
    first = inputs[0].clone().requires_grad_()
    value = loss(first, *inputs[1:])
    value.backward()
    return {"value": plain(value.item()), "gradient": plain(first.grad)}


draws = [
    {"teacher": grid(3, 5, scale=2), "student": grid(3, 5, scale=2), "targets": one_hot([1, 4, 0], 5)},
    {"teacher": extreme(3, 5), "student": extreme(3, 5), "targets": one_hot([0, -1, 2], 5)},
    {"teacher": grid(4, 3, scale=4), "student": grid(4, 3, scale=0.5), "targets": one_hot([-1, 2, -1, 1], 3)},
]

soft = []
for index, draw in enumerate(draws):
    for temperature in [1.0, 4.0, 20.0]:
        for divergence in DIVERGENCES:
            for standardized in [False, True] if temperature == 4.0 else [False]:
                d = {**divergence, "temperature": temperature, "standardize": standardized}
                found = with_gradient(lambda s, t, y: soft_loss(t, s, y, d), draw["student"], draw["teacher"], draw["targets"])
                soft.append({"draw": index, "distill": d, **found})

# ---- hard loss: PyTorch's own label smoothing and ignore_index on integer labels


def hard_case(logits, labels, smoothing):
    found = with_gradient(
        lambda z: F.cross_entropy(z, torch.tensor(labels), ignore_index=-1, label_smoothing=smoothing), logits
    )
    return {"logits": plain(logits), "targets": plain(one_hot(labels, logits.shape[1])), "smoothing": smoothing, **found}


hard = [
    hard_case(grid(4, 5, scale=2), [0, 3, 3, 1], 0.0),
    hard_case(grid(4, 5, scale=2), [0, -1, -1, 2], 0.0),
    hard_case(grid(4, 5, scale=2), [-1, 4, 1, -1], 0.1),
    hard_case(extreme(3, 4), [0, -1, 2], 0.0),
    hard_case(extreme(3, 4), [3, 1, 2], 0.3),
]
logits, rows = grid(3, 4, scale=2), F.softmax(grid(3, 4, scale=1), 1)
rows = (rows * 64).round() / 64
rows[:, 0] += 1 - rows.sum(1)
found = with_gradient(lambda z: F.cross_entropy(z, rows), logits)
hard.append({"logits": plain(logits), "targets": plain(rows), "smoothing": 0.0, **found})

# ---- features and teachers


def attention_map(maps):
    return F.normalize(maps.pow(2).mean(1).reshape(maps.shape[0], -1))


a, b = grid(3, 4, scale=1), grid(3, 4, scale=1)
hint = {"student": plain(a), "teacher": plain(b), **with_gradient(lambda s, t: F.mse_loss(s, t), a, b)}

a, b = F.relu(grid(2, 2, 2, 3, scale=1)), F.relu(grid(2, 4, 2, 3, scale=3))
a[1] = 0  # a dead map
attention = {
    "student": plain(a),
    "teacher": plain(b),
    **with_gradient(lambda s, t: (attention_map(s) - attention_map(t)).pow(2).mean(), a, b),
}

teachers = [grid(2, 4, scale=2), extreme(2, 4), grid(2, 4, scale=1)]
average = {
    "teachers": plain(torch.stack(teachers)),
    "value": plain(torch.stack([F.softmax(z, 1) for z in teachers]).mean(0).log()),
}

document = {
    "draws": [{name: plain(tensor) for name, tensor in draw.items()} for draw in draws],
    "soft": soft,
    "hard": hard,
    "hint": hint,
    "attention": attention,
    "average": average,
}
path = pathlib.Path(__file__).with_name("losses.json")
lines = []
for key, value in document.items():
    if isinstance(value, list):
        body = "[\n" + ",\n".join("  " + json.dumps(item) for item in value) + "\n ]"
    else:
        body = json.dumps(value)
    lines.append(f' "{key}": {body}')
path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
print(path, path.stat().st_size, "bytes", len(soft), "soft cases")
