//! A step of AdamW (Loshchilov & Hutter 2019) in one pass. burn's is some fifteen operations, each over all parameters: as long as a sentence
//! encoder's own forward pass.

use macerator::{Scalar, Simd};

use super::vector::{lanes, load, store};
use super::{CHUNK, on_threads};

/// The numbers of one step.
#[derive(Debug, Clone, Copy)]
pub struct AdamWStep {
    /// Decay of the mean of the gradients and of that of their squares.
    pub beta: [f32; 2],
    /// Added to the root of the second.
    pub epsilon: f32,
    /// What stays of a parameter when its weight has decayed: `1 − lr·decay`.
    pub kept: f32,
    pub lr: f32,
    /// `1 − βᵗ` of both means, which begin at 0, at step t from 1.
    pub correction: [f32; 2],
}

/// Updates parameters and both means.
pub fn step(step: AdamWStep, value: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
    let means = first.chunks_mut(CHUNK).zip(second.chunks_mut(CHUNK));
    let parts = value.chunks_mut(CHUNK).zip(gradient.chunks(CHUNK)).zip(means);
    on_threads(parts, |((value, gradient), (first, second))| update(step, value, gradient, first, second));
}

#[macerator::with_simd]
fn update<S: Simd>(step: AdamWStep, value: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
    let [beta_1, beta_2] = step.beta.map(|beta| beta.splat::<S>());
    let [new_1, new_2] = step.beta.map(|beta| (1.0 - beta).splat::<S>());
    let [correction_1, correction_2] = step.correction.map(|correction| correction.splat::<S>());
    let mut at = 0;
    while at < value.len() {
        let given = load::<S>(gradient, at, 0.0);
        let mean = load::<S>(first, at, 0.0) * beta_1 + given * new_1;
        let square = load::<S>(second, at, 0.0) * beta_2 + given * given * new_2;
        let size = (square / correction_2).sqrt() + step.epsilon.splat();
        let moved = load::<S>(value, at, 0.0) * step.kept.splat() - mean / correction_1 / size * step.lr.splat();
        store(first, at, mean);
        store(second, at, square);
        store(value, at, moved);
        at += lanes::<S>();
    }
}
