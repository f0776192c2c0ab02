//! Universal logit distillation against PyTorch, and what it cannot see.

use burn::tensor::{Int, Tensor, TensorData};

use super::text::reference;
use super::{Rows, assert_close, device, read, tensor, with_gradient};
use crate::device::testing::test;
use crate::loss::uld::{ranks, sorted_probabilities, uld_rows};

/// The distance of each row.
fn rows(teacher: &Rows, student: Tensor<2>) -> Tensor<1> {
    let ([count, vocab], known) = (student.dims(), teacher[0].len());
    let logits: Vec<f32> = read(student.clone()).iter().map(|z| *z as f32).collect();
    let sorted = TensorData::new(sorted_probabilities(&teacher.concat(), known), [count, known]);
    let ranks = TensorData::new(ranks(&logits, vocab), [count, vocab]);
    uld_rows(Tensor::from_data(sorted, &device()), student, Tensor::<2, Int>::from_data(ranks, &device()))
}

#[test]
fn it_is_that_of_pytorch_whichever_vocabulary_is_larger() {
    for case in reference().uld {
        let (value, gradient) = with_gradient(tensor(&case.student), |student| rows(&case.teacher, student).sum());
        let what = format!("{} against {}", case.teacher[0].len(), case.student[0].len());
        assert_close(&[value], &[case.value], 5e-7, 2e-6, &what);
        assert_close(&gradient, &case.gradients[0].concat(), 2e-7, 1e-5, &what);
    }
}

#[test]
fn tokens_have_no_names() {
    let teacher = vec![vec![2.0, 0.0, -1.0], vec![0.0, 0.5, 3.0]];
    let renamed = tensor(&[vec![-1.0, 2.0, 0.0], vec![3.0, 0.0, 0.5]]);
    assert_close(&read(rows(&teacher, renamed)), &[0.0, 0.0], 1e-6, 0.0, "the same shape");
}

#[test]
fn ranks_count_from_the_largest() {
    assert_eq!(ranks(&[0.5, 2.0, -1.0, 7.0, 7.0, 9.0], 3), [1, 0, 2, 1, 2, 0]);
    assert_eq!(ranks(&[], 0), [0; 0]);
    let sorted = sorted_probabilities(&[0.0, 200.0, 0.0, 0.0], 2);
    assert_eq!(sorted, [1.0, 0.0, 0.5, 0.5]);
}
