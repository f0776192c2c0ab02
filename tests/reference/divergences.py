"""The divergences of src/loss in PyTorch, as the papers' own code has them: F.kl_div for the KLs, log-sum-exp mixtures as in TRL's GKD
trainer, DKD as in mdistiller, logit standardisation as in sunshangquan/logit-standardization-KD. losses.py and tokens.py write their numbers.
"""

import math

import torch
import torch.nn.functional as F


def grid(*shape, scale):
    return (torch.randn(*shape) * scale * 64).round() / 64


def kl(log_a, log_b):
    """KL(a || b), mean over rows."""
    return F.kl_div(log_b, log_a, log_target=True, reduction="batchmean")


def log_mixture(log_p, log_q, weight):
    return torch.logsumexp(torch.stack([log_p + math.log(weight), log_q + math.log(1 - weight)]), 0)


def dkd(teacher, student, targets, alpha, beta):
    unlabelled = targets.sum(1) == 0
    label = torch.where(unlabelled, teacher.argmax(1), targets.argmax(1))
    mask = F.one_hot(label, targets.shape[1]).double()

    def two(logits):
        probs = F.softmax(logits, 1)
        return torch.cat([(probs * mask).sum(1, keepdim=True), (probs * (1 - mask)).sum(1, keepdim=True)], 1)

    tckd = F.kl_div(two(student).log(), two(teacher), reduction="batchmean")
    nckd = F.kl_div(F.log_softmax(student - 1000 * mask, 1), F.softmax(teacher - 1000 * mask, 1), reduction="batchmean")
    return alpha * tckd + beta * nckd


def standardize(logits):
    return (logits - logits.mean(-1, keepdim=True)) / (logits.std(-1, keepdim=True) + 1e-7)


def soft_loss(teacher, student, targets, d):
    if d.get("standardize"):
        teacher, student = standardize(teacher), standardize(student)
    teacher, student = teacher / d["temperature"], student / d["temperature"]
    log_p, log_q = F.log_softmax(teacher, 1), F.log_softmax(student, 1)
    name = d["divergence"]
    if name == "forward_kl":
        return kl(log_p, log_q)
    if name == "reverse_kl":
        return kl(log_q, log_p)
    if name.startswith("jsd"):
        b = d["beta"]
        log_m = log_mixture(log_p, log_q, b)
        to_p, to_q = (b, 1 - b) if name == "jsd_gkd" else (1 - b, b)
        return to_p * kl(log_p, log_m) + to_q * kl(log_q, log_m)
    if name == "skew_forward":
        return kl(log_p, log_mixture(log_p, log_q, d["skew"]) if d["skew"] else log_q)
    if name == "skew_reverse":
        return kl(log_q, log_mixture(log_q, log_p, d["skew"]) if d["skew"] else log_p)
    if name == "total_variation":
        return 0.5 * (log_p.exp() - log_q.exp()).abs().sum(1).mean()
    if name == "logit_mse":
        return F.mse_loss(student, teacher)
    if name == "dkd":
        return dkd(teacher, student, targets, d["dkd_alpha"], d["dkd_beta"])
    raise ValueError(name)


DIVERGENCES = [
    {"divergence": "forward_kl"},
    {"divergence": "reverse_kl"},
    {"divergence": "jsd_gkd", "beta": 0.5},
    {"divergence": "jsd_gkd", "beta": 0.1},
    {"divergence": "jsd_continuous", "beta": 0.9},
    {"divergence": "skew_forward", "skew": 0.1},
    {"divergence": "skew_forward", "skew": 0.0},
    {"divergence": "skew_reverse", "skew": 0.1},
    {"divergence": "skew_reverse", "skew": 0.0},
    {"divergence": "total_variation"},
    {"divergence": "logit_mse"},
    {"divergence": "dkd", "dkd_alpha": 1.0, "dkd_beta": 8.0},
]


def plain(tensor):
    """Nested lists with nine significant digits."""
    if isinstance(tensor, torch.Tensor):
        tensor = tensor.detach().tolist()
    if isinstance(tensor, list):
        return [plain(item) for item in tensor]
    return float(f"{tensor:.9g}")
