//! Embedding tables that are narrower than the network, out of tables that are not (factorised embeddings, Lan et al. 2019).
//!
//! What a token's vector and its position's make together is normalised, so only its direction beside the mean of its numbers counts. Of these
//! directions the principal ones are kept (truncated SVD), turned so that the mean of the new, fewer numbers is 0 by itself: then the norm of the
//! narrow sum is that of the wide one, but for what was cut off, and the projection behind it turns back.

use std::collections::BTreeMap;

use rand::Rng;

use super::config::EncoderConfig;
use crate::data;

/// Rounds of orthogonal iteration: what is left of a direction beyond the kept ones shrinks each time by the ratio of their squared lengths.
const ROUNDS: usize = 30;

/// More directions than are asked for, so that the last of these converge too.
const SPARE: usize = 8;

/// The same encoder with embedding tables of width `embedding`, from 2 and below what they have. It has no head for masked words: that is made of
/// the table. Token types must be among the positions already, as a [student](EncoderConfig::student)'s are.
pub fn narrowed(config: &EncoderConfig, values: &[Vec<f32>], embedding: usize) -> (EncoderConfig, Vec<Vec<f32>>) {
    let (from, width) = (config.embedding, config.width);
    let known: BTreeMap<String, &Vec<f32>> =
        config.parameters().into_iter().zip(values).map(|(parameter, values)| (parameter.name, values)).collect();
    let [tokens, positions] = ["tokens.weight", "positions.weight"].map(|name| centred(known[name], from));
    let turn = product(
        &transposed(&principal(&moment(&tokens, &positions, from), from, embedding - 1), from),
        &without_mean(embedding),
        embedding - 1,
        embedding,
    );
    let flat = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect::<Vec<f32>>();
    let narrow = |table: &[f64]| flat(product(table, &turn, from, embedding));
    // The norm divides by the root of the mean square: of fewer numbers with the same sum of squares that is more.
    let scale = (from as f64 / embedding as f64).sqrt();
    let gain: Vec<f64> = known["norm.weight"].iter().map(|gain| f64::from(*gain) * scale).collect();
    // [from, width]: what stood behind the norm.
    let behind: Vec<f64> = match known.get("project.weight") {
        Some(project) => project.iter().copied().map(f64::from).collect(),
        None => (0..from * width).map(|at| if at / width == at % width { 1.0 } else { 0.0 }).collect(),
    };
    let gained: Vec<f64> = behind.iter().enumerate().map(|(at, value)| value * gain[at / width]).collect();
    let shift: Vec<f64> = known["norm.bias"].iter().copied().map(f64::from).collect();
    let mut bias = product(&shift, &behind, from, width);
    if let Some(more) = known.get("project.bias") {
        bias.iter_mut().zip(more.iter()).for_each(|(bias, more)| *bias += f64::from(*more));
    }
    let config = EncoderConfig { embedding, masked: false, ..config.clone() };
    let values = config
        .parameters()
        .into_iter()
        .map(|parameter| match parameter.name.as_str() {
            "tokens.weight" => narrow(&tokens),
            "positions.weight" => narrow(&positions),
            "norm.weight" => vec![1.0; embedding],
            "norm.bias" => vec![0.0; embedding],
            "project.weight" => flat(product(&transposed(&turn, embedding), &gained, from, width)),
            "project.bias" => flat(bias.clone()),
            name => known[name].clone(),
        })
        .collect();
    (config, values)
}

/// `[rows, inner]·[inner, columns]`.
fn product(a: &[f64], b: &[f64], inner: usize, columns: usize) -> Vec<f64> {
    let mut out = vec![0.0; a.len() / inner * columns];
    for (row, out) in a.chunks(inner).zip(out.chunks_mut(columns)) {
        for (value, line) in row.iter().zip(b.chunks(columns)) {
            out.iter_mut().zip(line).for_each(|(out, b)| *out += value * b);
        }
    }
    out
}

fn transposed(a: &[f64], columns: usize) -> Vec<f64> {
    let rows = a.len() / columns;
    (0..a.len()).map(|at| a[at % rows * columns + at / rows]).collect()
}

/// Rows without the mean of their numbers.
fn centred(table: &[f32], width: usize) -> Vec<f64> {
    let row = |row: &[f32]| {
        let mean = row.iter().copied().map(f64::from).sum::<f64>() / width as f64;
        row.iter().map(|value| f64::from(*value) - mean).collect::<Vec<_>>()
    };
    table.chunks(width).flat_map(row).collect()
}

