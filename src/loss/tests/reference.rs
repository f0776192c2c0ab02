//! Every loss and gradient against float64 PyTorch: `tests/reference/losses.py` writes the numbers.

use burn::tensor::{Tensor, TensorData};
use serde::Deserialize;

use super::{Rows, assert_close, both, device, read, soft, tensor, with_gradient};
use crate::loss::{features, hard, teachers};
use crate::spec::Distill;

#[derive(Deserialize)]
struct Reference {
    draws: Vec<Draw>,
    soft: Vec<Soft>,
    hard: Vec<Hard>,
    hint: Pair<Rows>,
    attention: Pair<Vec<Vec<Rows>>>,
    average: Average,
}

#[derive(Deserialize)]
struct Draw {
    teacher: Rows,
    student: Rows,
    targets: Rows,
}

#[derive(Deserialize)]
struct Soft {
    draw: usize,
    distill: Distill,
    value: f64,
    gradient: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Hard {
    logits: Rows,
    targets: Rows,
    smoothing: f64,
    value: f64,
    gradient: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Pair<T> {
    student: T,
    teacher: T,
    value: f64,
    gradient: serde_json::Value,
}

#[derive(Deserialize)]
struct Average {
    teachers: Vec<Rows>,
    value: Vec<Vec<f64>>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../../../tests/reference/losses.json")).unwrap()
}

/// The numbers of nested lists, in order.
fn flat(value: &serde_json::Value) -> Vec<f64> {
    match value {
        serde_json::Value::Array(items) => items.iter().flat_map(flat).collect(),
        other => vec![other.as_f64().unwrap()],
    }
}

fn maps(nested: &[Vec<Rows>]) -> Tensor<4> {
    let shape = [nested.len(), nested[0].len(), nested[0][0].len(), nested[0][0][0].len()];
    Tensor::from_data(TensorData::new(nested.concat().concat().concat(), shape), &device())
}

both! {
    fn soft_losses_are_those_of_pytorch() {
        let reference = reference();
        for case in reference.soft {
            let Draw { teacher, student, targets } = &reference.draws[case.draw];
            let (value, gradient) = soft(teacher, student, targets, &case.distill);
            let what = format!("draw {} {:?}", case.draw, case.distill);
            assert_close(&[value], &[case.value], 2e-7, 2e-6, &what);
            assert_close(&gradient, &case.gradient.concat(), 2e-7, 1e-5, &what);
        }
    }

    fn hard_losses_are_those_of_pytorch() {
        for case in reference().hard {
            let targets = hard::smooth(tensor(&case.targets), case.smoothing);
            let (value, gradient) = with_gradient(tensor(&case.logits), |logits| hard::cross_entropy(logits, targets));
            assert_close(&[value], &[case.value], 2e-7, 2e-6, "cross-entropy");
            assert_close(&gradient, &case.gradient.concat(), 2e-7, 1e-5, "its gradient");
        }
    }

    fn hints_are_those_of_pytorch() {
        let case = reference().hint;
        let (value, gradient) = with_gradient(tensor(&case.student), |student| features::hint(student, tensor(&case.teacher)));
        assert_close(&[value], &[case.value], 1e-7, 2e-6, "hint");
        assert_close(&gradient, &flat(&case.gradient), 1e-7, 1e-5, "its gradient");
    }

    /// One of the student's maps is dead.
    fn attention_transfer_is_that_of_pytorch() {
        let case = reference().attention;
        let (value, gradient) = with_gradient(maps(&case.student), |s| features::attention_transfer(s, maps(&case.teacher)));
        assert_close(&[value], &[case.value], 1e-7, 2e-6, "attention");
        assert_close(&gradient, &flat(&case.gradient), 1e-7, 1e-5, "its gradient");
    }

    fn averaged_teachers_are_those_of_pytorch() {
        let case = reference().average;
        let found = read(teachers::average(case.teachers.iter().map(|rows| tensor(rows)).collect()));
        assert_close(&found, &case.value.concat(), 1e-6, 1e-6, "average");
        let one = read(teachers::average(vec![tensor(&case.teachers[0])]));
        assert_close(&one, &read(tensor(&case.teachers[0])), 0.0, 0.0, "one teacher");
    }
}
