"""PyTorch reference of the decoder: logits, loss and gradients of models shaped as GPT-2, LLaMA and Qwen2, in float64; and token KD with a hint.

usage: python transformer.py > transformer.json      (torch 2.x, transformers 5)

Written from the papers with torch's own operations (layer_norm, gelu, scaled_dot_product_attention), not from the Rust code.
Weight number k (in the order of `names`), element i: 0.3*sin(0.37*i + 1.3*k), norm weights 1 + that. Row 1 of the batch starts with 2 tokens
of padding. The loss is the mean cross-entropy of real next tokens. Gradients are given as their sums and as 3 of their elements.
The same weights in transformers' own models must give the same logits, as near as its norms and angles in f32 allow; `config.json` is theirs.
"""
import json, sys, torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
IDS = [[3, 1, 4, 1, 5, 9], [0, 0, 2, 6, 5, 3]]
REAL = [[1, 1, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1]]
GPT2 = dict(vocab=11, context=8, width=8, layers=2, heads=2, kv_heads=2, hidden=32, llama=False, qkv=True, tied=False, epsilon=1e-5)
LLAMA = dict(
    vocab=11, context=8, width=16, layers=2, heads=4, kv_heads=2, hidden=12, llama=True, qkv=False, tied=True, epsilon=1e-5, base=10000.0
)
# Prompts, and responses with their end.
TEXTS = [([3, 1], [4, 1, 5, 0]), ([2], [6, 5, 0]), ([7, 9, 8], [10, 2, 3, 1, 0])]
QWEN2 = LLAMA | dict(qkv=True, tied=False, epsilon=1e-6, base=1000000.0)


def shapes(c):
    w, head = c["width"], c["width"] // c["heads"]
    qkv = (c["heads"] + 2 * c["kv_heads"]) * head
    bias = not c["llama"]
    norm = lambda n: [(n + ".weight", (w,))] + ([(n + ".bias", (w,))] if bias else [])
    dense = lambda n, i, o, b=bias: [(n + ".weight", (i, o))] + ([(n + ".bias", (o,))] if b else [])
    out = [("tokens.weight", (c["vocab"], w))] + ([("positions.weight", (c["context"], w))] if bias else [])
    for l in range(c["layers"]):
        p = f"layers.{l}."
        out += norm(p + "norm1") + dense(p + "qkv", w, qkv, c["qkv"]) + dense(p + "out", w, w) + norm(p + "norm2")
        out += dense(p + "up", w, c["hidden"] * (2 if c["llama"] else 1)) + dense(p + "down", c["hidden"], w)
    return out + norm("norm") + ([] if c["tied"] else [("head.weight", (w, c["vocab"]))])


def rope(x, pos, base):  # [batch, heads, seq, head], pos [batch, seq]
    half = x.shape[-1] // 2
    angle = pos[:, None, :, None] * base ** (-torch.arange(half) / half)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1)