/// The mean of `x·xᵀ`, `[width, width]`, over sums x of any token and any position.
fn moment(tokens: &[f64], positions: &[f64], width: usize) -> Vec<f64> {
    let mut sum = vec![0.0; width * width];
    let mut means = Vec::new();
    for table in [tokens, positions] {
        let share = width as f64 / table.len() as f64;
        let mut mean = vec![0.0; width];
        for row in table.chunks(width) {
            for (at, value) in row.iter().enumerate() {
                mean[at] += value * share;
                sum[at * width..][..width].iter_mut().zip(row).for_each(|(sum, other)| *sum += value * other * share);
            }
        }
        means.push(mean);
    }
    for (a, b) in [(0, 1), (1, 0)] {
        for (value, line) in means[a].iter().zip(sum.chunks_mut(width)) {
            line.iter_mut().zip(&means[b]).for_each(|(sum, other)| *sum += value * other);
        }
    }
    sum
}

/// The `count` principal directions of a symmetric matrix without negative eigenvalues, as rows of length 1: orthogonal iteration (Golub & Van Loan
/// §8.2.4).
fn principal(matrix: &[f64], width: usize, count: usize) -> Vec<f64> {
    let mut rng = data::rng(0, "principal directions");
    let kept = (count + SPARE).min(width);
    let mut rows: Vec<f64> = (0..kept * width).map(|_| f64::from(rng.next_u32()) / f64::from(u32::MAX) - 0.5).collect();
    for _ in 0..ROUNDS {
        rows = product(&rows, matrix, width, width);
        orthonormalise(&mut rows, width);
    }
    rows.truncate(count * width);
    rows
}

/// Gram-Schmidt, each row twice: once is not enough for rows that are almost dependent.
fn orthonormalise(rows: &mut [f64], width: usize) {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for at in 0..rows.len() / width {
        let (before, row) = rows[..(at + 1) * width].split_at_mut(at * width);
        for _ in 0..2 {
            for other in before.chunks(width) {
                let share = dot(row, other);
                row.iter_mut().zip(other).for_each(|(value, other)| *value -= share * other);
            }
            let length = dot(row, row).sqrt().max(f64::MIN_POSITIVE);
            row.iter_mut().for_each(|value| *value /= length);
        }
    }
}

/// Rows of length 1, at right angles to each other and to a vector of ones, `[width − 1, width]` (Helmert's matrix without its first row).
fn without_mean(width: usize) -> Vec<f64> {
    let row = |at: usize| {
        let length = ((at * (at + 1)) as f64).sqrt();
        (0..width).map(move |column| match column {
            _ if column < at => 1.0 / length,
            _ if column == at => -(at as f64) / length,
            _ => 0.0,
        })
    };
    (1..width).flat_map(row).collect()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Int, Tensor, TensorData};

    use super::super::{Encoder, Padding};
    use super::*;
    use crate::device::testing::{test, test_async};
    use crate::device::{Place, read};
    use crate::model::Trainable;
    use crate::model::testing::waves;

    /// The largest difference between states of a narrowed encoder and of the one before.
    async fn difference(config: &EncoderConfig, embedding: usize) -> f32 {
        let values = waves(&config.parameters());
        let (narrow, its) = narrowed(config, &values, embedding);
        assert_eq!((narrow.embedding, narrow.width), (embedding, config.width));
        let device = Place::cpu().inner();
        let padding = Padding::new(&[6, 4], 6, &device);
        let state = |config: &EncoderConfig, values: &[Vec<f32>]| {
            let ids: Vec<i32> = (0..12).map(|at| at * 5 % 11).collect();
            let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [2, 6]), &device);
            Encoder::build(config, values, &device).state(ids, &padding)
        };
        read((state(config, &values) - state(&narrow, &its)).abs().max()).await.unwrap()[0]
    }

    /// Eleven tokens and eight positions have no more than nineteen directions.
    #[test_async]
    async fn tables_of_full_rank_change_no_state() {
        let config = EncoderConfig { masked: false, ..EncoderConfig::bert(11, 8, 32, 2, 2) };
        let full = difference(&config, 20).await;
        assert!(full < 1e-4, "{full}");
        let projected = difference(&EncoderConfig { width: 16, ..config.clone() }, 20).await;
        assert!(projected < 1e-4, "behind a projection that was there before: {projected}");
    }

    /// A matrix whose eigenvectors are known.
    #[test]
    fn the_longest_directions_are_kept() {
        let width = 12;
        let axes = without_mean(width);
        let axes: Vec<&[f64]> = axes.chunks(width).collect();
        let mut matrix = vec![0.0; width * width];
        for (axis, length) in axes.iter().zip([0.1, 7.0, 0.5, 3.0, 0.2, 5.0, 0.3, 0.1, 0.6, 0.1, 0.0]) {
            (0..width * width).for_each(|at| matrix[at] += length * axis[at / width] * axis[at % width]);
        }
        let found = principal(&matrix, width, 3);
        for axis in [1, 5, 3] {
            let within: f64 = product(&found, axes[axis], width, 1).iter().map(|share| share * share).sum();
            assert!((within - 1.0).abs() < 1e-9, "{within} of axis {axis} lies among the kept directions");
        }
    }
}
