"""Steps of AdamW and of SGD with momentum, with clipped gradients, as PyTorch makes them in float64.

usage: python optimizer.py > optimizer.json      (torch 2.x)

Two parameters of sines; the gradient of step n doubles with each, so that it is first below the limit of 1, then above it as a whole, then each tensor's is.
`network` clips by the norm of both together (clip_grad_norm_ of all), `tensor` by that of each.
"""
import json, math, torch
from torch.nn.utils import clip_grad_norm_


def wave(shape, seed, size):
    return (size * torch.sin(1.3 * torch.arange(math.prod(shape), dtype=torch.float64) + seed)).reshape(shape)


def steps(optimizer, clip_by):
    both = [torch.nn.Parameter(wave((3, 4), 0.0, 0.5)), torch.nn.Parameter(wave((5,), 1.0, 0.5))]
    rule = {
        "adamw": lambda: torch.optim.AdamW(both, lr=0.01, betas=(0.8, 0.98), eps=1e-3, weight_decay=0.01),
        "sgd": lambda: torch.optim.SGD(both, lr=0.01, momentum=0.9, weight_decay=0.01),
    }[optimizer]()
    values = []
    for step in range(6):
        size = 0.1 * 2**step
        both[0].grad, both[1].grad = wave((3, 4), 2.0 + step, size), wave((5,), 3.0 + step, 0.5 * size)
        for group in [both] if clip_by == "network" else [[one] for one in both]:
            clip_grad_norm_(group, 1.0)
        rule.step()
        values.append(torch.cat([one.detach().flatten() for one in both]).tolist())
    return {"optimizer": optimizer, "clip_by": clip_by, "values": values}


print(json.dumps([steps(optimizer, clip_by) for optimizer in ["adamw", "sgd"] for clip_by in ["network", "tensor"]]))
