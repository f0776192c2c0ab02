"""Reference of the encoders: what `transformers` and PyTorch make of tiny BERT-, DistilBERT- and ELECTRA-shaped models, in float64.

usage: python encoder.py > encoder.json      (torch 2.x, transformers 5.x)

Weight number k (in the order of our parameters, `names` below), element i: 0.3*sin(0.37*i + 1.3*k), norm weights 1 + that. Ours are [in, out],
theirs [out, in]. The second text has 4 real tokens of 6. `loss` is the cross-entropy of MASKED with the true tokens, each of its gradients given as its
product with cos(0.1*i). The losses on representations are written from the papers with torch's own operations.
"""
import json, math, torch
import torch.nn.functional as F
import transformers
from transformers import BertConfig, DistilBertConfig, ElectraConfig

torch.set_default_dtype(torch.float64)
IDS = [[3, 1, 4, 1, 5, 9], [2, 6, 5, 3, 0, 0]]
REAL = [[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]]
MASKED = [(0, 2, 7), (0, 4, 8), (1, 1, 10)]  # text, place, true token
LABELS = [2, 0]  # of the two texts, of three
V, C, W, H, FF, L = 11, 8, 8, 2, 12, 2


def parameters(kind, head, layers=L):
    e = 4 if kind == "electra" else W
    norm = lambda n, w: [(n + ".weight", (w,)), (n + ".bias", (w,))]
    dense = lambda n, i, o: [(n + ".weight", (i, o)), (n + ".bias", (o,))]
    out = [("tokens.weight", (V, e)), ("positions.weight", (C, e))]
    out += [] if kind == "distilbert" else [("types.weight", (2, e))]
    out += norm("norm", e) + (dense("project", e, W) if e != W else [])
    for l in range(layers):
        p = f"layers.{l}."
        out += dense(p + "qkv", W, 3 * W) + dense(p + "out", W, W) + norm(p + "norm1", W)
        out += dense(p + "up", W, FF) + dense(p + "down", FF, W) + norm(p + "norm2", W)
    if head == "SequenceClassification":
        return out + dense("classes.dense", W, W) + dense("classes.out", W, 3)
    return out + dense("masked.dense", W, e) + norm("masked.norm", e) + [("masked.bias", (V,))]


def value(k, name, shape):
    n = math.prod(shape)
    wave = 0.3 * torch.sin(0.37 * torch.arange(n) + 1.3 * k)
    return (wave + 1 if "norm" in name and name.endswith("weight") else wave).reshape(shape)


NAMES = {
    "bert": {"out": "attention.output.dense", "norm1": "attention.output.LayerNorm", "up": "intermediate.dense", "down": "output.dense",
             "norm2": "output.LayerNorm", "qkv": ["attention.self." + x for x in ("query", "key", "value")], "layer": "encoder.layer",
             "masked.dense": "cls.predictions.transform.dense", "masked.norm": "cls.predictions.transform.LayerNorm", "masked": "cls.predictions",
             "classes.dense": "bert.pooler.dense", "classes.out": "classifier"},
    "distilbert": {"out": "attention.out_lin", "norm1": "sa_layer_norm", "up": "ffn.lin1", "down": "ffn.lin2", "norm2": "output_layer_norm",
                   "qkv": ["attention." + x for x in ("q_lin", "k_lin", "v_lin")], "layer": "transformer.layer",
                   "masked.dense": "vocab_transform", "masked.norm": "vocab_layer_norm", "masked": "vocab_projector",
                   "classes.dense": "pre_classifier", "classes.out": "classifier"},
}
NAMES["electra"] = NAMES["bert"] | {"masked.dense": "generator_predictions.dense", "masked.norm": "generator_predictions.LayerNorm",
                                    "masked": "generator_lm_head", "classes.dense": "classifier.dense", "classes.out": "classifier.out_proj"}
EMBED = {"tokens": "embeddings.word_embeddings", "positions": "embeddings.position_embeddings", "types": "embeddings.token_type_embeddings",
         "norm": "embeddings.LayerNorm", "project": "embeddings_project"}


