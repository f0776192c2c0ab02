"""Writes classifier.json: weights of two small networks as safetensors (base64), an input, and what each layer answers, by PyTorch.

    pip install torch safetensors; python tests/reference/classifier.py
"""

import base64
import json
from pathlib import Path

import torch
from safetensors.torch import save
from torch.nn import functional as F

torch.manual_seed(7)


def draw(*shape):
    return torch.randn(*shape) * 0.5


def dense(x, names, tensors):
    """Dense layers with ReLU between; weights are [in, out]."""
    answers = []
    for index, name in enumerate(names):
        x = x @ tensors[f"{name}.weight"] + tensors[f"{name}.bias"]
        if index + 1 < len(names):
            x = F.relu(x)
        answers.append(x.tolist())
    return answers


def case(shape, channels, widths):
    tensors, into, (height, width) = {}, shape[0], shape[1:]
    for index, out in enumerate(channels):
        tensors[f"convs.{index}.weight"], tensors[f"convs.{index}.bias"] = draw(out, into, 3, 3), draw(out)
        into, height, width = out, max(1, height // 2), max(1, width // 2)
    widths = [into * height * width, *widths]
    for index, (a, b) in enumerate(zip(widths, widths[1:])):
        tensors[f"dense.{index}.weight"], tensors[f"dense.{index}.bias"] = draw(a, b), draw(b)
    x = torch.rand(*shape)
    now, maps = x[None], []
    for index in range(len(channels)):
        now = F.relu(F.conv2d(now, tensors[f"convs.{index}.weight"], tensors[f"convs.{index}.bias"], padding=1))
        maps.append(now[0].flatten().tolist())
        now = F.max_pool2d(now, [min(2, now.shape[2]), min(2, now.shape[3])])
    layers = dense(now.flatten(), [f"dense.{index}" for index in range(len(widths) - 1)], tensors)
    file = base64.b64encode(save(tensors, {"from": "PyTorch"})).decode()
    return {"shape": list(shape), "input": x.flatten().tolist(), "maps": maps, "layers": layers, "file": file}


cases = {"mlp": case((1, 3, 3), [], [5, 4, 3]), "cnn": case((2, 5, 2), [3, 2, 2], [3])}
Path(__file__).with_name("classifier.json").write_text(json.dumps({"torch": torch.__version__, **cases}) + "\n")
