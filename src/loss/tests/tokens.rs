//! Token KD under every divergence against float64 PyTorch: `tests/reference/tokens.py` writes the numbers.

use std::collections::BTreeMap;

use burn::tensor::{Int, Tensor, TensorData};
use serde::Deserialize;

use super::{Rows, assert_close, device, tensor, text::vector, with_gradient};
use crate::device::testing::test;
use crate::loss::sequence;
use crate::spec::{Access, Distill, Divergence};

#[derive(Deserialize)]
struct Reference {
    teacher: Rows,
    student: Rows,
    mask: Vec<f32>,
    tokens: Vec<usize>,
    /// The teacher's likeliest tokens by k.
    top: BTreeMap<usize, Likeliest>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Likeliest {
    ids: Vec<Vec<i32>>,
    log_p: Rows,
}

#[derive(Deserialize)]
struct Case {
    distill: Distill,
    value: f64,
    gradient: Vec<Vec<f64>>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../../../tests/reference/tokens.json")).unwrap()
}

/// The tokens that stand there, one-hot.
fn targets(reference: &Reference) -> Tensor<2> {
    let vocab = reference.student[0].len();
    let row = |token: &usize| (0..vocab).map(|id| f32::from(id == *token)).collect();
    tensor(&reference.tokens.iter().map(row).collect::<Vec<_>>())
}

/// Holds a loss of rows, by its masked mean, against PyTorch's.
fn check(reference: &Reference, case: &Case, absolute: f64, what: &str, rows: impl FnOnce(Tensor<2>) -> Tensor<1>) {
    let (value, gradient) =
        with_gradient(tensor(&reference.student), |student| sequence::masked_mean(rows(student), vector(&reference.mask)));
    // DKD multiplies roundings by its β.
    let absolute = if case.distill.divergence == Divergence::Dkd { absolute * case.distill.dkd_beta } else { absolute };
    let what = format!("{what} {:?}", case.distill);
    assert_close(&[value], &[case.value], absolute, 5e-6, &what);
    assert_close(&gradient, &case.gradient.concat(), absolute, 1e-5, &what);
}

#[test]
fn every_divergence_of_tokens_is_that_of_pytorch() {
    let reference = reference();
    for case in &reference.cases {
        check(&reference, case, 1e-6, "whole", |student| {
            sequence::soft_rows(tensor(&reference.teacher), student, targets(&reference), &case.distill)
        });
    }
}

#[test]
fn every_divergence_of_stored_likeliest_tokens_is_that_of_pytorch() {
    let reference = reference();
    for case in reference.cases.iter().filter(|case| case.distill.access == Access::TopK) {
        let Likeliest { ids, log_p } = &reference.top[&case.distill.top_k];
        // What the stored numbers leave of 1 is the tail: a difference of numbers near 1, whose rounding is some share of so little. A logit MSE
        // compares its logarithm.
        let absolute = if case.distill.divergence == Divergence::LogitMse { 1e-4 } else { 1e-5 };
        check(&reference, case, absolute, "stored", |student| {
            let ids = Tensor::<2, Int>::from_data(TensorData::new(ids.concat(), [ids.len(), case.distill.top_k]), &device());
            sequence::cached_top_k_rows(tensor(log_p), ids, student, targets(&reference), &case.distill)
        });
    }
}
