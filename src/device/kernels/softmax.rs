//! Softmax of rows, forward and backward, a row at a time while it is in the caches. burn's, where gradients are wanted, is six operations over
//! all numbers forward and more backward, with an `exp` of one number at a time.
//!
//! To be deleted when burn-autodiff has a softmax of its own and burn-flex a vectorised `exp` (`burn-flex/src/ops/activation.rs`).

use macerator::{Scalar, Simd, Vector};

use super::in_parts;
use super::vector::{exp, lanes, load, store};

/// `log softmax` of rows of `classes` numbers.
pub fn log_forward(logits: &[f32], classes: usize, out: &mut [f32]) {
    in_parts([(logits, classes)], (out, classes), |[logits], out| log_rows(logits, classes, out));
}

/// The gradient of the logits, given log softmax and the gradient of that.
pub fn log_backward(log_probs: &[f32], gradient: &[f32], classes: usize, out: &mut [f32]) {
    in_parts([(log_probs, classes), (gradient, classes)], (out, classes), |[log_probs, gradient], out| {
        log_backward_rows(log_probs, gradient, classes, out);
    });
}

/// Rows of `keys` scores become `softmax(scale·scores + bias)`.
#[macerator::with_simd]
pub fn forward<S: Simd>(scores: &mut [f32], bias: &[f32], scale: f32, keys: usize) {
    for (row, bias) in scores.chunks_exact_mut(keys).zip(bias.chunks_exact(keys)) {
        let mut most = f32::NEG_INFINITY.splat::<S>();
        let mut at = 0;
        while at < keys {
            let score = load::<S>(row, at, 0.0).mul_add(scale.splat(), load(bias, at, f32::NEG_INFINITY));
            most = most.max(score);
            store(row, at, score);
            at += lanes::<S>();
        }
        let most = most.reduce_max().splat::<S>();
        let mut sum = 0.0_f32.splat::<S>();
        let mut at = 0;
        while at < keys {
            let weight = exp(load::<S>(row, at, f32::NEG_INFINITY) - most);
            sum += weight;
            store(row, at, weight);
            at += lanes::<S>();
        }
        let share = sum.reduce_add().recip();
        let mut at = 0;
        while at < keys {
            let weight = load::<S>(row, at, 0.0) * share.splat();
            store(row, at, weight);
            at += lanes::<S>();
        }
    }
}

/// The gradient of rows of `keys` weights becomes that of the scores.
#[macerator::with_simd]
pub fn backward<S: Simd>(weights: &[f32], gradient: &mut [f32], scale: f32, keys: usize) {
    for (weights, row) in weights.chunks_exact(keys).zip(gradient.chunks_exact_mut(keys)) {
        let mut sum = 0.0_f32.splat::<S>();
        let mut at = 0;
        while at < keys {
            sum = load::<S>(weights, at, 0.0).mul_add(load(row, at, 0.0), sum);
            at += lanes::<S>();
        }
        let sum = sum.reduce_add();
        let mut at = 0;
        while at < keys {
            let score = load::<S>(weights, at, 0.0) * (load::<S>(row, at, 0.0) - sum.splat()) * scale.splat();
            store(row, at, score);
            at += lanes::<S>();
        }
    }
}

#[macerator::with_simd]
fn log_rows<S: Simd>(logits: &[f32], classes: usize, out: &mut [f32]) {
    for (logits, out) in logits.chunks_exact(classes).zip(out.chunks_exact_mut(classes)) {
        let mut most = f32::NEG_INFINITY.splat::<S>();
        let mut at = 0;
        while at < classes {
            most = most.max(load(logits, at, f32::NEG_INFINITY));
            at += lanes::<S>();
        }
        let most = most.reduce_max();
        let mut sum = 0.0_f32.splat::<S>();
        let mut at = 0;
        while at < classes {
            sum += exp(load::<S>(logits, at, f32::NEG_INFINITY) - most.splat());
            at += lanes::<S>();
        }
        // Both are subtracted one after the other: added up first, a large logit would swallow the logarithm.
        let (most, log): (Vector<S, f32>, Vector<S, f32>) = (most.splat(), sum.reduce_add().ln().splat());
        let mut at = 0;
        while at < classes {
            store(out, at, load::<S>(logits, at, 0.0) - most - log);
            at += lanes::<S>();
        }
    }
}

#[macerator::with_simd]
fn log_backward_rows<S: Simd>(log_probs: &[f32], gradient: &[f32], classes: usize, out: &mut [f32]) {
    let rows = log_probs.chunks_exact(classes).zip(gradient.chunks_exact(classes));
    for ((log_probs, gradient), out) in rows.zip(out.chunks_exact_mut(classes)) {
        let mut sum = 0.0_f32.splat::<S>();
        let mut at = 0;
        while at < classes {
            sum += load(gradient, at, 0.0);
            at += lanes::<S>();
        }
        let sum = sum.reduce_add().splat::<S>();
        let mut at = 0;
        while at < classes {
            store(out, at, load::<S>(gradient, at, 0.0) - exp(load::<S>(log_probs, at, 0.0)) * sum);
            at += lanes::<S>();
        }
    }
}
