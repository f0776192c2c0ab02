"""PyTorch reference of the decoder: logits, loss and gradients of a GPT-2-shaped and a LLaMA-shaped model, in float64.

usage: python transformer.py > transformer.json      (torch 2.x)

Written from the papers with torch's own operations (layer_norm, gelu, scaled_dot_product_attention), not from the Rust code.
Weight number k (in the order of `names`), element i: 0.3*sin(0.37*i + 1.3*k), norm weights 1 + that. Row 1 of the batch starts with 2 tokens
of padding. The loss is the mean cross-entropy of real next tokens. Gradients are given as their sums and as 3 of their elements.
"""
import json, torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
IDS = [[3, 1, 4, 1, 5, 9], [0, 0, 2, 6, 5, 3]]
REAL = [[1, 1, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1]]
GPT2 = dict(vocab=11, context=8, width=8, layers=2, heads=2, kv_heads=2, hidden=32, llama=False)
LLAMA = dict(vocab=11, context=8, width=16, layers=2, heads=4, kv_heads=2, hidden=12, llama=True)


def shapes(c):
    w, head = c["width"], c["width"] // c["heads"]
    qkv = (c["heads"] + 2 * c["kv_heads"]) * head
    bias = not c["llama"]
    norm = lambda n: [(n + ".weight", (w,))] + ([(n + ".bias", (w,))] if bias else [])
    dense = lambda n, i, o: [(n + ".weight", (i, o))] + ([(n + ".bias", (o,))] if bias else [])
    out = [("tokens.weight", (c["vocab"], w))] + ([("positions.weight", (c["context"], w))] if bias else [])
    for l in range(c["layers"]):
        p = f"layers.{l}."
        out += norm(p + "norm1") + dense(p + "qkv", w, qkv) + dense(p + "out", w, w) + norm(p + "norm2")
        out += dense(p + "up", w, c["hidden"] * (2 if c["llama"] else 1)) + dense(p + "down", c["hidden"], w)
    return out + norm("norm") + ([("head.weight", (w, c["vocab"]))] if bias else [])


def rope(x, pos):  # [batch, heads, seq, head], pos [batch, seq]
    half = x.shape[-1] // 2
    angle = pos[:, None, :, None] * 10000.0 ** (-torch.arange(half) / half)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1)


def forward(c, p, ids, real):
    b, s = ids.shape
    w, h, kv = c["width"], c["heads"], c["kv_heads"]
    head = w // h
    pos = (real.cumsum(1) - 1).clamp(min=0)
    lin = lambda n, x: x @ p[n + ".weight"] + p.get(n + ".bias", 0)
    def norm(n, x):
        if c["llama"]:
            return F.rms_norm(x, (w,), p[n + ".weight"], 1e-5)
        return F.layer_norm(x, (w,), p[n + ".weight"], p[n + ".bias"], 1e-5)
    mask = torch.ones(s, s, dtype=torch.bool).tril() & (real[:, None, None, :] > 0)
    mask = mask | torch.eye(s, dtype=torch.bool)  # padding looks at itself: no NaN
    x = F.embedding(ids, p["tokens.weight"])
    if not c["llama"]:
        x = x + p["positions.weight"][pos]
    for l in range(c["layers"]):
        n = f"layers.{l}."
        q, k, v = lin(n + "qkv", norm(n + "norm1", x)).split([h * head, kv * head, kv * head], -1)
        q, k, v = (t.view(b, s, -1, head).transpose(1, 2) for t in (q, k, v))
        if c["llama"]:
            q, k = rope(q, pos), rope(k, pos)
        k, v = (t.repeat_interleave(h // kv, 1) for t in (k, v))
        a = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + lin(n + "out", a.transpose(1, 2).reshape(b, s, w))
        u = lin(n + "up", norm(n + "norm2", x))
        u = F.silu(u[..., :c["hidden"]]) * u[..., c["hidden"]:] if c["llama"] else F.gelu(u)
        x = x + lin(n + "down", u)
    x = norm("norm", x)
    return x @ (p["tokens.weight"].T if c["llama"] else p["head.weight"])


def case(c):
    p = {}
    for k, (name, shape) in enumerate(shapes(c)):
        n = torch.Size(shape).numel()
        v = 0.3 * torch.sin(0.37 * torch.arange(n) + 1.3 * k).reshape(shape)
        p[name] = (v + 1 if "norm" in name and name.endswith("weight") else v).requires_grad_()
    ids, real = torch.tensor(IDS), torch.tensor(REAL)
    logits = forward(c, p, ids, real)
    keep = real[:, :-1].bool() & real[:, 1:].bool()
    loss = F.cross_entropy(logits[:, :-1][keep], ids[:, 1:][keep])
    loss.backward()
    grads = {n: [t.grad.sum().item()] + [t.grad.flatten()[i].item() for i in (0, t.numel() // 2, -1)] for n, t in p.items()}
    return {"logits": logits[real.bool()].tolist(), "loss": loss.item(), "gradients": grads}


print(json.dumps({"gpt2": case(GPT2), "llama": case(LLAMA)}, indent=1))