def build(kind, head="MaskedLM", layers=L):
    if kind == "bert":
        name, config = "Bert", BertConfig(vocab_size=V, hidden_size=W, num_hidden_layers=layers, num_attention_heads=H, intermediate_size=FF,
                                          max_position_embeddings=C, num_labels=3)
    elif kind == "distilbert":
        name, config = "DistilBert", DistilBertConfig(vocab_size=V, dim=W, n_layers=layers, n_heads=H, hidden_dim=FF, max_position_embeddings=C,
                                                      num_labels=3)
    else:
        name, config = "Electra", ElectraConfig(vocab_size=V, embedding_size=4, hidden_size=W, num_hidden_layers=layers, num_attention_heads=H,
                                                intermediate_size=FF, max_position_embeddings=C, num_labels=3)
    model = getattr(transformers, f"{name}For{head}")(config).double().eval()
    model.set_attn_implementation("eager")  # the others do not say what their attention is
    theirs = dict(model.named_parameters())
    n, ours = NAMES[kind], {}
    for k, (name, shape) in enumerate(parameters(kind, head, layers)):
        v = value(k, name, shape)
        path, what = name.rsplit(".", 1)
        full = lambda p: f"{kind}.{p}.{what}"
        if path.startswith("layers."):
            _, layer, part = path.split(".", 2)
            places = n[part] if isinstance(n[part], list) else [n[part]]
            places = [full(f"{n['layer']}.{layer}.{p}") for p in places]
            pieces = v.chunk(len(places), dim=-1)
        else:
            places = [full(EMBED[path])] if path in EMBED else [f"{n[path]}.{what}"]
            pieces = [v]
        matrix = len(shape) == 2 and path not in ("tokens", "positions", "types")
        for place, piece in zip(places, pieces):
            theirs[place].data.copy_(piece.T if matrix else piece)
        ours[name] = (places, matrix)
    return model, theirs, ours


def product(theirs, places, matrix):
    whole = torch.cat([theirs[p].grad.T if matrix else theirs[p].grad for p in places], -1).flatten()
    return (whole * torch.cos(0.1 * torch.arange(whole.numel()))).sum().item()


def encoder(kind):
    model, theirs, ours = build(kind)
    base = getattr(model, kind)
    ids, real = torch.tensor(IDS), torch.tensor(REAL)
    state = base(input_ids=ids, attention_mask=real).last_hidden_state
    logits = model(input_ids=ids, attention_mask=real).logits
    places = torch.stack([logits[t, p] for t, p, _ in MASKED])
    loss = F.cross_entropy(places, torch.tensor([token for *_, token in MASKED]))
    loss.backward()
    mean = (state * real[..., None]).sum(1) / real.sum(1, keepdim=True)
    gradients = {name: product(theirs, *place) for name, place in ours.items()}
    return {"state": state[real.bool()].tolist(), "logits": places.tolist(), "loss": loss.item(), "gradients": gradients,
            "embeddings": F.normalize(mean, dim=1).tolist(), "cls": F.normalize(state[:, 0], dim=1).tolist()}


def triple():
    """DistilBERT's loss (Sanh et al. 2019; distillation/distiller.py): 5 T² KL + 2 MLM + 1 cos at T = 2, cos and KL over real tokens."""
    teacher, student, ours = build("bert")[0], *build("distilbert")[::2]
    ids, real = torch.tensor(IDS), torch.tensor(REAL)
    out = {}
    for name in ("all", "masked"):
        student.zero_grad()
        with torch.no_grad():
            t = teacher(input_ids=ids, attention_mask=real, output_hidden_states=True)
        s = student(input_ids=ids, attention_mask=real, output_hidden_states=True)
        places = real.bool()
        if name == "masked":
            places = torch.zeros_like(places)
            for text, at, _ in MASKED:
                places[text, at] = True
        soft = F.kl_div(F.log_softmax(s.logits[places] / 2, -1), F.softmax(t.logits[places] / 2, -1), reduction="batchmean")
        hard = F.cross_entropy(torch.stack([s.logits[a, b] for a, b, _ in MASKED]), torch.tensor([token for *_, token in MASKED]))
        hs, ht = s.hidden_states[-1][real.bool()], t.hidden_states[-1][real.bool()]
        cosine = F.cosine_embedding_loss(hs, ht, torch.ones(len(hs)))
        total = 5 * 4 * soft + 2 * hard + cosine
        total.backward()
        theirs = dict(student.named_parameters())
        gradients = {name: product(theirs, *place) for name, place in ours.items()}
        out[name] = {"total": total.item(), "hard": hard.item(), "soft": soft.item(), "cosine": cosine.item(), "gradients": gradients}
    return out


def classes(kind):
    model = build(kind, "SequenceClassification")[0]
    return model(input_ids=torch.tensor(IDS), attention_mask=torch.tensor(REAL)).logits.tolist()


