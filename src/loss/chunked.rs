//! A loss over a large vocabulary in chunks of rows.
//!
//! Logits are the product of a hidden layer `[rows, width]` and a head `[vocab, width]`. With a vocabulary of tens of thousands the logits of
//! teacher and student, what the divergence keeps of them, and their gradients are several tensors `[rows, vocab]`, which outweigh the
//! network. Only their gradients towards hidden layer and head are needed: each chunk of rows is taken forward and backward at once, and
//! only those are kept.

use std::ops::Range;

use burn::tensor::Tensor;

/// The sum of a loss over chunks of rows, `[1]`, with the gradients towards `hidden` `[rows, width]` and `head` `[vocab, width]` that the
/// whole would have.
///
/// `loss` is given the logits `[chunk, vocab]` of the rows in the range (the last chunk may be shorter) and returns the **sum** of their losses,
/// `[1]`: what the caller does with the total (divide it by the tokens, add other losses) is carried back as usual. Whatever else it looks at
/// (the teacher) must have no graph: the backward pass of the first chunk would use it up. Without autodiff the result is the sum alone; a
/// `head` without autodiff (a frozen one) costs no gradient.
///
/// `chunk` is a number of rows, at least 1; fewer mean less memory and more passes over the head.
pub fn chunked(hidden: Tensor<2>, head: Tensor<2>, chunk: usize, loss: impl Fn(Tensor<2>, Range<usize>) -> Tensor<1>) -> Tensor<1> {
    let [rows, _] = hidden.dims();
    let leaf = |tensor: Tensor<2>, learns: bool| if learns { Tensor::from_inner(tensor).require_grad() } else { tensor };
    let learns = [hidden.is_autodiff(), head.is_autodiff()];
    let (plain, weights) = (hidden.clone().inner(), head.clone().inner());
    let mut total = Tensor::zeros([1], &plain.device());
    let mut to_hidden = Vec::new();
    let mut to_head: Option<Tensor<2>> = None;
    for start in (0..rows).step_by(chunk.max(1)) {
        let range = start..rows.min(start + chunk.max(1));
        let part = leaf(plain.clone().slice([range.clone()]), learns[0]);
        let weights = leaf(weights.clone(), learns[1]);
        let value = loss(part.clone().matmul(weights.clone().transpose()), range);
        total = total + value.clone().inner();
        if !value.is_tracked() {
            to_hidden.push(part.inner().zeros_like());
            continue;
        }
        let mut gradients = value.backward();
        let gradient = part.grad_remove(&mut gradients);
        to_hidden.push(gradient.unwrap_or_else(|| part.inner().zeros_like()));
        let gradient = weights.grad_remove(&mut gradients);
        to_head = match (to_head, gradient) {
            (Some(sum), Some(gradient)) => Some(sum + gradient),
            (sum, gradient) => sum.or(gradient),
        };
    }
    let mut carriers = Vec::new();
    if learns[0] && !to_hidden.is_empty() {
        carriers.push((hidden * Tensor::cat(to_hidden, 0)).sum());
    }
    if let Some(gradient) = to_head {
        carriers.push((head * gradient).sum());
    }
    // A carrier has the right gradient and no right value: less itself, it is 0.
    carriers.into_iter().fold(total, |total, carrier| carrier.clone() - carrier.inner() + total)
}
