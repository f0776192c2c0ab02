//! Rotary positions (Su et al. 2021).

use burn::tensor::Tensor;

/// Turns each pair (i, i + head/2) of `[batch, seq, heads, head]` by its position's angle; `rope` is cosine and sine,
/// `[batch or 1, seq, 1, head/2]`.
pub fn rotate(x: Tensor<4>, rope: &[Tensor<4>; 2]) -> Tensor<4> {
    let [_, _, _, head] = x.dims();
    let half = head / 2;
    let [cos, sin] = rope.clone();
    let (a, b) = (x.clone().narrow(3, 0, half), x.narrow(3, half, half));
    Tensor::cat(vec![a.clone() * cos.clone() - b.clone() * sin.clone(), b * cos + a * sin], 3)
}
