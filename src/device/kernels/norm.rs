//! Layer norm (Ba et al. 2016) and RMS norm (Zhang & Sennrich 2019) of rows, forward and backward, a row at a time while it is in the
//! caches. burn's, where gradients are wanted, are some ten operations over all numbers forward and twice as many backward.
//!
//! To be deleted when burn-autodiff has a layer norm of its own.

use macerator::{Scalar, Simd};

use super::vector::{lanes, load, store};
use super::{CHUNK, in_parts, on_threads};

/// What a row of `width` numbers is normalised by.
#[derive(Clone, Copy)]
pub struct Norm {
    pub width: usize,
    /// Layer norm; else RMS norm, which leaves the mean where it is.
    pub centred: bool,
    /// Added to the variance, or to the mean of the squares.
    pub epsilon: f32,
}

/// `(x − mean)/√(variance + ε)·weight + bias`, without mean and bias of RMS norm (`bias` is empty then).
pub fn forward(norm: Norm, x: &[f32], weight: &[f32], bias: &[f32], out: &mut [f32]) {
    in_parts([(x, norm.width)], (out, norm.width), |[x], out| forward_rows(norm, x, weight, bias, out));
}

/// The gradients of x, weight and bias, given that of the result.
pub fn backward(norm: Norm, x: &[f32], weight: &[f32], gradient: &[f32], x_gradient: &mut [f32], sums: [&mut [f32]; 2]) {
    let width = norm.width;
    let part = (CHUNK / width).max(1) * width;
    let one = |((x, gradient), out): ((&[f32], &[f32]), &mut [f32])| {
        let mut sums = [vec![0.0; width], vec![0.0; width]];
        let [weight_sum, bias_sum] = &mut sums;
        backward_rows(norm, x, weight, gradient, out, weight_sum, bias_sum);
        sums
    };
    let parts = on_threads(x.chunks(part).zip(gradient.chunks(part)).zip(x_gradient.chunks_mut(part)), one);
    // In the order of the rows, however many threads there were.
    let [weight_sum, bias_sum] = sums;
    for [weight_part, bias_part] in parts {
        weight_sum.iter_mut().zip(weight_part).for_each(|(sum, part)| *sum += part);
        bias_sum.iter_mut().zip(bias_part).for_each(|(sum, part)| *sum += part);
    }
}

/// The mean of a row and `1/√(variance + ε)`.
#[inline(always)]
fn measure<S: Simd>(norm: Norm, x: &[f32]) -> [f32; 2] {
    let count = norm.width as f32;
    let mut mean = 0.0;
    if norm.centred {
        let mut sum = 0.0_f32.splat::<S>();
        let mut at = 0;
        while at < norm.width {
            sum += load(x, at, 0.0);
            at += lanes::<S>();
        }
        mean = sum.reduce_add() / count;
    }
    let mut squares = 0.0_f32.splat::<S>();
    let mut at = 0;
    while at < norm.width {
        let centred = load::<S>(x, at, mean) - mean.splat();
        squares = centred.mul_add(centred, squares);
        at += lanes::<S>();
    }
    [mean, (squares.reduce_add() / count + norm.epsilon).sqrt().recip()]
}

#[macerator::with_simd]
fn forward_rows<S: Simd>(norm: Norm, x: &[f32], weight: &[f32], bias: &[f32], out: &mut [f32]) {
    for (x, out) in x.chunks_exact(norm.width).zip(out.chunks_exact_mut(norm.width)) {
        let [mean, scale] = measure::<S>(norm, x);
        let mut at = 0;
        while at < norm.width {
            let unit = (load::<S>(x, at, 0.0) - mean.splat()) * scale.splat();
            let bias = if norm.centred { load(bias, at, 0.0) } else { 0.0_f32.splat() };
            store(out, at, unit.mul_add(load(weight, at, 0.0), bias));
            at += lanes::<S>();
        }
    }
}

#[macerator::with_simd]
fn backward_rows<S: Simd>(
    norm: Norm,
    x: &[f32],
    weight: &[f32],
    gradient: &[f32],
    out: &mut [f32],
    weight_sum: &mut [f32],
    bias_sum: &mut [f32],
) {
    let width = norm.width;
    let rows = x.chunks_exact(width).zip(gradient.chunks_exact(width));
    for ((x, gradient), out) in rows.zip(out.chunks_exact_mut(width)) {
        let [mean, scale] = measure::<S>(norm, x);
        let (mut sum, mut product) = (0.0_f32.splat::<S>(), 0.0_f32.splat::<S>());
        let mut at = 0;
        while at < width {
            let unit = (load::<S>(x, at, mean) - mean.splat()) * scale.splat();
            let given = load::<S>(gradient, at, 0.0);
            let pull = given * load(weight, at, 0.0);
            sum += pull;
            product = pull.mul_add(unit, product);
            store(weight_sum, at, given.mul_add(unit, load(weight_sum, at, 0.0)));
            store(bias_sum, at, given + load(bias_sum, at, 0.0));
            at += lanes::<S>();
        }
        let mean_pull = if norm.centred { sum.reduce_add() / width as f32 } else { 0.0 };
        let mean_product = product.reduce_add() / width as f32;
        let mut at = 0;
        while at < width {
            let unit = (load::<S>(x, at, mean) - mean.splat()) * scale.splat();
            let pull = load::<S>(gradient, at, 0.0) * load(weight, at, 0.0);
            store(out, at, (pull - mean_pull.splat() - unit * mean_product.splat()) * scale.splat());
            at += lanes::<S>();
        }
    }
}
