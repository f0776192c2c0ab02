//! The exact GELU on vectors. burn's calls a scalar `erff` on one thread, and took a quarter of a decoder's training step.
//!
//! To be deleted when burn-flex has a vectorised one (`burn-flex/src/ops/activation.rs`).

use macerator::{Scalar, Simd, Vector, vload_unaligned, vstore_unaligned};

use super::in_parts;

/// `x·Φ(x)` of every number.
pub fn forward(x: &[f32], out: &mut [f32]) {
    in_parts([(x, 1)], (out, 1), |[x], out| gelu_chunk(x, out));
}

/// The gradient of `x`, given that of the result.
pub fn backward(x: &[f32], gradient: &[f32], out: &mut [f32]) {
    in_parts([(x, 1), (gradient, 1)], (out, 1), |[x, gradient], out| gelu_backward_chunk(x, gradient, out));
}

#[macerator::with_simd]
fn gelu_chunk<S: Simd>(x: &[f32], out: &mut [f32]) {
    map::<S, Forward>(x, x, out);
}

#[macerator::with_simd]
fn gelu_backward_chunk<S: Simd>(x: &[f32], gradient: &[f32], out: &mut [f32]) {
    map::<S, Gradient>(x, gradient, out);
}

/// A function of two vectors. A trait and not a closure: a closure cannot be `inline(always)`, and what is not inlined into the function
/// that `with_simd` compiles for the machine calls a function per instruction. That was slower than no SIMD.
trait Pointwise {
    fn apply<S: Simd>(a: Vector<S, f32>, b: Vector<S, f32>) -> Vector<S, f32>;
}

struct Forward;

impl Pointwise for Forward {
    #[inline(always)]
    fn apply<S: Simd>(x: Vector<S, f32>, _: Vector<S, f32>) -> Vector<S, f32> {
        x * normal_cdf(x)
    }
}

struct Gradient;

impl Pointwise for Gradient {
    #[inline(always)]
    fn apply<S: Simd>(x: Vector<S, f32>, gradient: Vector<S, f32>) -> Vector<S, f32> {
        let density = exp(x * x * (-0.5_f32).splat()) * 0.398_942_3_f32.splat();
        gradient * x.mul_add(density, normal_cdf(x))
    }
}

/// `P` on whole vectors; the rest goes through a padded one.
#[inline(always)]
fn map<S: Simd, P: Pointwise>(a: &[f32], b: &[f32], out: &mut [f32]) {
    let lanes = <f32 as Scalar>::lanes::<S>();
    let count = a.len().min(b.len()).min(out.len());
    let whole = count / lanes * lanes;
    let mut at = 0;
    while at < whole {
        // SAFETY: at + lanes ≤ whole ≤ the length of each slice.
        unsafe {
            let value = P::apply(vload_unaligned::<S, _>(a.as_ptr().add(at)), vload_unaligned::<S, _>(b.as_ptr().add(at)));
            vstore_unaligned::<S, _>(out.as_mut_ptr().add(at), value);
        }
        at += lanes;
    }
    // No machine has wider vectors (ARM's scalable ones are not used).
    let mut pad = [[0.0_f32; 64]; 3];
    let rest = count - whole;
    pad[0][..rest].copy_from_slice(&a[whole..count]);
    pad[1][..rest].copy_from_slice(&b[whole..count]);
    // SAFETY: 64 numbers hold a vector.
    unsafe {
        let value = P::apply(vload_unaligned::<S, _>(pad[0].as_ptr()), vload_unaligned::<S, _>(pad[1].as_ptr()));
        vstore_unaligned::<S, _>(pad[2].as_mut_ptr(), value);
    }
    out[whole..count].copy_from_slice(&pad[2][..rest]);
}

/// A polynomial of these coefficients, highest first (Horner). A loop, because an iterator's `fold` is not inlined either.
#[inline(always)]
fn polynomial<S: Simd, const N: usize>(x: Vector<S, f32>, coefficients: [f32; N]) -> Vector<S, f32> {
    let mut sum = coefficients[0].splat::<S>();
    let mut next = 1;
    while next < N {
        sum = sum.mul_add(x, coefficients[next].splat());
        next += 1;
    }
    sum
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

/// eˣ for x ≤ 0, below e⁻⁸⁷ taken as that: `2ᵏ·eʳ` with |r| ≤ ½·ln 2, eʳ by the polynomial of Cephes' `expf`.
#[inline(always)]
fn exp<S: Simd>(x: Vector<S, f32>) -> Vector<S, f32> {
    let x = x.max((-87.0_f32).splat());
    let k = (x * std::f32::consts::LOG2_E.splat()).round_ties_even();
    // ln 2 in two parts, so that the subtraction loses nothing.
    let r = k.mul_add(2.121_944_4e-4_f32.splat(), k.mul_add((-0.693_359_4_f32).splat(), x));
    let series = polynomial(r, [1.987_569_1e-4, 1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5]);
    let small = (r * r).mul_add(series, r + 1.0_f32.splat());
    // 2ᵏ is its exponent bits.
    let power = (k.round_to_int() + 127_i32.splat()) * (1_i32 << 23).splat();
    small * power.reinterpret::<f32>()
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
