//! Scaled dot-product attention over grouped heads (Vaswani et al. 2017 §3.2.1; Ainslie et al. 2023), and rotary positions.

use burn::tensor::{Tensor, module, ops::AttentionModuleOptions};

use crate::device::is_software;

/// `softmax(q·kᵀ/√head + bias)·v`.
///
/// `query` is `[batch, kv_heads, group·seq, head]`, `key` and `value` `[batch, kv_heads, keys, head]`, `bias`
/// `[batch or 1, 1, group·seq, keys]`; out comes what `query` is. The queries that share a key head lie in its rows, so that no key is
/// ever copied.
pub fn attend(query: Tensor<4>, key: Tensor<4>, value: Tensor<4>, bias: Tensor<4>) -> Tensor<4> {
    let [_, _, _, head] = query.dims();
    if !query.device().is_autodiff() && !is_software() {
        // One kernel where the backend has one. A software adapter computes products faster than that.
        return module::attention(query, key, value, None, Some(bias), AttentionModuleOptions::default());
    }
    // The scale goes to the smaller matrix, and the sum divides after the values are mixed: fewer passes over `[seq, keys]`.
    let scores = (query * (head as f64).sqrt().recip()).matmul(key.swap_dims(2, 3)) + bias;
    let weights = (scores.clone() - scores.detach().max_dim(3)).exp();
    let sum = weights.clone().sum_dim(3);
    weights.matmul(value) / sum
}

/// Turns each pair (i, i + head/2) of `[batch, seq, heads, head]` by its position's angle; `rope` is cosine and sine,
/// `[batch or 1, seq, 1, head/2]`.
pub fn rotate(x: Tensor<4>, rope: &[Tensor<4>; 2]) -> Tensor<4> {
    let [_, _, _, head] = x.dims();
    let half = head / 2;
    let [cos, sin] = rope.clone();
    let (a, b) = (x.clone().narrow(3, 0, half), x.narrow(3, half, half));
    Tensor::cat(vec![a.clone() * cos.clone() - b.clone() * sin.clone(), b * cos + a * sin], 3)
}
