//! Decoupled knowledge distillation (Zhao et al. 2022): the forward KL taken apart.
//!
//! With t the target class, `KL(p‖q) = TCKD + (1−p_t)·NCKD`. TCKD compares the two-way split {t, rest}; NCKD compares how the rest is divided.
//! A sure teacher (p_t ≈ 1) mutes NCKD, which carries most of what it knows: DKD gives it a weight of its own.

use burn::tensor::Tensor;

use super::{access, divergence, softplus::softplus};

/// Taken from the target's logit to leave it out of a softmax, as in mdistiller.
const AWAY: f64 = 1000.0;

/// `α·TCKD + β·NCKD` of each row, `[batch, 1]`, nats (Zhao et al. 2022, eq. 7; mdistiller's `dkd_loss` without its T² and its mean).
///
/// `teacher` and `student` are logits `[batch, classes]`, already divided by T; `targets` is one-hot, no row empty (see [`fill`]).
/// Gradients flow to the student; the teacher is expected without a graph.
pub fn dkd(teacher: Tensor<2>, student: Tensor<2>, targets: Tensor<2>, alpha: f64, beta: f64) -> Tensor<2> {
    let away = targets.clone() * AWAY;
    let (log_p, p_margin) = split(teacher, targets.clone(), away.clone());
    let (log_q, q_margin) = split(student, targets, away);
    // The two-way KL from log-odds: log p_t = δ − softplus(δ), log p_rest = −softplus(δ).
    let p_softplus = softplus(p_margin.clone());
    let p_target = (p_margin.clone() - p_softplus.clone()).exp();
    let tckd = (softplus(q_margin.clone()) - p_softplus) + p_target * (p_margin - q_margin);
    let nckd = divergence::forward_kl(log_p, log_q);
    tckd * alpha + nckd.sum_dim(1) * beta
}

/// Gives rows of zeros the teacher's own top class as target; other rows stay. All `[batch, classes]`.
///
/// The identity above holds for any class t, so an unlabelled row is taken apart like the others, where the teacher would put its
/// label.
pub fn fill(targets: Tensor<2>, teacher: Tensor<2>) -> Tensor<2> {
    let unlabelled = targets.clone().sum_dim(1).neg() + 1.0;
    targets + access::answer(teacher) * unlabelled
}

/// Log-probabilities of the classes other than the target among themselves, `[batch, classes]` (the target's probability is 0), and the
/// log-odds of the target against them, `log(q_t/(1−q_t))`, `[batch, 1]`: one softmax for both.
fn split(logits: Tensor<2>, targets: Tensor<2>, away: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let target = (logits.clone() * targets).sum_dim(1);
    let rest = logits - away;
    let max = rest.clone().detach().max_dim(1);
    let shifted = rest - max.clone();
    let log_sum = shifted.clone().exp().sum_dim(1).log();
    (shifted - log_sum.clone(), target - (log_sum + max))
}
