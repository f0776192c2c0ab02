use burn::tensor::Tensor;

/// `log(1 + eˣ)` for any x, as `max(x, 0) + log(1 + e^−|x|)`. The maximum is written `½(x + |x|)`: no mask, and ½ is the right gradient at 0,
/// where that of |x| counts as 0. `−log σ(x)` is the softplus of −x.
pub fn softplus<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let abs = x.clone().abs();
    (x + abs.clone()) * 0.5 + abs.neg().exp().log1p()
}
