//! What the student may see of the teacher's answer: not every teacher shows its logits. An API may give the most likely classes with their
//! log-probabilities, or the bare answer.

use crate::device::log_softmax;
use burn::tensor::{Bool, Tensor};

/// Far below any log-probability that matters, and finite.
const GONE: f64 = -1e30;

/// The teacher's answer as a one-hot row, `[batch, classes]`; classes that tie share it.
pub fn answer(logits: Tensor<2>) -> Tensor<2> {
    let top = logits.clone().max_dim(1);
    let best = logits.equal(top).float();
    let ties = best.clone().sum_dim(1);
    best / ties
}

/// Log-probabilities of the k likeliest classes as they are at T = 1; what is left is shared evenly by the others, about which nothing is
/// known. `[batch, classes]`. With k ≥ classes − 1 nothing is hidden.
pub fn top_k(logits: Tensor<2>, k: usize) -> Tensor<2> {
    let [_, classes] = logits.dims();
    let log_p = log_softmax(logits);
    if k + 1 >= classes {
        return log_p;
    }
    let unknown = hidden(log_p.clone(), k);
    let hidden = unknown.clone().float();
    // The sum of what is hidden, not 1 minus the rest: the teacher may be so sure that the difference would vanish.
    let left = (log_p.clone().exp() * hidden.clone()).sum_dim(1).clamp_min(1e-30);
    let share = (left / hidden.sum_dim(1).clamp_min(1.0)).log();
    let shared = share.repeat_dim(1, classes);
    log_p.mask_where(unknown, shared)
}

/// Which entries are not among the k largest values of their row, `[batch, classes]`. Entries that are equal count as one value.
pub(super) fn hidden(values: Tensor<2>, k: usize) -> Tensor<2, Bool> {
    // A GPU sorts badly, and k is small: the largest is struck out k times.
    let mut rest = values;
    for _ in 0..k {
        let top = rest.clone().max_dim(1);
        let is_top = rest.clone().equal(top);
        rest = rest.mask_fill(is_top, GONE);
    }
    rest.greater_elem(GONE / 2.0)
}
