//! Several teachers as one.

use crate::device::log_softmax;
use burn::tensor::Tensor;

/// The logarithm of the teachers' mean probability, `[batch, classes]`, from the logits of each, `[batch, classes]`: logits of the ensemble
/// whose probabilities are the arithmetic mean (Hinton et al. 2015 §1). One teacher's logits come back as they are.
///
/// Log-probabilities: a temperature applied to them sharpens or flattens the mean, it does not average flattened teachers.
///
/// # Panics
/// Without any teacher.
pub fn average(mut logits: Vec<Tensor<2>>) -> Tensor<2> {
    assert!(!logits.is_empty(), "an average needs a teacher");
    if logits.len() == 1 {
        return logits.swap_remove(0);
    }
    let log_probs = log_softmax(Tensor::stack::<3>(logits, 0));
    // At least one teacher stands at the maximum, so that the mean is never below 1/count.
    let max = log_probs.clone().max_dim(0);
    let mean = (log_probs - max.clone()).exp().mean_dim(0);
    (mean.log() + max).squeeze_dim(0)
}
