//! Losses on representations against PyTorch: `tests/reference/encoder.py` writes the numbers.

use burn::tensor::{Tensor, TensorData};
use serde_json::Value;

use super::{device, read};
use crate::device::testing::test;
use crate::loss::representations;

fn wave<const D: usize>(seed: f64, shape: [usize; D]) -> Tensor<D> {
    let count = shape.iter().product::<usize>();
    let values: Vec<f32> = (0..count).map(|i| (0.7 * i as f64 + seed).sin() as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), &device())
}

fn unit(x: Tensor<2>) -> Tensor<2> {
    x.clone() / x.square().sum_dim(1).sqrt()
}

fn flat(value: &Value) -> Vec<f64> {
    value.as_array().map_or_else(|| value.as_f64().into_iter().collect(), |list| list.iter().flat_map(flat).collect())
}

fn agrees(name: &str, student: Tensor<2>, loss: impl Fn(Tensor<2>) -> Tensor<1>) {
    let reference: Value = serde_json::from_str(include_str!("../../../tests/reference/encoder.json")).unwrap();
    let expected = &reference["losses"][name];
    let student = student.require_grad();
    let value = loss(student.clone());
    let gradient = student.grad(&value.backward()).expect("the student learns");
    let close = |what: &str, found: Vec<f64>, expected: Vec<f64>| {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((*found - expected).abs() < 2e-5 * expected.abs().max(1.0), "{name} {what}: {found} instead of {expected}");
        }
    };
    close("value", read(value), flat(&expected["value"]));
    close("gradient", read(gradient), flat(&expected["gradient"]));
}

#[test]
fn losses_on_rows_agree_with_pytorch() {
    let teacher = wave(1.0, [4, 6]);
    agrees("cosine", wave(0.0, [4, 6]), |student| representations::cosine(student, teacher.clone()).mean());
    agrees("hidden", wave(0.0, [4, 6]), |student| representations::hidden(student, teacher.clone()).mean());
    agrees("similarities", wave(0.0, [4, 6]), |student| representations::similarities(unit(student), unit(teacher.clone())));
    agrees("contrastive", wave(0.0, [4, 6]), |student| representations::contrastive(unit(student), unit(teacher.clone()), 0.05));
}

#[test]
fn relations_agree_with_pytorch_between_networks_of_two_widths() {
    let place = device().inner();
    let hidden = f32::NEG_INFINITY;
    let keys = [[0.0; 6], [0.0, 0.0, 0.0, 0.0, hidden, hidden]];
    let bias: Vec<f32> = keys.iter().flat_map(|keys| std::iter::repeat_n(keys, 6)).flatten().copied().collect();
    let bias = Tensor::<4>::from_data(TensorData::new(bias, [2, 1, 6, 6]), &place);
    let real: Vec<f32> = keys.iter().flatten().map(|key| if *key == 0.0 { 1.0 } else { 0.0 }).collect();
    let real = Tensor::<2>::from_data(TensorData::new(real, [2, 6]), &place);
    agrees("relations", wave(2.0, [12, 12]), |student| {
        representations::relations(student, wave(3.0, [12, 24]), 2, bias.clone(), real.clone())
    });
}
