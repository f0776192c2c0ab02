"""The three workloads in PyTorch: weights, data, networks and steps. reference.json defines them in words; spec.mjs and src/train/workload have the
same once more, made without this, so that a mistake in one shows as other losses."""
import math

import numpy as np
import torch
import torch.nn.functional as F

LR, BETAS, EPS, DECAY = 1e-3, (0.9, 0.999), 1e-8, 0.01
T, HARD, SOFT, NORM_EPS = 4.0, 0.1, 0.9, 1e-5
# Step k trains on batch k mod BATCHES.
BATCHES = 8

# Of W1 the sizes of the layers, of W2 width, layers and heads, of W3 the channels of the convolutions and the hidden layer.
CONFIG = {
    "W1": {"batch": 128, "teacher": (64, 256, 256, 10), "student": (64, 32, 10)},
    "W2": {"batch": 16, "teacher": (128, 4, 4), "student": (64, 2, 4)},
    "W3": {"batch": 64, "teacher": (32, 64, 128), "student": (8, 16, 32)},
}


def stream(name, count):
    """Numbers in [0, 1), multiples of 2**-24, that depend on the name alone."""
    state = 0x811C9DC5
    for byte in name.encode():
        state = ((state ^ byte) * 0x01000193) & 0xFFFFFFFF
    # All states at once: s_i = a^i s + c (1 + a + ... + a^(i-1)), all mod 2^32.
    mask = np.uint64(0xFFFFFFFF)
    powers = np.ones(count + 1, np.uint32)
    powers[1:] = np.uint32(1664525)
    powers = np.multiply.accumulate(powers, dtype=np.uint32)
    sums = np.add.accumulate(powers[:-1], dtype=np.uint32).astype(np.uint64)
    z = (powers[1:].astype(np.uint64) * np.uint64(state) + np.uint64(1013904223) * sums) & mask
    z ^= z >> np.uint64(16)
    z = (z * np.uint64(0x45D9F3B)) & mask
    z ^= z >> np.uint64(16)
    return (z >> np.uint64(8)).astype(np.float64) / 2**24


def uniform(name, shape, centre, half):
    return (centre + half * (2 * stream(name, math.prod(shape)) - 1)).astype(np.float32).reshape(shape)


def ints(name, shape, end):
    return np.floor(stream(name, math.prod(shape)) * end).astype(np.int64).reshape(shape)


def linear_tensors(name, i, o, gain, bias=True):
    return [(name + ".w", (i, o), 0.0, math.sqrt(3 * gain / i))] + ([(name + ".b", (o,), 0.0, 0.1)] if bias else [])


def conv_tensors(name, i, o):
    return [(name + ".w", (o, i, 3, 3), 0.0, math.sqrt(6 / (9 * i))), (name + ".b", (o,), 0.0, 0.1)]


def norm_tensors(name, d):
    return [(name + ".g", (d,), 1.0, 0.1), (name + ".b", (d,), 0.0, 0.1)]


def tensors(workload, role):
    """Name, shape, centre and half the width of each tensor."""
    config = CONFIG[workload][role]
    if workload == "W1":
        return [t for k in range(len(config) - 1) for t in linear_tensors(f"fc{k}", config[k], config[k + 1], 2)]
    if workload == "W3":
        first, second, hidden = config
        convs = conv_tensors("conv0", 1, first) + conv_tensors("conv1", first, second)
        return convs + linear_tensors("fc0", 49 * second, hidden, 2) + linear_tensors("fc1", hidden, 10, 2)
    d, layers, _ = config
    out = [("tok", (128, d), 0.0, 0.5), ("pos", (64, d), 0.0, 0.5)]
    for l in range(layers):
        out += norm_tensors(f"l{l}.ln0", d) + linear_tensors(f"l{l}.qkv", d, 3 * d, 1) + linear_tensors(f"l{l}.out", d, d, 1)
        out += norm_tensors(f"l{l}.ln1", d) + linear_tensors(f"l{l}.up", d, 4 * d, 1) + linear_tensors(f"l{l}.down", 4 * d, d, 1)
    return out + norm_tensors("lnf", d) + linear_tensors("head", d, 128, 1, bias=False)


