//! The room against PyTorch, against finite differences, and against what the papers say must happen.
//!
//! They read tensors without waiting: the CPU backend can, under Node too.

mod access;
mod chunked;
mod fixtures;
mod gradients;
mod policy;
mod preference;
#[cfg(not(target_family = "wasm"))]
mod properties;
mod reference;
mod representations;
mod sequence;
mod text;
mod tokens;
mod uld;

use burn::tensor::{Device, Tensor, TensorData};

use super::soft::soft_loss;
use crate::spec::{Distill, Divergence};

type Rows = Vec<Vec<f32>>;

/// Every divergence, with parameters at which it is not the same as another.
fn every() -> Vec<Distill> {
    use Divergence::*;
    [ForwardKl, ReverseKl, JsdGkd, JsdContinuous, SkewForward, SkewReverse, TotalVariation, LogitMse, Dkd]
        .map(|divergence| Distill { divergence, beta: 0.3, skew: 0.2, temperature: 2.0, ..Distill::default() })
        .to_vec()
}

fn device() -> Device {
    Device::flex().autodiff()
}

fn tensor(rows: &[Vec<f32>]) -> Tensor<2> {
    let shape = [rows.len(), rows.first().map_or(0, Vec::len)];
    Tensor::from_data(TensorData::new(rows.concat(), shape), &device())
}

fn read<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.inner().into_data().iter::<f64>().collect()
}

fn scalar(tensor: Tensor<1>) -> f64 {
    let values = read(tensor);
    assert_eq!(values.len(), 1, "a loss is one number");
    values[0]
}

/// The loss and its gradient with respect to its argument.
fn with_gradient<const D: usize>(input: Tensor<D>, loss: impl FnOnce(Tensor<D>) -> Tensor<1>) -> (f64, Vec<f64>) {
    let input = input.require_grad();
    let value = loss(input.clone());
    let gradients = value.backward();
    (scalar(value), read(input.grad(&gradients).expect("the loss depends on its input")))
}

/// The soft loss of a student and its gradient.
fn soft(teacher: &[Vec<f32>], student: &[Vec<f32>], targets: &[Vec<f32>], distill: &Distill) -> (f64, Vec<f64>) {
    with_gradient(tensor(student), |student| soft_loss(tensor(teacher), student, tensor(targets), distill))
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// Within `absolute`, or within `relative` of the larger one.
fn close(found: f64, expected: f64, absolute: f64, relative: f64) -> bool {
    (found - expected).abs() <= absolute + relative * expected.abs().max(found.abs())
}

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64], absolute: f64, relative: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (f, e) in found.iter().zip(expected) {
        assert!(close(*f, *e, absolute, relative), "{what}: {found:?}, expected {expected:?}");
    }
}

fn teacher_rows() -> Rows {
    vec![vec![2.0, -1.0, 0.5, 0.25, -2.0], vec![-0.5, 1.5, 3.0, -1.0, 0.0], vec![0.0, 0.5, -0.25, 1.0, 4.0]]
}

fn student_rows() -> Rows {
    vec![vec![0.5, 0.25, -1.0, 1.5, 0.0], vec![1.0, -0.5, 0.75, 0.125, -2.0], vec![-2.0, 2.0, 0.0, 0.5, 1.25]]
}

/// The second row has no label.
fn target_rows() -> Rows {
    vec![vec![1.0, 0.0, 0.0, 0.0, 0.0], vec![0.0; 5], vec![0.0, 0.0, 0.0, 1.0, 0.0]]
}