def task():
    """Distillation on a task (Sanh et al. 2019 §4; transformers' run_squad_w_distillation.py): 0.5 T² KL + 0.5 CE at T = 2."""
    head = "SequenceClassification"
    teacher, student, ours = build("bert", head)[0], *build("distilbert", head)[::2]
    ids, real = torch.tensor(IDS), torch.tensor(REAL)
    with torch.no_grad():
        t = teacher(input_ids=ids, attention_mask=real).logits
    s = student(input_ids=ids, attention_mask=real).logits
    soft = F.kl_div(F.log_softmax(s / 2, -1), F.softmax(t / 2, -1), reduction="batchmean")
    hard = F.cross_entropy(s, torch.tensor(LABELS))
    total = 0.5 * 4 * soft + 0.5 * hard
    total.backward()
    theirs = dict(student.named_parameters())
    gradients = {name: product(theirs, *place) for name, place in ours.items()}
    return {"total": total.item(), "hard": hard.item(), "soft": soft.item(), "gradients": gradients}


def projected():
    """TinyBERT's hidden-state loss (Jiao et al. 2020 eq. 8; fit_dense of the authors' code): one linear layer for the states of all layers;
    beside 0.5 CE."""
    head = "SequenceClassification"
    teacher, student, ours = build("bert", head)[0], *build("distilbert", head)[::2]
    k = len(parameters("distilbert", head))
    weight, bias = (value(k + i, "projection", shape).requires_grad_() for i, shape in enumerate([(W, W), (W,)]))
    inputs = {"input_ids": torch.tensor(IDS), "attention_mask": torch.tensor(REAL), "output_hidden_states": True}
    with torch.no_grad():
        theirs = teacher(**inputs).hidden_states
    real = torch.tensor(REAL).bool()
    out = student(**inputs)
    total = sum(F.mse_loss(s[real] @ weight + bias, t[real]) for s, t in zip(out.hidden_states, theirs))
    total = total + 0.5 * F.cross_entropy(out.logits, torch.tensor(LABELS))
    total.backward()
    named = dict(student.named_parameters()) | {"weight": weight, "bias": bias}
    gradients = {name: product(named, *place) for name, place in ours.items()}
    own = {f"projection.{name}": product(named, [name], False) for name in ("weight", "bias")}
    return {"total": total.item(), "gradients": gradients | own}