def weights(workload, role, dtype):
    """Weights of linear layers are kept [out, in], as torch's own nn.Linear keeps them."""
    out = {}
    for name, *rest in tensors(workload, role):
        tensor = torch.from_numpy(uniform(f"{workload}/{role}/{name}", *rest)).to(dtype)
        out[name] = tensor.t().contiguous() if name.endswith(".w") and tensor.dim() == 2 else tensor
    return out


def batch(workload, k, dtype):
    rows = CONFIG[workload]["batch"]
    if workload == "W2":
        ids = torch.from_numpy(ints(f"W2/data/ids/{k}", (rows, 65), 128))
        return ids[:, :64].contiguous(), ids[:, 1:].reshape(-1).contiguous()
    shape = (rows, 64) if workload == "W1" else (rows, 1, 28, 28)
    x = torch.from_numpy(uniform(f"{workload}/data/x/{k}", shape, 0.5, 0.5)).to(dtype)
    return x, torch.from_numpy(ints(f"{workload}/data/y/{k}", (rows,), 10))


def linear(p, name, x):
    return F.linear(x, p[name + ".w"], p.get(name + ".b"))


def norm(p, name, x):
    return F.layer_norm(x, (x.shape[-1],), p[name + ".g"], p[name + ".b"], NORM_EPS)


def forward(workload, config, p, x):
    if workload == "W1":
        last = len(config) - 2
        for k in range(last):
            x = F.relu(linear(p, f"fc{k}", x))
        return linear(p, f"fc{last}", x)
    if workload == "W3":
        for name in ("conv0", "conv1"):
            x = F.max_pool2d(F.relu(F.conv2d(x, p[name + ".w"], p[name + ".b"], padding=1)), 2)
        return linear(p, "fc1", F.relu(linear(p, "fc0", x.flatten(1))))
    d, layers, heads = config
    rows, length = x.shape
    x = F.embedding(x, p["tok"]) + p["pos"]
    for l in range(layers):
        qkv = linear(p, f"l{l}.qkv", norm(p, f"l{l}.ln0", x))
        q, k, v = (a.view(rows, length, heads, d // heads).transpose(1, 2) for a in qkv.split(d, -1))
        heard = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + linear(p, f"l{l}.out", heard.transpose(1, 2).reshape(rows, length, d))
        x = x + linear(p, f"l{l}.down", F.gelu(linear(p, f"l{l}.up", norm(p, f"l{l}.ln1", x))))
    return linear(p, "head", norm(p, "lnf", x)).flatten(0, 1)


def steps(workload, dtype=torch.float32, compiled=False):
    """A function that makes step k and returns its loss before the update."""
    config = CONFIG[workload]
    teacher, student = (weights(workload, role, dtype) for role in ("teacher", "student"))
    for tensor in student.values():
        tensor.requires_grad_(True)
    data = [batch(workload, k, dtype) for k in range(BATCHES)]
    # The fused kernel is the fast one; the reference is made by the plain one.
    optimizer = torch.optim.AdamW(list(student.values()), lr=LR, betas=BETAS, eps=EPS, weight_decay=DECAY, fused=dtype == torch.float32)

    def loss_of(x, y):
        with torch.no_grad():
            heard = forward(workload, config["teacher"], teacher, x)
        logits = forward(workload, config["student"], student, x)
        soft = (F.log_softmax(each / T, -1) for each in (logits, heard))
        return HARD * F.cross_entropy(logits, y) + SOFT * T * T * F.kl_div(*soft, log_target=True, reduction="batchmean")

    loss_fn = torch.compile(loss_of) if compiled else loss_of

    def step(k):
        optimizer.zero_grad(set_to_none=True)
        loss = loss_fn(*data[k % BATCHES])
        loss.backward()
        optimizer.step()
        return loss

    return step
