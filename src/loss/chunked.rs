//! A loss over a large vocabulary in chunks of rows.
//!
//! Logits are the product of a hidden layer `[rows, width]` and a head `[vocab, width]`. With a vocabulary of tens of thousands the logits of
//! teacher and student, what the divergence keeps of them, and their gradients are several tensors `[rows, vocab]`, which outweigh the
//! network. Only their gradients towards hidden layer and head are needed: each chunk of rows is taken forward and backward at once, and
//! only those are kept.

use std::ops::Range;

use burn::tensor::Tensor;

use crate::device::linear;

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
        let value = loss(linear(part.clone(), weights.clone().transpose(), None), range);
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

/// A loss of one number per row in which rows meet, `[1]`: a sum over a text that a sigmoid is taken of, say. Gradients are those of the whole.
///
/// `of` gives the numbers of a chunk of rows, `[chunk]`, from its logits; `loss` is given those of all rows, `[rows]`. The numbers are computed
/// without a graph first, then the slope of the loss towards each, and then every chunk goes forward and backward with its slopes as
/// weights: one more product with the head than [`chunked`] needs. What `of` and `loss` look at besides must have no graph.
pub fn chunked_rows(
    hidden: Tensor<2>,
    head: Tensor<2>,
    chunk: usize,
    of: impl Fn(Tensor<2>, Range<usize>) -> Tensor<1>,
    loss: impl FnOnce(Tensor<1>) -> Tensor<1>,
) -> Tensor<1> {
    let (plain, transposed) = (hidden.clone().inner(), head.clone().inner().transpose());
    let [rows, _] = plain.dims();
    let chunks = (0..rows).step_by(chunk.max(1)).map(|start| start..rows.min(start + chunk.max(1)));
    let values: Vec<Tensor<1>> =
        chunks.map(|range| of(linear(plain.clone().slice([range.clone()]), transposed.clone(), None), range).inner()).collect();
    let values = if values.is_empty() { Tensor::zeros([0], &plain.device()) } else { Tensor::cat(values, 0) };
    let leaf = Tensor::from_inner(values.clone()).require_grad();
    let total = loss(leaf.clone());
    let slopes = if total.is_tracked() { leaf.grad_remove(&mut total.backward()) } else { None };
    let slopes = slopes.unwrap_or_else(|| values.zeros_like());
    let carrier = chunked(hidden, head, chunk, |logits, range| (of(logits, range.clone()) * slopes.clone().slice([range])).sum());
    carrier.clone() - carrier.inner() + total.inner()
}
