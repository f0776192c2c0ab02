#!/usr/bin/env python3
"""A decoder and an encoder of one layer in bf16 and in f16 with f32 weights, as PyTorch's autocast trains them on the CPU: python3 tests/reference/precision.py

Values are sines, so that src/train/tests/precision.rs makes the same ones. Losses of AdamW steps on one batch, in f32 and by autocast, and the gradients of
the first step by autocast; in f16 with a GradScaler, which leaves out steps until its factor fits. Autocast multiplies attention's matrices in bf16 too, and keeps what comes out of a layer so: a tolerance says the rest.
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


# In the order of the layouts; norms begin at one.
DECODER = [
    ("tokens", [VOCAB, WIDTH]), ("positions", [SEQ, WIDTH]), ("norm1.weight", [WIDTH]), ("norm1.bias", [WIDTH]),
    ("qkv.weight", [WIDTH, 3 * WIDTH]), ("qkv.bias", [3 * WIDTH]), ("out.weight", [WIDTH, WIDTH]), ("out.bias", [WIDTH]),
    ("norm2.weight", [WIDTH]), ("norm2.bias", [WIDTH]), ("up.weight", [WIDTH, HIDDEN]), ("up.bias", [HIDDEN]),
    ("down.weight", [HIDDEN, WIDTH]), ("down.bias", [WIDTH]), ("norm.weight", [WIDTH]), ("norm.bias", [WIDTH]),
]
# BERT's kind, with the head for masked words.
ENCODER = [
    ("tokens", [VOCAB, WIDTH]), ("positions", [SEQ, WIDTH]), ("norm.weight", [WIDTH]), ("norm.bias", [WIDTH]),
    ("qkv.weight", [WIDTH, 3 * WIDTH]), ("qkv.bias", [3 * WIDTH]), ("out.weight", [WIDTH, WIDTH]), ("out.bias", [WIDTH]),
    ("norm1.weight", [WIDTH]), ("norm1.bias", [WIDTH]), ("up.weight", [WIDTH, HIDDEN]), ("up.bias", [HIDDEN]),
    ("down.weight", [HIDDEN, WIDTH]), ("down.bias", [WIDTH]), ("norm2.weight", [WIDTH]), ("norm2.bias", [WIDTH]),
    ("masked.dense.weight", [WIDTH, WIDTH]), ("masked.dense.bias", [WIDTH]), ("masked.norm.weight", [WIDTH]), ("masked.norm.bias", [WIDTH]),
    ("masked.bias", [VOCAB]),
]


def start(shapes):
    return {name: (1.0 + value(name, shape, 0.1) if "norm" in name and "weight" in name else value(name, shape, 0.3)).requires_grad_()
            for name, shape in shapes}


def norm(p, name, x, epsilon=1e-5):
    return functional.layer_norm(x, [WIDTH], p[f"{name}.weight"], p[f"{name}.bias"], epsilon)


def dense(p, name, x):
    return functional.linear(x, p[f"{name}.weight"].T, p[f"{name}.bias"])


def attention(p, x, causal):
    qkv = dense(p, "qkv", x).reshape(BATCH, SEQ, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
    return dense(p, "out", functional.scaled_dot_product_attention(*qkv, is_causal=causal).transpose(1, 2).reshape(BATCH, SEQ, WIDTH))


def decoder(p, ids):
    x = p["tokens"][ids] + p["positions"]
    x = x + attention(p, norm(p, "norm1", x), True)
    x = x + dense(p, "down", functional.gelu(dense(p, "up", norm(p, "norm2", x)), approximate="tanh"))
    with torch.autocast("cpu", enabled=False):
        logits = norm(p, "norm", x.float()) @ p["tokens"].T
        return functional.cross_entropy(logits[:, :-1].reshape(-1, VOCAB), ids[:, 1:].reshape(-1))


# Every second token is to be foretold, one further on in the vocabulary: what it says does not matter here.
def encoder(p, ids):
    x = norm(p, "norm", p["tokens"][ids] + p["positions"], 1e-12)
    x = norm(p, "norm1", x + attention(p, x, False), 1e-12)
    x = norm(p, "norm2", x + dense(p, "down", functional.gelu(dense(p, "up", x))), 1e-12)
    with torch.autocast("cpu", enabled=False):
        guess = norm(p, "masked.norm", functional.gelu(dense(p, "masked.dense", x.float())), 1e-12)
        logits = (guess @ p["tokens"].T + p["masked.bias"]).reshape(-1, VOCAB)
        return functional.cross_entropy(logits[::2], (ids.reshape(-1)[::2] + 1) % VOCAB)


def train(shapes, loss, half=None, factor=2.0**16):
    p = start(shapes)
    optimizer = torch.optim.AdamW(p.values(), RATE, eps=1e-8, weight_decay=0.0)
    ids = (torch.arange(BATCH * SEQ) * 5 + torch.arange(BATCH * SEQ) // 3).reshape(BATCH, SEQ) % VOCAB
    scaler = torch.amp.GradScaler("cpu", init_scale=factor, enabled=half is torch.float16)
    losses, gradients, skipped = [], None, 0
    for _ in range(STEPS):
        with torch.autocast("cpu", half or torch.bfloat16, enabled=half is not None):
            value = loss(p, ids)
        losses.append(value.item())
        optimizer.zero_grad()
        scaler.scale(value).backward()
        scaler.unscale_(optimizer)
        gradients = gradients or {name: [round(x, 7) for x in p[name].grad.flatten().tolist()] for name in ["qkv.weight", "down.weight", "tokens"]}
        before = scaler.get_scale()
        scaler.step(optimizer)
        scaler.update()
        skipped += scaler.get_scale() < before
    return {"losses": losses, "skipped": skipped, "gradients": gradients}


result = {"torch": torch.__version__}
for name, shapes, loss in [("decoder", DECODER, decoder), ("encoder", ENCODER, encoder)]:
    result[name] = {"f32": train(shapes, loss)["losses"], "bf16": train(shapes, loss, torch.bfloat16), "f16": train(shapes, loss, torch.float16)}
    # Too large a factor, which has to come down first.
    result[name]["f16_large"] = {**train(shapes, loss, torch.float16, 2.0**22), "gradients": {}}
(pathlib.Path(__file__).parent / "precision.json").write_text(json.dumps(result) + "\n")