def states(c, p, ids, real):
    """What the logits are made of: the last layer behind the final norm."""
    b, s = ids.shape
    w, h, kv = c["width"], c["heads"], c["kv_heads"]
    head = w // h
    pos = (real.cumsum(1) - 1).clamp(min=0)
    lin = lambda n, x: x @ p[n + ".weight"] + p.get(n + ".bias", 0)
    def norm(n, x):
        if c["llama"]:
            return F.rms_norm(x, (w,), p[n + ".weight"], c["epsilon"])
        return F.layer_norm(x, (w,), p[n + ".weight"], p[n + ".bias"], c["epsilon"])
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
            q, k = rope(q, pos, c["base"]), rope(k, pos, c["base"])
        k, v = (t.repeat_interleave(h // kv, 1) for t in (k, v))
        a = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + lin(n + "out", a.transpose(1, 2).reshape(b, s, w))
        u = lin(n + "up", norm(n + "norm2", x))
        u = F.silu(u[..., :c["hidden"]]) * u[..., c["hidden"]:] if c["llama"] else F.gelu(u)
        x = x + lin(n + "down", u)
    return norm("norm", x)


def output(c, p, x):
    return x @ (p["tokens.weight"].T if c["tied"] else p["head.weight"])


def weights(shapes):
    p = {}
    for k, (name, shape) in enumerate(shapes):
        n = torch.Size(shape).numel()
        v = 0.3 * torch.sin(0.37 * torch.arange(n) + 1.3 * k).reshape(shape)
        p[name] = (v + 1 if "norm" in name and name.endswith("weight") else v).requires_grad_()
    return p


def theirs(name, c, p, ids, real):
    """Logits and `config.json` of transformers' model of that name with these weights."""
    import transformers

    more = {"sliding_window": None} if name == "Mistral" else {}
    config = getattr(transformers, name + "Config")(
        vocab_size=c["vocab"], max_position_embeddings=c["context"], hidden_size=c["width"], num_hidden_layers=c["layers"],
        num_attention_heads=c["heads"], num_key_value_heads=c["kv_heads"], intermediate_size=c["hidden"], rms_norm_eps=c["epsilon"],
        rope_parameters={"rope_type": "default", "rope_theta": c["base"]}, tie_word_embeddings=c["tied"], architectures=[name + "ForCausalLM"],
        attn_implementation="sdpa", **more,
    )
    w, key = c["width"], c["kv_heads"] * c["width"] // c["heads"]
    tensors = {"model.embed_tokens.weight": p["tokens.weight"], "model.norm.weight": p["norm.weight"]}
    tensors["lm_head.weight"] = p["tokens.weight"] if c["tied"] else p["head.weight"].T
    for l in range(c["layers"]):
        ours, layer = f"layers.{l}.", f"model.layers.{l}."
        qkv = {"weight": p[ours + "qkv.weight"].T} | ({"bias": p[ours + "qkv.bias"]} if c["qkv"] else {})
        for kind, rows in qkv.items():
            for part, values in zip("qkv", rows.split([w, key, key])):
                tensors[f"{layer}self_attn.{part}_proj.{kind}"] = values
        tensors[layer + "mlp.gate_proj.weight"], tensors[layer + "mlp.up_proj.weight"] = p[ours + "up.weight"].T.split(c["hidden"])
        tensors[layer + "self_attn.o_proj.weight"] = p[ours + "out.weight"].T
        tensors[layer + "mlp.down_proj.weight"] = p[ours + "down.weight"].T
        tensors[layer + "input_layernorm.weight"] = p[ours + "norm1.weight"]
        tensors[layer + "post_attention_layernorm.weight"] = p[ours + "norm2.weight"]
    model = getattr(transformers, name + "ForCausalLM")(config).double().eval()
    model.load_state_dict({name: values.detach().contiguous() for name, values in tensors.items()})
    with torch.no_grad():
        logits = model(ids, attention_mask=real, position_ids=(real.cumsum(1) - 1).clamp(min=0)).logits
    return logits, config.to_json_string()


def case(c, names=()):
    p = weights(shapes(c))
    ids, real = torch.tensor(IDS), torch.tensor(REAL)
    logits = output(c, p, states(c, p, ids, real))
    keep = real[:, :-1].bool() & real[:, 1:].bool()
    loss = F.cross_entropy(logits[:, :-1][keep], ids[:, 1:][keep])
    loss.backward()
    grads = {n: [t.grad.sum().item()] + [t.grad.flatten()[i].item() for i in (0, t.numel() // 2, -1)] for n, t in p.items()}
    configs = {}
    for name in names:
        found, configs[name] = theirs(name, c, p, ids, real)
        difference = (found - logits)[real.bool()].abs().max().item()
        assert difference < 1e-5, f"{name}: logits differ by {difference}"
        print(f"{name}: logits differ by {difference:.1e} from those of transformers", file=sys.stderr)
    return {"logits": logits[real.bool()].tolist(), "loss": loss.item(), "gradients": grads, "configs": configs}


def hint():
    """A GPT-2 of width 8 learns from a LLaMA of width 16: 0.3 CE + 0.7 T^2 KL(teacher||student) at T = 2 + 0.6 MSE(W s + b, t), means over the tokens
    of the responses, s and t being the states. Each text stands alone, without padding. Of each gradient its product with cos(0.1*i) is given."""
    student = weights(shapes(GPT2) + [("projection.weight", (8, 16)), ("projection.bias", (16,))])
    teacher = weights(shapes(LLAMA))
    own, theirs, targets = [], [], []
    for prompt, response in TEXTS:
        ids = torch.tensor([(prompt + response)[:-1]])
        first = len(prompt) - 1
        own.append(states(GPT2, student, ids, torch.ones_like(ids))[0, first:])
        theirs.append(states(LLAMA, teacher, ids, torch.ones_like(ids))[0, first:].detach())
        targets += response
    s, t = torch.cat(own), torch.cat(theirs)
    logits, heard = output(GPT2, student, s), output(LLAMA, teacher, t).detach()
    hard = F.cross_entropy(logits, torch.tensor(targets))
    soft = F.kl_div(F.log_softmax(logits / 2, 1), F.log_softmax(heard / 2, 1), log_target=True, reduction="batchmean")
    states_apart = F.mse_loss(s @ student["projection.weight"] + student["projection.bias"], t)
    total = 0.3 * hard + 0.7 * 4 * soft + 0.6 * states_apart
    total.backward()
    products = {n: (v.grad.flatten() * torch.cos(0.1 * torch.arange(v.numel()))).sum().item() for n, v in student.items()}
    parts = {"total": total.item(), "hard": hard.item(), "soft": soft.item(), "hint": states_apart.item()}
    return {"texts": TEXTS, **parts, "gradients": products}


print(json.dumps({"gpt2": case(GPT2), "llama": case(LLAMA, ["Llama", "Mistral"]), "qwen2": case(QWEN2, ["Qwen2"]), "hint": hint()}, indent=1))
