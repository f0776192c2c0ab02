//! The hard loss: what the labels say.

use crate::device::log_softmax;
use burn::tensor::Tensor;

/// Cross-entropy `−Σ target·log softmax(logits)`, `[1]`, nats, at temperature 1: the mean over the rows that have a label.
///
/// `logits` and `targets` are `[batch, classes]`. A row of `targets` is a distribution (one-hot, smoothed, soft), or all zeros: no label.
/// Rows without a label change neither the mean nor the gradient of the others; with no label at all the loss is 0.
pub fn cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let targets = targets.inner();
    // Each labelled row sums to one.
    let labelled = targets.clone().sum().clamp_min(1.0).neg();
    (log_softmax(logits) * targets).sum() / labelled
}

/// `−Σ target·log softmax(logits)` of each row, `[batch, 1]`, nats; both arguments are `[batch, classes]`.
pub(super) fn rows(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<2> {
    (log_softmax(logits) * targets.inner()).sum_dim(1).neg()
}

/// Label smoothing, `(1−ε)·target + ε/classes` (Szegedy et al. 2016 §7; as PyTorch's `label_smoothing`). `[batch, classes]`; rows of zeros
/// stay zero.
pub fn smooth(targets: Tensor<2>, epsilon: f64) -> Tensor<2> {
    let [_, classes] = targets.dims();
    let labelled = targets.clone().sum_dim(1);
    targets * (1.0 - epsilon) + labelled * (epsilon / classes as f64)
}
