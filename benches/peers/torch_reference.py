"""Writes the losses in reference.json, computed in float64 from weights and data in float32: torch_reference.py"""
import json
import math
import pathlib

import torch

from torch_workloads import CONFIG, steps, tensors, uniform

STEPS = 30
ROLES = ("teacher", "student")


def ends(workload, role):
    """The first and the last element of the first two tensors, for who writes one more engine."""
    values = {name: uniform(f"{workload}/{role}/{name}", *rest).flatten() for name, *rest in tensors(workload, role)[:2]}
    return {name: [float(each[0]), float(each[-1])] for name, each in values.items()}


def reference(workload):
    step = steps(workload, torch.float64)
    return {
        "losses": [step(k).item() for k in range(STEPS)],
        "checks": {role: ends(workload, role) for role in ROLES},
        "params": {role: sum(math.prod(shape) for _, shape, *_ in tensors(workload, role)) for role in ROLES},
    }


path = pathlib.Path(__file__).with_name("reference.json")
known = json.loads(path.read_text())
known["workloads"] = {workload: reference(workload) for workload in CONFIG}
path.write_text(json.dumps(known, indent=1) + "\n")
