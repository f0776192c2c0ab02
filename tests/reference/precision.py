#!/usr/bin/env python3
"""A decoder of one layer in bf16 with f32 weights, as PyTorch's autocast trains it on the CPU: python3 tests/reference/precision.py

Values are sines, so that src/train/tests/precision.rs makes the same ones. Losses of AdamW steps on one batch, in f32 and by autocast, and the gradients of
the first step by autocast. Autocast multiplies attention's matrices in bf16 too, and keeps what comes out of a layer so: a tolerance says the rest.
"""
import json
import pathlib

import torch
from torch.nn import functional

VOCAB, SEQ, WIDTH, HEADS, HIDDEN, BATCH, STEPS, RATE = 17, 8, 16, 2, 64, 4, 10, 2e-3


def value(name, shape, scale):
    count = torch.Size(shape).numel()
    seed = sum(ord(letter) * (at + 1) for at, letter in enumerate(name)) % 97
    return (torch.sin(torch.arange(count, dtype=torch.float64) * 1.7 + seed) * scale).reshape(shape).float()


# In the order of the layout; norms begin at one.
SHAPES = [
    ("tokens", [VOCAB, WIDTH]), ("positions", [SEQ, WIDTH]), ("norm1.weight", [WIDTH]), ("norm1.bias", [WIDTH]),
    ("qkv.weight", [WIDTH, 3 * WIDTH]), ("qkv.bias", [3 * WIDTH]), ("out.weight", [WIDTH, WIDTH]), ("out.bias", [WIDTH]),
    ("norm2.weight", [WIDTH]), ("norm2.bias", [WIDTH]), ("up.weight", [WIDTH, HIDDEN]), ("up.bias", [HIDDEN]),
    ("down.weight", [HIDDEN, WIDTH]), ("down.bias", [WIDTH]), ("norm.weight", [WIDTH]), ("norm.bias", [WIDTH]),
]


def start():
    return {name: (1.0 + value(name, shape, 0.1) if "norm" in name and "weight" in name else value(name, shape, 0.3)).requires_grad_()
            for name, shape in SHAPES}


def loss(p, ids):
    def norm(name, x):
        return functional.layer_norm(x, [WIDTH], p[f"{name}.weight"], p[f"{name}.bias"], 1e-5)

    def dense(name, x):
        return functional.linear(x, p[f"{name}.weight"].T, p[f"{name}.bias"])

    x = p["tokens"][ids] + p["positions"]
    qkv = dense("qkv", norm("norm1", x)).reshape(BATCH, SEQ, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
    mixed = functional.scaled_dot_product_attention(*qkv, is_causal=True).transpose(1, 2).reshape(BATCH, SEQ, WIDTH)
    x = x + dense("out", mixed)
    x = x + dense("down", functional.gelu(dense("up", norm("norm2", x)), approximate="tanh"))
    with torch.autocast("cpu", enabled=False):
        logits = norm("norm", x.float()) @ p["tokens"].T
        return functional.cross_entropy(logits[:, :-1].reshape(-1, VOCAB), ids[:, 1:].reshape(-1))


def train(autocast):
    p = start()
    optimizer = torch.optim.AdamW(p.values(), RATE, eps=1e-8, weight_decay=0.0)
    ids = (torch.arange(BATCH * SEQ) * 5 + torch.arange(BATCH * SEQ) // 3).reshape(BATCH, SEQ) % VOCAB
    losses, gradients = [], None
    for _ in range(STEPS):
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            value = loss(p, ids)
        losses.append(value.item())
        optimizer.zero_grad()
        value.backward()
        gradients = gradients or {name: [round(x, 7) for x in p[name].grad.flatten().tolist()] for name in ["qkv.weight", "down.weight", "tokens"]}
        optimizer.step()
    return losses, gradients


(f32, _), (bf16, gradients) = train(False), train(True)
result = {"torch": torch.__version__, "f32": f32, "bf16": bf16, "gradients": gradients}
(pathlib.Path(__file__).parent / "precision.json").write_text(json.dumps(result) + "\n")
