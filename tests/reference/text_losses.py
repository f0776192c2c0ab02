"""Writes text_losses.json: the losses of src/loss on texts, and their gradients with respect to the student, in float64 PyTorch.

    python tests/reference/text_losses.py

Inputs are multiples of 1/64, so that float32 holds them exactly. The formulas are those of the papers' own code where there is one:
microsoft/LMOps minillm/losses.py (advantages on one GPU without padding, clipped surrogate) and dpkd/main.py (token form), trl's DPO trainer
(dpo, ipo, simpo, cpo as `loss_type`s on summed or averaged log-probabilities), Nicolas-BZRD/llm-distillation (ULD).
"""

import json
import pathlib

import torch
import torch.nn.functional as F

from divergences import grid, plain

torch.set_default_dtype(torch.float64)
torch.manual_seed(21)


def with_gradients(loss, *inputs):
    inputs = [value.clone().requires_grad_() for value in inputs]
    value = loss(*inputs)
    value.backward()
    return {"value": plain(value.item()), "gradients": [plain(torch.zeros_like(x) if x.grad is None else x.grad) for x in inputs]}


# ---- top k and a tail bucket


def buckets(logits, ids, temperature):
    log_probs = F.log_softmax(logits, 1)
    known = torch.zeros_like(logits, dtype=torch.bool).scatter(1, ids, True)
    tail = torch.logsumexp(log_probs.masked_fill(known, -torch.inf), 1, keepdim=True)
    return F.log_softmax(torch.cat([log_probs.gather(1, ids), tail], 1) / temperature, 1)


def top_k_kl(student, teacher, k, temperature):
    ids = teacher.topk(k, 1).indices
    log_p, log_q = buckets(teacher, ids, temperature), buckets(student, ids, temperature)
    return F.kl_div(log_q, log_p, log_target=True, reduction="sum")


teacher, student = grid(3, 8, scale=2), grid(3, 8, scale=2)
top_k = {"teacher": plain(teacher), "student": plain(student), "cases": []}
for k in [1, 3, 7]:
    for temperature in [1.0, 4.0]:
        top = F.log_softmax(teacher, 1).topk(k, 1)
        found = with_gradients(lambda s: top_k_kl(s, teacher, k, temperature), student)
        top_k["cases"].append(
            {"k": k, "temperature": temperature, "ids": top.indices.tolist(), "log_p": plain(top.values), **found}
        )

# ---- MiniLLM


def lmops_advantages(rewards, gamma, scaling, clip):
    """PPOSampler and Loss._get_advantages_and_returns for texts of one length: no padding to be counted."""
    rewards = torch.clip(rewards / scaling, -clip, clip)
    mask = torch.ones_like(rewards)
    lens = torch.cumsum(mask, dim=-1)
    lens = mask - lens + lens[:, -1:None]
    last, reversed_ = 0, []
    for t in reversed(range(rewards.shape[1])):
        last = rewards[:, t] + gamma * last
        reversed_.append(last)
    rw = torch.stack(reversed_[::-1], dim=1) / lens
    var, mean = torch.var_mean(rw)
    return (rw - mean) * torch.rsqrt(var + 1e-8)


def pg_loss(logprobs, old_logprobs, advantages, mask, w, cliprange):
    ratio = torch.exp((logprobs - old_logprobs) * mask) * w
    clipped = torch.clamp(ratio, 1 - cliprange, 1 + cliprange) if cliprange else ratio
    return torch.sum(torch.max(-advantages * ratio, -advantages * clipped) * mask) / mask.sum()


rewards = grid(3, 5, scale=3)
rewards[1, 2] = -90
advantages = {
    "rewards": plain(rewards),
    "value": plain(lmops_advantages(rewards, 0.95, 0.5, 100.0)),
    "undiscounted": plain(lmops_advantages(rewards, 1.0, 1.0, 20.0)),
}
log_q = grid(8, scale=1) - 2
old, adv = log_q + grid(8, scale=0.3), grid(8, scale=1)
w, mask = (torch.rand(8) * 64).round() / 64 + 0.5, torch.tensor([1.0, 1, 0, 1, 1, 1, 0, 1])
surrogate = {"log_q": plain(log_q), "log_q_old": plain(old), "weights": plain(w), "advantages": plain(adv), "mask": plain(mask)}
surrogate["cases"] = [
    {"clip": clip, **with_gradients(lambda q: pg_loss(q, old, adv, mask, w, clip), log_q)} for clip in [None, 0.2]
]

