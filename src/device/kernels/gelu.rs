//! The exact GELU on vectors. burn's calls a scalar `erff` on one thread, and took a quarter of a decoder's training step.
//!
//! To be deleted when burn-flex has a vectorised one (`burn-flex/src/ops/activation.rs`).

use macerator::{Scalar, Simd, Vector};

use super::in_parts;
use super::vector::{exp, lanes, load, polynomial, store};

/// Every number becomes `x·Φ(x)`.
pub fn forward(x: &mut [f32]) {
    in_parts([], (x, 1), |[], x| gelu_chunk(x));
}

/// The gradient of the result becomes that of `x`.
pub fn backward(x: &[f32], gradient: &mut [f32]) {
    in_parts([(x, 1)], (gradient, 1), |[x], gradient| gelu_backward_chunk(x, gradient));
}

#[macerator::with_simd]
fn gelu_chunk<S: Simd>(numbers: &mut [f32]) {
    let mut at = 0;
    while at < numbers.len() {
        let x = load::<S>(numbers, at, 0.0);
        store(numbers, at, x * normal_cdf(x));
        at += lanes::<S>();
    }
}

#[macerator::with_simd]
fn gelu_backward_chunk<S: Simd>(x: &[f32], gradient: &mut [f32]) {
    let mut at = 0;
    while at < gradient.len() {
        let x = load::<S>(x, at, 0.0);
        let density = exp(x * x * (-0.5_f32).splat()) * 0.398_942_3_f32.splat();
        store(gradient, at, load(gradient, at, 0.0) * x.mul_add(density, normal_cdf(x)));
        at += lanes::<S>();
    }
}

/// Chebyshev coefficients of `log(erfc(z)·exp(z²)/t)` in t, highest first (Press et al., Numerical Recipes, 3rd ed. §6.2.2: relative error
/// below 1.2e-7 everywhere).
const ERFC: [f32; 10] = [
    0.170_872_77,
    -0.822_152_2,
    1.488_515_9,
    -1.135_204,
    0.278_868_07,
    -0.186_288_06,
    0.096_784_18,
    0.374_091_96,
    1.000_023_7,
    -1.265_512_2,
];

/// Φ(x) = ½·erfc(−x/√2).
#[inline(always)]
fn normal_cdf<S: Simd>(x: Vector<S, f32>) -> Vector<S, f32> {
    let one = 1.0_f32.splat::<S>();
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2.splat();
    let t = one / z.mul_add(0.5_f32.splat(), one);
    let tail = t * exp(polynomial(t, ERFC) - z * z) * 0.5_f32.splat();
    x.lt(0.0_f32.splat()).select(tail, one - tail)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Tensor, TensorData};

    use crate::device::testing::test_async;
    use crate::device::{Place, Reads, gelu};

    /// A wrong coefficient or lane would show against the libm's erf; the odd count makes the padded rest run too.
    #[test_async]
    async fn gelu_and_its_gradient_are_those_of_the_error_function() {
        let x: Vec<f32> = (0..40_003).map(|i| (i as f32 - 20_000.0) / 1_500.0).collect();
        let place = Place::cpu();
        let input = Tensor::<1>::from_data(TensorData::new(x.clone(), [x.len()]), &place.autodiff()).require_grad();
        let output = gelu(input.clone());
        let gradient = input.grad(&output.clone().sum().backward()).unwrap();
        let mut reads = Reads::default();
        reads.add(output.inner());
        reads.add(gradient);
        let found = reads.run().await.unwrap();
        for (i, x) in x.into_iter().map(f64::from).enumerate() {
            let cdf = 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
            let density = libm::exp(-0.5 * x * x) / (2.0 * std::f64::consts::PI).sqrt();
            // Each with the size of what is summed: where two terms cancel, their roundings stay.
            let gradient = (cdf + x * density, cdf + (x * density).abs());
            for (what, found, (expected, size)) in
                [("gelu", found[0][i], (x * cdf, (x * cdf).abs())), ("its gradient", found[1][i], gradient)]
            {
                let error = (f64::from(found) - expected).abs();
                assert!(error < 1e-6 * size.max(0.1), "{what} at {x}: {found} instead of {expected}");
            }
        }
    }
}