def scores(model, inputs):
    """Of every layer, what its attention takes the softmax of, but for the mask: Q Kᵀ/√d of what its linear layers gave, [batch, heads, seq, seq]."""
    seen = []
    ends = ("attention.self.query", "attention.self.key", "attention.q_lin", "attention.k_lin")
    hooks = [part.register_forward_hook(lambda *call: seen.append(call[2])) for name, part in model.named_modules() if name.endswith(ends)]
    out = model(**inputs, output_attentions=True)
    [hook.remove() for hook in hooks]
    b, s = inputs["input_ids"].shape
    split = lambda x: x.reshape(b, s, H, W // H).transpose(1, 2)
    found = [split(q) @ split(k).transpose(2, 3) / math.sqrt(W // H) for q, k in zip(seen[::2], seen[1::2])]
    # They are the model's own: with the mask, their softmax is what it says its attention is.
    hidden = inputs["attention_mask"][:, None, None, :] == 0
    for own, said in zip(found, out.attentions, strict=True):
        torch.testing.assert_close(own.masked_fill(hidden, -torch.inf).softmax(-1), said)
    return out, found


def maps(student, teacher, real):
    """TinyBERT's attention loss (Jiao et al. 2020 eq. 7; task_distill.py): mse_loss of unnormalised scores, of the teacher's every n-th layer, summed
    over the student's layers. Pairs of real tokens alone: the authors' means count padding too, where they set both to 0."""
    pairs = (real[:, :, None] * real[:, None, :]).bool()
    every = len(teacher) // len(student)
    chosen = [teacher[i * every + every - 1] for i in range(len(student))]
    return sum(F.mse_loss(s.transpose(0, 1)[:, pairs], t.transpose(0, 1)[:, pairs]) for s, t in zip(student, chosen))


def attention(kind):
    """Attention maps of a student under a teacher of twice as many layers; beside 0.5 CE."""
    head = "SequenceClassification"
    teacher, student, ours = build("bert", head, 2 * L)[0], *build(kind, head)[::2]
    inputs = {"input_ids": torch.tensor(IDS), "attention_mask": torch.tensor(REAL)}
    with torch.no_grad():
        theirs = scores(teacher, inputs)[1]
    out, own = scores(student, inputs)
    loss = maps(own, theirs, torch.tensor(REAL))
    total = loss + 0.5 * F.cross_entropy(out.logits, torch.tensor(LABELS))
    total.backward()
    named = dict(student.named_parameters())
    gradients = {name: product(named, *place) for name, place in ours.items()}
    return {"total": total.item(), "attention": loss.item(), "gradients": gradients}


def sentences(pooling):
    """Embeddings, means of all tokens or the first one's state, by cosine, similarities and InfoNCE, and beside them states and attention maps (TinyBERT) and relations (MiniLMv2) of the tokens."""
    teacher, student, ours = build("bert")[0].bert, *build("distilbert")[::2]
    ids, real = torch.tensor(IDS), torch.tensor(REAL)
    inputs = {"input_ids": ids, "attention_mask": real, "output_hidden_states": True}
    with torch.no_grad():
        out, theirs = scores(teacher, inputs)
        t = out.hidden_states
    out, own_scores = scores(student.distilbert, inputs)
    s = out.hidden_states
    mean = lambda state: (state * real[..., None]).sum(1) / real.sum(1, keepdim=True)
    embed = lambda h: F.normalize(mean(h[-1]) if pooling == "mean" else h[-1][:, 0], dim=1)
    own, their = embed(s), embed(t)
    at, st = teacher.encoder.layer[-1].attention.self, student.distilbert.transformer.layer[-1].attention
    with torch.no_grad():
        qt = torch.cat([f(t[-2]) for f in (at.query, at.key, at.value)], -1)
    qs = torch.cat([f(s[-2]) for f in (st.q_lin, st.k_lin, st.v_lin)], -1)
    soft = F.cosine_embedding_loss(own, their, torch.ones(2))
    alike = 10 * F.mse_loss(own @ own.T, their @ their.T)
    told = 0.5 * F.cross_entropy(own @ their.T / 0.05, torch.arange(2))
    states = 2 * sum(F.mse_loss(a[real.bool()], b[real.bool()]) for a, b in zip(s, t))
    inside = 3 * relations(qs, qt, H, real) + 4 * maps(own_scores, theirs, real)
    total = soft + alike + told + states + inside
    total.backward()
    theirs = dict(student.named_parameters())
    gradients = {name: product(theirs, *place) for name, place in ours.items() if not name.startswith("masked")}
    return {"total": total.item(), "soft": soft.item(), "hint": (alike + states).item(), "attention": inside.item(), "gradients": gradients}


def wave(seed, *shape):
    return torch.sin(0.7 * torch.arange(math.prod(shape)) + seed).reshape(shape)


def graded(loss, student):
    student.requires_grad_()
    value = loss(student)
    value.backward()
    return {"value": value.item(), "gradient": student.grad.tolist()}


def relations(student, teacher, heads, real):
    """MiniLMv2 (Wang et al. 2021): KL of softmax(X Xᵀ/√d) over relation heads of queries, keys and values; mean over heads and tokens."""
    b, s = real.shape
    total = 0
    for part in range(3):
        def rel(x):
            w = x.shape[-1] // 3
            x = x[..., part * w:(part + 1) * w].reshape(b, s, heads, w // heads).transpose(1, 2)
            scores = x @ x.transpose(2, 3) / math.sqrt(w // heads)
            return scores.masked_fill(real[:, None, None, :] == 0, -1e9).log_softmax(-1)
        p, q = rel(teacher), rel(student)
        kl = F.kl_div(q, p, reduction="none", log_target=True).sum(-1)
        total = total + (kl * real[:, None, :]).sum() / heads / real.sum()
    return total


def losses():
    s, t = wave(0, 4, 6), wave(1, 4, 6)
    unit = lambda x: F.normalize(x, dim=1)
    target = torch.ones(4)
    real = torch.tensor(REAL)
    qs, qt = wave(2, 2, 6, 12), wave(3, 2, 6, 24)
    return {
        "cosine": graded(lambda x: F.cosine_embedding_loss(x, t, target), s.clone()),
        "hidden": graded(lambda x: F.mse_loss(x, t), s.clone()),
        "similarities": graded(lambda x: F.mse_loss(unit(x) @ unit(x).T, unit(t) @ unit(t).T), s.clone()),
        "contrastive": graded(lambda x: F.cross_entropy(unit(x) @ unit(t).T / 0.05, torch.arange(4)), s.clone()),
        "relations": graded(lambda x: relations(x, qt, 2, real), qs.clone()),
    }


KINDS = ("bert", "distilbert", "electra")
print(json.dumps({"encoders": {kind: encoder(kind) for kind in KINDS}, "losses": losses(), "triple": triple(),
                  "classes": {kind: classes(kind) for kind in KINDS}, "task": task(), "projected": projected(),
                  "attention": {kind: attention(kind) for kind in ("distilbert", "electra")}, "sentences": sentences("mean"), "sentences_cls": sentences("cls")}))
