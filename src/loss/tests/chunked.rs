//! A loss in chunks of rows is the loss of the whole: value, gradients, and what is done with it afterwards.

use burn::tensor::Tensor;

use super::text::vector;
use super::{assert_close, read, scalar, target_rows, teacher_rows, tensor};
use crate::device::testing::test;
use crate::loss::{chunked::chunked, sequence};
use crate::spec::Distill;

const MASK: [f32; 3] = [1.0, 0.0, 0.5];

fn hidden() -> Tensor<2> {
    tensor(&[vec![0.5, -1.0], vec![2.0, 0.25], vec![-0.75, 1.5]])
}

fn head() -> Tensor<2> {
    tensor(&[vec![0.25, 1.0], vec![-0.5, 0.5], vec![1.5, -0.25], vec![0.0, 0.75], vec![-1.0, -1.25]])
}

/// The masked sum of a divergence over the rows of a range.
fn part(logits: Tensor<2>, range: std::ops::Range<usize>) -> Tensor<1> {
    let of = |rows: Vec<Vec<f32>>| tensor(&rows[range.clone()]);
    let rows = sequence::soft_rows(of(teacher_rows()), logits, of(target_rows()), &Distill::default());
    (rows * vector(&MASK[range.clone()])).sum()
}

/// A loss that uses the total and, besides, hidden layer and head: its value and its gradients.
fn trained(total: impl Fn(Tensor<2>, Tensor<2>) -> Tensor<1>) -> (f64, Vec<f64>, Vec<f64>) {
    let (hidden, head) = (hidden().require_grad(), head().require_grad());
    let (scaled, tied) = (hidden.clone() * 2.0, head.clone() * 0.5);
    let loss = total(scaled, tied.clone()) / 1.5 + hidden.clone().square().mean() + tied.square().sum();
    let gradients = loss.backward();
    let gradient = |tensor: &Tensor<2>| read(tensor.grad(&gradients).unwrap());
    (scalar(loss), gradient(&hidden), gradient(&head))
}

#[test]
fn chunks_sum_to_the_whole() {
    let plain = trained(|hidden, head| part(hidden.matmul(head.transpose()), 0..3));
    for chunk in [0, 1, 2, 3, 100] {
        let (value, to_hidden, to_head) = trained(|hidden, head| chunked(hidden, head, chunk, part));
        assert_close(&[value], &[plain.0], 1e-7, 1e-6, &format!("value, chunks of {chunk}"));
        assert_close(&to_hidden, &plain.1, 1e-7, 1e-5, &format!("towards the hidden layer, chunks of {chunk}"));
        assert_close(&to_head, &plain.2, 1e-7, 1e-5, &format!("towards the head, chunks of {chunk}"));
    }
}

#[test]
fn padding_changes_nothing() {
    let of = |padding: f32| {
        let hidden = tensor(&[vec![0.5, -1.0], vec![padding, 2.0 * padding], vec![-0.75, 1.5]]).require_grad();
        let head = head().require_grad();
        let loss = chunked(hidden.clone(), head.clone(), 2, part);
        let gradients = loss.backward();
        (scalar(loss), read(hidden.grad(&gradients).unwrap()), read(head.grad(&gradients).unwrap()))
    };
    let (value, to_hidden, to_head) = of(0.0);
    assert_eq!(to_hidden[2..4], [0.0; 2]);
    assert_eq!(of(1e6), (value, to_hidden, to_head));
}

#[test]
fn a_frozen_head_and_no_autodiff_give_the_same_value() {
    let whole = scalar(part(hidden().matmul(head().transpose()), 0..3));
    let learning = hidden().require_grad();
    let loss = chunked(learning.clone(), head().inner(), 2, part);
    let gradients = loss.backward();
    assert_close(&[scalar(loss)], &[whole], 1e-7, 1e-6, "a frozen head");
    let expected = hidden().require_grad();
    let plain = part(expected.clone().matmul(head().transpose()), 0..3).backward();
    let found = read(learning.grad(&gradients).unwrap());
    assert_close(&found, &read(expected.grad(&plain).unwrap()), 1e-7, 1e-5, "towards the hidden layer");
    let value = scalar(chunked(hidden().inner(), head().inner(), 2, |logits, range| part(logits, range).inner()));
    assert_close(&[value], &[whole], 1e-7, 1e-6, "without autodiff");
}

#[test]
fn chunks_that_depend_on_nothing_have_no_gradient() {
    let (hidden, head) = (hidden().require_grad(), head().require_grad());
    let constant = |logits: Tensor<2>, range: std::ops::Range<usize>| if range.start == 0 { part(logits, range) } else { vector(&[3.0]) };
    let loss = chunked(hidden.clone(), head, 1, constant);
    let gradients = loss.backward();
    let found = read(hidden.grad(&gradients).unwrap());
    assert!(found[0] != 0.0 && found[2..] == [0.0; 4], "{found:?}");
}
