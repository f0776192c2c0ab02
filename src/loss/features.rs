//! Losses on what happens inside the networks.

use burn::tensor::Tensor;

/// Added to the squared length of an attention map: PyTorch's `normalize` divides by no less than 1e-12. A dead layer has length 0.
const LENGTH_FLOOR: f64 = 1e-24;

/// FitNets' hint, `[1]`: the mean squared difference between the student's hidden layer after a learned projection to the teacher's width,
/// and the teacher's. Both `[batch, width]` (Romero et al. 2015, eq. 3, as a mean over rows and units without the ½). The teacher gets
/// no gradient; the projection does.
pub fn hint(projected: Tensor<2>, teacher: Tensor<2>) -> Tensor<1> {
    (projected - teacher.inner()).square().mean()
}

/// Attention transfer, `[1]`: `mean((Âₛ − Âₜ)²)` with `Â` the map of mean squared activation over channels, flattened, length 1
/// (Zagoruyko & Komodakis 2017, eq. 2 with p = 2, as their code computes it).
///
/// Both are `[batch, channels, height, width]`, with the same batch, height and width. The teacher gets no gradient.
pub fn attention_transfer(student: Tensor<4>, teacher: Tensor<4>) -> Tensor<1> {
    (attention(student) - attention(teacher.inner())).square().mean()
}

/// `[batch, channels, height, width]` → `[batch, height·width]`.
fn attention(map: Tensor<4>) -> Tensor<2> {
    let [batch, _, height, width] = map.dims();
    let flat = map.square().mean_dim(1).reshape([batch, height * width]);
    let length = (flat.clone().square().sum_dim(1) + LENGTH_FLOOR).sqrt();
    flat / length
}
