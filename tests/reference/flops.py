"""PyTorch's count of what small networks take: FLOPs of a forward pass, and of it with its backward pass.

usage: python flops.py > flops.json      (torch 2.x)

Networks of torch's own modules, not written from the Rust code. What goes into them has a gradient too, as the states between two layers of a
larger network have: every product is then followed by two backward.
"""
import json

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

TEXTS, SEQ, WIDTH, HEADS, VOCAB, LAYERS = 3, 13, 16, 4, 89, 2


def mlp():
    net = nn.Sequential(nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 16), nn.ReLU(), nn.Linear(16, 10))
    return net, torch.randn(5, 64)


def cnn():
    conv = [nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    net = nn.Sequential(*conv, nn.Flatten(), nn.Linear(16 * 3 * 3, 32), nn.ReLU(), nn.Linear(32, 10))
    return net, torch.randn(5, 1, 14, 14)


class Block(nn.Module):
    """Attention and feed-forward; keys of fewer heads serve several queries, and a gate doubles the first matrix."""

    def __init__(self, hidden, kv_heads, gated, causal):
        super().__init__()
        self.kv, self.gated, self.causal = kv_heads, gated, causal
        head = WIDTH // HEADS
        self.q, self.k, self.v = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, kv_heads * head), nn.Linear(WIDTH, kv_heads * head)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.up, self.gate = nn.Linear(WIDTH, hidden), nn.Linear(WIDTH, hidden) if gated else None
        self.down = nn.Linear(hidden, WIDTH)
        self.norms = nn.ModuleList([nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)])

    def forward(self, x):
        heads = lambda y, count: y.view(TEXTS, SEQ, count, -1).transpose(1, 2)
        y = self.norms[0](x)
        q, k, v = heads(self.q(y), HEADS), heads(self.k(y), self.kv), heads(self.v(y), self.kv)
        k, v = (z.repeat_interleave(HEADS // self.kv, 1) for z in (k, v))
        # Written out: the fused kernel computes attention again on its way back, and its count says so.
        scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
        if self.causal:
            scores = scores.masked_fill(torch.ones(SEQ, SEQ, dtype=torch.bool).triu(1), -1e9)
        x = x + self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(TEXTS, SEQ, WIDTH))
        y = self.norms[1](x)
        up = F.silu(self.gate(y)) * self.up(y) if self.gated else F.gelu(self.up(y))
        return x + self.down(up)


def decoder(hidden, kv_heads, gated):
    blocks = [Block(hidden, kv_heads, gated, True) for _ in range(LAYERS)]
    return nn.Sequential(*blocks, nn.LayerNorm(WIDTH), nn.Linear(WIDTH, VOCAB, bias=False)), torch.randn(TEXTS, SEQ, WIDTH)


class Encoder(nn.Module):
    """Embeddings as narrow as `embedding`, and the words at 6 places."""

    def __init__(self, embedding):
        super().__init__()
        self.widen = nn.Linear(embedding, WIDTH) if embedding != WIDTH else nn.Identity()
        self.blocks = nn.Sequential(*[Block(4 * WIDTH, HEADS, False, False) for _ in range(LAYERS)])
        self.guess = nn.Sequential(nn.Linear(WIDTH, embedding), nn.GELU(), nn.LayerNorm(embedding), nn.Linear(embedding, VOCAB))

    def forward(self, x):
        return self.guess(self.blocks(self.widen(x)).reshape(TEXTS * SEQ, WIDTH)[:6])


def encoder(embedding):
    return Encoder(embedding), torch.randn(TEXTS, SEQ, embedding)


def counted(net, x):
    x = x.requires_grad_()
    with FlopCounterMode(display=False) as forward:
        out = net(x)
    with FlopCounterMode(display=False) as backward:
        out.sum().backward()
    flops = forward.get_total_flops()
    return {"forward": flops, "training": flops + backward.get_total_flops()}


networks = {
    "mlp": mlp(),
    "cnn": cnn(),
    "gpt2": decoder(4 * WIDTH, HEADS, False),
    "llama": decoder(43, 2, True),
    "bert": encoder(WIDTH),
    "narrow": encoder(8),
}
print(json.dumps({name: counted(*network) for name, network in networks.items()}, indent=1))