# ---- preferences


def preference(form, beta, gamma, length_norm, c, r, c0, r0, c_len, r_len):
    if length_norm:
        c, c0, r, r0 = c / c_len, c0 / c_len, r / r_len, r0 / r_len
    if form in ("dpkd", "dpo"):
        return -F.logsigmoid(beta * ((c - r) - (c0 - r0))).mean()
    if form == "simpo":
        return -F.logsigmoid(beta * ((c - r) - gamma / beta)).mean()
    if form == "ipo":
        return (((c - r) - (c0 - r0) - 1 / (2 * beta)) ** 2).mean()
    if form == "cpo":
        return (-F.logsigmoid(beta * (c - r)) - c).mean()
    raise ValueError(form)


c, r, c0, r0 = (grid(5, scale=5) - 20 for _ in range(4))
c_len, r_len = torch.tensor([4.0, 9, 3, 12, 6]), torch.tensor([7.0, 2, 3, 20, 5])
preferences = {"chosen": plain(c), "rejected": plain(r), "chosen_reference": plain(c0), "rejected_reference": plain(r0)}
preferences |= {"chosen_tokens": plain(c_len), "rejected_tokens": plain(r_len), "cases": []}
for form, beta, gamma in [("dpkd", 0.5, 0.0), ("dpo", 0.1, 0.0), ("simpo", 2.0, 1.0), ("ipo", 0.1, 0.0), ("cpo", 0.1, 0.0)]:
    for length_norm in [False, True]:
        found = with_gradients(
            lambda c, r: preference(form, beta, gamma, length_norm, c, r, c0, r0, c_len, r_len), c, r
        )
        preferences["cases"].append({"form": form, "beta": beta, "margin": gamma, "length_norm": length_norm, **found})


def token_form(student, teacher, mask, beta):
    logps, ref = F.log_softmax(student, 1), F.log_softmax(teacher, 1)
    best, worst = teacher.argmax(1, keepdim=True), student.argmax(1, keepdim=True)
    pi = (logps.gather(1, best) - logps.gather(1, worst))[:, 0]
    reference = (ref.gather(1, best) - ref.gather(1, worst))[:, 0]
    return -(F.logsigmoid(beta * (pi - reference)) * mask).sum() / mask.sum()


teacher, student, mask = grid(5, 6, scale=2), grid(5, 6, scale=2), torch.tensor([1.0, 1, 0, 1, 1])
student[3] = teacher[3] + grid(6, scale=0.01)  # both would say the same
token = {"teacher": plain(teacher), "student": plain(student), "mask": plain(mask), "beta": 0.5}
token |= with_gradients(lambda s: token_form(s, teacher, mask, 0.5), student)

# ---- ULD


def uld(student, teacher):
    s, t = (F.softmax(x, 1).sort(1, descending=True).values for x in (student, teacher))
    size = max(s.shape[1], t.shape[1])
    s, t = (F.pad(x, (0, size - x.shape[1])) for x in (s, t))
    return (s - t).abs().sum()


ulds = []
for teacher_vocab, student_vocab in [(7, 5), (5, 7), (6, 6)]:
    teacher, student = grid(3, teacher_vocab, scale=2), grid(3, student_vocab, scale=1)
    ulds.append({"teacher": plain(teacher), "student": plain(student), **with_gradients(lambda s: uld(s, teacher), student)})

document = {"top_k": top_k, "advantages": advantages, "surrogate": surrogate, "preferences": preferences, "token": token, "uld": ulds}
path = pathlib.Path(__file__).with_name("text_losses.json")
path.write_text("{\n" + ",\n".join(f' "{key}": {json.dumps(value)}' for key, value in document.items()) + "\n}\n")
print(path, path.stat().st_size, "bytes")
