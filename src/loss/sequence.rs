//! Losses over the tokens of texts: the same divergences, a value for each token and one mean over those that count.
//!
//! A row is a token: `[batch, seq, ..]` flattened to `[rows, ..]`. `mask` is `[rows]`: 1 for a token of the response, 0 for the prompt and
//! padding, or any weight between. A row of weight 0 changes neither value nor gradient, whatever its (finite) logits say.
//!
//! The mean is over the tokens of the whole batch: not over the vocabulary, and not first over each text, which would give the tokens of
//! short answers more weight.

use burn::tensor::{Bool, IndexingUpdateOp, Int, Tensor};

use super::{access, dkd, hard, soft};
use crate::device::log_softmax;
use crate::spec::{Access, Distill};

/// Far below any logit, and finite.
const GONE: f64 = -1e30;

/// The least weight a batch is divided by: a batch without a token that counts has loss 0.
const LEAST: f64 = 1e-6;

/// The least probability that a cached row leaves for the other tokens: stored numbers are rounded, and may sum to more than 1.
const LEAST_TAIL: f64 = 1e-7;

/// `log q(token)`, `[rows]`, nats, at temperature 1. `logits` and one-hot `targets` are `[rows, vocab]`: a gather by token ids would
/// scatter in the backward pass, which is slow on GPUs.
pub fn token_log_probs(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    flat(hard::rows(logits, targets).neg())
}

/// `Σ mask·value / Σ mask`, `[1]`; both are `[rows]`. 0 if the mask is empty. The mask gets no gradient.
pub fn masked_mean(values: Tensor<1>, mask: Tensor<1>) -> Tensor<1> {
    let mask = mask.inner();
    let weight = mask.clone().sum().clamp_min(LEAST);
    (values * mask).sum() / weight
}

/// Cross-entropy of the tokens that came, `[1]`, nats per token; its exponential is the perplexity. `logits` and one-hot `targets` are
/// `[rows, vocab]`, `mask` is `[rows]`.
pub fn cross_entropy(logits: Tensor<2>, targets: Tensor<2>, mask: Tensor<1>) -> Tensor<1> {
    masked_mean(flat(hard::rows(logits, targets)), mask)
}

/// How far the student is from the teacher at each token, `[rows]`: the experiment's divergence, as in [`soft_loss`](soft::soft_loss), without
/// T². Logits and `targets` are `[rows, vocab]`. The teacher gets no gradient.
///
/// Only DKD looks at `targets`: its target is the token that stands there, of a response or behind a mask, on texts that a network wrote too.
///
/// With `top_k` it is [`top_k_rows`], not the even sharing of [`access::top_k`].
pub fn soft_rows(teacher: Tensor<2>, student: Tensor<2>, targets: Tensor<2>, distill: &Distill) -> Tensor<1> {
    match distill.access {
        Access::TopK => top_k_rows(teacher, student, targets, distill),
        Access::Labels | Access::Logits | Access::Hidden => flat(soft::terms(teacher, student, targets, distill).sum_dim(1)),
    }
}

/// The experiment's divergence between the teacher's k likeliest tokens and one **tail bucket** that holds all the others, `[rows]`. Logits
/// and `targets` are `[rows, vocab]`; `top_k` is k (ties with the k-th are known too).
///
/// Sharing the tail evenly, as images do, would tell the student that tokens of which nothing is known are alike: of a hundred they are most,
/// and a temperature above 1 makes them most of the mass. The bucket leaves the student free in how it divides its tail, so that a student
/// equal to its teacher has nothing to learn at any k and T. At T = 1 the KLs, JSDs, skewed KLs and total variation of buckets bound those of
/// all tokens from below, for tokens that are thrown together cannot be told apart.
///
/// A teacher that shows only these numbers shows them at T = 1, so temperature acts on the k + 1 buckets, on both sides:
/// `softmax(log bucket / T)`. A logit MSE compares the log-probabilities of the buckets; `standardize` has no meaning for them and is left
/// out; in DKD a hidden label is the tail.
pub fn top_k_rows(teacher: Tensor<2>, student: Tensor<2>, targets: Tensor<2>, distill: &Distill) -> Tensor<1> {
    let log_p = log_softmax(teacher.inner());
    let hidden = access::hidden(log_p.clone(), distill.top_k);
    let [_, vocab] = log_p.dims();
    let entries = distill.top_k.min(vocab) + 1;
    let temperature = distill.temperature;
    let teacher = buckets(log_p, hidden.clone()) / temperature;
    let student = buckets(log_softmax(student), hidden.clone()) / temperature;
    let labels = || {
        let targets = dkd::fill(targets.inner(), teacher.clone().narrow(1, 0, vocab));
        let known = targets.clone().mask_fill(hidden, 0.0);
        Tensor::cat(vec![known.clone(), (targets - known).sum_dim(1)], 1)
    };
    flat(soft::diverge([teacher.clone(), student], entries, labels, distill).sum_dim(1))
}

/// The experiment's divergence over k + 1 buckets from stored numbers, `[rows]`: `log_p` `[rows, k]` are the teacher's log-probabilities at T = 1
/// of the tokens `ids` `[rows, k]`, which differ within a row; the last bucket is the rest of the vocabulary. `student` are logits `[rows, vocab]`,
/// `targets` as in [`top_k_rows`], no row empty.
///
/// The same number as [`top_k_rows`] gives on the teacher's own logits, without a second `[rows, vocab]` of the teacher.
pub fn cached_top_k_rows(log_p: Tensor<2>, ids: Tensor<2, Int>, student: Tensor<2>, targets: Tensor<2>, distill: &Distill) -> Tensor<1> {
    let (log_p, ids) = (log_p.inner(), ids.inner());
    let [_, k] = ids.dims();
    let left = (log_p.clone().exp().sum_dim(1).neg() + 1.0).clamp_min(LEAST_TAIL).log();
    let known = student.clone().inner().zeros_like().scatter(1, ids.clone(), log_p.ones_like(), IndexingUpdateOp::Add).greater_elem(0.5);
    let log_q = log_softmax(student);
    let tail = log_sum(log_q.clone().mask_fill(known, GONE));
    let seen = log_q.gather(1, ids.clone());
    let sides = [[log_p, left], [seen, tail]].map(|side| Tensor::cat(side.to_vec(), 1) / distill.temperature);
    let labels = || {
        let known = targets.inner().gather(1, ids);
        let tail = known.clone().sum_dim(1).neg() + 1.0;
        Tensor::cat(vec![known, tail], 1)
    };
    flat(soft::diverge(sides, k + 1, labels, distill).sum_dim(1))
}

/// Log-probabilities `[rows, vocab]` → `[rows, vocab + 1]`: what is hidden is gone, and the last column is the logarithm of its sum.
fn buckets(log_probs: Tensor<2>, hidden: Tensor<2, Bool>) -> Tensor<2> {
    let tail = log_sum(log_probs.clone().mask_fill(hidden.clone().bool_not(), GONE));
    Tensor::cat(vec![log_probs.mask_fill(hidden, GONE), tail], 1)
}

/// `log Σ eˣ` of each row, `[rows, 1]`.
fn log_sum(x: Tensor<2>) -> Tensor<2> {
    let max = x.clone().detach().max_dim(1);
    (x - max.clone()).exp().sum_dim(1).log() + max
}

/// `[rows, 1]` → `[rows]`.
pub(crate) fn flat(column: Tensor<2>) -> Tensor<1> {
    column.flatten(0, 1)
}
