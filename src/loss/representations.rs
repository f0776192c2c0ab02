//! Losses on what transformers make of texts: states of tokens, attention and relations between tokens, embeddings of sentences.
//!
//! The teacher never gets a gradient.

use crate::device::log_softmax;
use burn::tensor::{Int, Tensor};

/// Keeps the length of a vector of zeros from being divided by.
const LEAST_LENGTH: f64 = 1e-12;

/// Instead of an infinite mask: a difference of two infinities is no number. No probability is left at it.
const HIDDEN: f64 = -1e9;

/// `1 − cos(s, t)` of every row, `[rows]` (DistilBERT, Sanh et al. 2019 §2; the mean over rows is PyTorch's `CosineEmbeddingLoss` with target
/// 1). Both are `[rows, width]`.
pub fn cosine(student: Tensor<2>, teacher: Tensor<2>) -> Tensor<1> {
    let [rows, _] = student.dims();
    (unit(student) * unit(teacher.inner())).sum_dim(1).reshape([rows]).neg() + 1.0
}

/// `mean((s − t)²)` over the units of every row, `[rows]` (its mean over rows is TinyBERT's hidden-state loss, Jiao et al. 2020 eq. 8, without
/// a projection). Both are `[rows, width]`.
pub fn hidden(student: Tensor<2>, teacher: Tensor<2>) -> Tensor<1> {
    let [rows, _] = student.dims();
    (student - teacher.inner()).square().mean_dim(1).reshape([rows])
}

/// Attention maps, `[1]` (TinyBERT, Jiao et al. 2020 eq. 7): `mean((A_s − A_t)²)` over heads and pairs of real tokens, with A the scores `Q·Kᵀ/√d`
/// before the softmax. The authors' code counts padding as well, and takes scores up to −100 for those of padding; here every pair of real tokens
/// counts as it is, and no other.
///
/// `student` and `teacher` are as in [`relations`]: head by head one is compared with the other, whatever their widths.
pub fn attention(student: Tensor<2>, teacher: Tensor<2>, heads: usize, real: Tensor<2>) -> Tensor<1> {
    let [batch, seq] = real.dims();
    let scores = |qkv: &Tensor<2>| {
        let [query, key] = [0, 1].map(|part| split(qkv, part, heads, [batch, seq]));
        let [_, _, _, head] = query.dims();
        (query / (head as f64).sqrt()).matmul(key.swap_dims(2, 3))
    };
    let pairs: Tensor<4> = real.clone().reshape([batch, 1, seq, 1]) * real.reshape([batch, 1, 1, seq]);
    let apart = (scores(&student) - scores(&teacher.inner())) * pairs.clone();
    apart.square().sum() / pairs.sum() / heads as f64
}

/// Self-attention relations, `[1]` (MiniLMv2, Wang et al. 2021 eq. 4–6): of queries, keys and values each, `softmax(X·Xᵀ/√d)` of every
/// relation head, `KL(teacher‖student)` as a mean over heads and real tokens, summed over the three.
///
/// `student` and `teacher` are queries, keys and values side by side, `[batch·seq, 3·width]`, of any two widths that `heads` divides;
/// `bias` `[batch or 1, 1, seq, seq]` hides padding, and `real` `[batch, seq]` is 1 for a token that counts.
pub fn relations(student: Tensor<2>, teacher: Tensor<2>, heads: usize, bias: Tensor<4>, real: Tensor<2>) -> Tensor<1> {
    let [batch, seq] = real.dims();
    let bias = bias.clamp_min(HIDDEN);
    let of = |qkv: &Tensor<2>, part: usize| {
        let x = split(qkv, part, heads, [batch, seq]);
        let [_, _, _, head] = x.dims();
        log_softmax(x.clone().matmul(x.swap_dims(2, 3)) / (head as f64).sqrt() + bias.clone())
    };
    let teacher = teacher.inner();
    let tokens: Tensor<4> = real.clone().reshape([batch, 1, seq, 1]);
    let sum = |part| {
        let (log_p, log_q) = (of(&teacher, part), of(&student, part));
        ((log_q.neg() + log_p.clone()) * log_p.exp() * tokens.clone()).sum()
    };
    (sum(0) + sum(1) + sum(2)) / heads as f64 / real.sum()
}

/// `mean((S_s − S_t)²)` over all pairs, `[1]`, with S the cosines between the sentences of the batch (Tung & Mori 2019, with cosines). Both
/// are `[batch, width]` of length 1; the widths may differ.
pub fn similarities(student: Tensor<2>, teacher: Tensor<2>) -> Tensor<1> {
    let cosines = |x: Tensor<2>| x.clone().matmul(x.transpose());
    (cosines(student) - cosines(teacher.inner())).square().mean()
}

/// InfoNCE, `[1]`: each row of `ours` is to find its own row of `theirs` among all of them, by cosine over `temperature` (van den Oord et
/// al. 2018 eq. 4; with a teacher for `theirs` it is contrastive distillation, CRD, Tian et al. 2020, with the batch for negatives and
/// no memory bank). Both are `[batch, width]` of length 1.
pub fn contrastive(ours: Tensor<2>, theirs: Tensor<2>, temperature: f64) -> Tensor<1> {
    let [rows, _] = ours.dims();
    let log_q = log_softmax(ours.matmul(theirs.transpose()) / temperature);
    let own = Tensor::<1, Int>::arange(0..rows as i64, &log_q.device()).reshape([rows, 1]);
    log_q.gather(1, own).sum() / -(rows as f64)
}

/// Queries, keys or values (`part` 0, 1, 2) out of `[batch·seq, 3·width]`, as `[batch, heads, seq, head]`.
fn split(qkv: &Tensor<2>, part: usize, heads: usize, [batch, seq]: [usize; 2]) -> Tensor<4> {
    let width = qkv.dims()[1] / 3;
    qkv.clone().narrow(1, part * width, width).reshape([batch, seq, heads, width / heads]).swap_dims(1, 2)
}

/// Rows of length 1.
fn unit(x: Tensor<2>) -> Tensor<2> {
    let length = x.clone().square().sum_dim(1).sqrt().clamp_min(LEAST_LENGTH);
    x / length
}
