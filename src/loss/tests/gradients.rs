//! Gradients against central differences, and the places where a gradient can break: equal sides, empty rows, underflow, ties.

use burn::tensor::{Tensor, TensorData};

use super::{assert_close, device, every, norm, read, scalar, soft, student_rows, target_rows, teacher_rows, tensor, with_gradient};
use crate::device::testing::test;
use crate::loss::{features, hard, soft::soft_loss, teachers};
use crate::spec::{Distill, Divergence};

/// Central differences of fourth order: a step large enough for float32, an error small enough for the comparison.
fn slopes(at: &[f32], loss: impl Fn(Vec<f32>) -> f64) -> Vec<f64> {
    let step = 2e-2_f32;
    let moved = |index: usize, by: f32| {
        let mut values = at.to_vec();
        values[index] += by;
        loss(values)
    };
    let slope = |index: usize| {
        let near = (moved(index, step) - moved(index, -step)) / f64::from(2.0 * step);
        let far = (moved(index, 2.0 * step) - moved(index, -2.0 * step)) / f64::from(4.0 * step);
        (4.0 * near - far) / 3.0
    };
    (0..at.len()).map(slope).collect()
}

#[test]
fn every_gradient_is_the_slope() {
    let (teacher, targets) = (teacher_rows(), target_rows());
    for standardize in [false, true] {
        for distill in every() {
            let distill = Distill { standardize, ..distill };
            let (_, gradient) = soft(&teacher, &student_rows(), &targets, &distill);
            let loss = |student: Vec<f32>| soft(&teacher, &rows_of(&student), &targets, &distill).0;
            let slopes = slopes(&student_rows().concat(), loss);
            assert_close(&gradient, &slopes, 2e-5, 2e-3, &format!("{:?}, standardize {standardize}", distill.divergence));
        }
    }
}

fn rows_of(values: &[f32]) -> Vec<Vec<f32>> {
    values.chunks(5).map(Into::into).collect()
}

#[test]
fn the_gradients_of_labels_hints_maps_and_several_teachers_are_the_slopes() {
    let check = |what: &str, at: &[f32], loss: &dyn Fn(Tensor<1>) -> Tensor<1>| {
        let flat = |values: Vec<f32>| Tensor::<1>::from_floats(values.as_slice(), &device());
        let (_, gradient) = with_gradient(flat(at.to_vec()), loss);
        assert_close(&gradient, &slopes(at, |values| scalar(loss(flat(values)))), 2e-5, 2e-3, what);
    };
    let student = student_rows().concat();
    let logits = |z: Tensor<1>| z.reshape([3, 5]);
    check("cross-entropy", &student, &|z| hard::cross_entropy(logits(z), tensor(&target_rows())));
    check("label smoothing", &student, &|z| hard::cross_entropy(logits(z), hard::smooth(tensor(&target_rows()), 0.2)));
    let ensemble = || teachers::average(vec![tensor(&teacher_rows()), tensor(&target_rows())]);
    check("two teachers", &student, &|z| soft_loss(ensemble(), logits(z), tensor(&target_rows()), &Distill::default()));
    // What learns of a hint: the student's hidden layer and the projection, one behind the other.
    let both: Vec<f32> = (0..3 * 2 + 2 * 5).map(|at| (1.3 * at as f32).sin()).collect();
    check("hint through a projection", &both, &|x| {
        let (hidden, projection) = (x.clone().narrow(0, 0, 6).reshape([3, 2]), x.narrow(0, 6, 10).reshape([2, 5]));
        features::hint(hidden.matmul(projection), tensor(&teacher_rows()))
    });
    let map: Vec<f32> = (0..24).map(|at| 1.5 + (0.7 * at as f32).sin()).collect();
    let teacher = || Tensor::<1>::from_floats([1.0, 0.5, 2.0, 0.25, 1.5, 3.0, 0.75, 1.25], &device()).reshape([2, 1, 2, 2]);
    check("attention transfer", &map, &|x| features::attention_transfer(x.reshape([2, 3, 2, 2]), teacher()));
}

#[test]
fn equal_sides_have_no_loss_and_no_gradient() {
    for distill in every() {
        let (value, gradient) = soft(&teacher_rows(), &teacher_rows(), &target_rows(), &distill);
        assert!(value.abs() < 1e-6, "{:?}: {value}", distill.divergence);
        assert!(norm(&gradient) < 1e-6, "{:?}: {gradient:?}", distill.divergence);
    }
}

/// At T = ½ these logits are 120 nats apart: probabilities underflow on both sides, in the same and in different classes.
#[test]
fn underflow_leaves_losses_and_gradients_finite() {
    let teacher = vec![vec![30.0, -30.0, -30.0, 29.0], vec![-30.0, 30.0, -30.0, -30.0]];
    let student = vec![vec![-30.0, -30.0, 30.0, -30.0], vec![-30.0, 30.0, -30.0, -30.0]];
    let targets = vec![vec![0.0, 0.0, 1.0, 0.0], vec![0.0; 4]];
    for distill in every() {
        let distill = Distill { temperature: 0.5, ..distill };
        let (value, gradient) = soft(&teacher, &student, &targets, &distill);
        assert!(value.is_finite() && gradient.iter().all(|g| g.is_finite()), "{:?}: {value} {gradient:?}", distill.divergence);
    }
}

/// A network whose last layer starts at zero gives rows of equal logits: every class is the teacher's top class.
#[test]
fn rows_of_equal_logits_are_finite() {
    let (flat, targets) = (vec![vec![0.0; 5]; 3], target_rows());
    for standardize in [false, true] {
        for distill in every() {
            let distill = Distill { standardize, ..distill };
            for (teacher, student) in [(&flat, &flat), (&flat, &student_rows()), (&teacher_rows(), &flat)] {
                let (value, gradient) = soft(teacher, student, &targets, &distill);
                let finite = value.is_finite() && gradient.iter().all(|g| g.is_finite());
                assert!(finite, "{:?}, standardize {standardize}: {value} {gradient:?}", distill.divergence);
            }
        }
    }
}

/// DKD at equal logits: the odds of the target are even there (two classes), where |x| has no slope.
#[test]
fn dkd_has_its_slope_at_even_odds() {
    let distill = Distill { divergence: Divergence::Dkd, temperature: 1.0, ..Distill::default() };
    let (_, gradient) = soft(&[vec![1.0, 0.0]], &[vec![0.0, 0.0]], &[vec![1.0, 0.0]], &distill);
    let p = 1.0 / (1.0 + (-1.0_f64).exp());
    // β = 8 times the rounding of a softmax over the one other class.
    assert_close(&gradient, &[0.5 - p, p - 0.5], 2e-6, 0.0, "TCKD of two classes is the KL");
}

#[test]
fn the_teacher_gets_no_gradient() {
    for distill in every() {
        let teacher = tensor(&teacher_rows()).require_grad();
        let student = tensor(&student_rows()).require_grad();
        let gradients = soft_loss(teacher.clone(), student.clone(), tensor(&target_rows()), &distill).backward();
        assert!(teacher.grad(&gradients).is_none(), "{:?}", distill.divergence);
        assert!(student.grad(&gradients).is_some(), "{:?}", distill.divergence);
    }
    let teacher = tensor(&teacher_rows()).require_grad();
    let gradients = features::hint(tensor(&student_rows()).require_grad(), teacher.clone()).backward();
    assert!(teacher.grad(&gradients).is_none());
}

/// The trainer hands in teacher logits with or without an autodiff device, and evaluates without any.
#[test]
fn the_teacher_may_stand_on_either_device() {
    let targets = || tensor(&target_rows());
    for distill in every() {
        let with = soft_loss(tensor(&teacher_rows()), tensor(&student_rows()), targets(), &distill);
        let without = soft_loss(tensor(&teacher_rows()).inner(), tensor(&student_rows()), targets(), &distill);
        let plain = soft_loss(tensor(&teacher_rows()).inner(), tensor(&student_rows()).inner(), targets().inner(), &distill);
        assert_eq!(scalar(with.clone()), scalar(without));
        assert_eq!(scalar(with), scalar(plain));
    }
}

#[test]
fn a_dead_map_has_no_gradient_and_no_nan() {
    let dead = Tensor::<4>::zeros([2, 3, 2, 2], &device());
    let alive = Tensor::<4>::from_data(TensorData::new((0..24).map(|v| v as f32 / 8.0).collect(), [2, 3, 2, 2]), &device());
    for teacher in [alive, dead.clone()] {
        let (value, gradient) = with_gradient(dead.clone(), |student| features::attention_transfer(student, teacher));
        assert!(value.is_finite());
        assert!(gradient.iter().all(|g| *g == 0.0));
    }
}

#[test]
fn rows_without_a_label_change_nothing() {
    let mut logits = student_rows();
    let mut targets = target_rows();
    let (with, gradient) = with_gradient(tensor(&logits), |z| hard::cross_entropy(z, tensor(&targets)));
    assert_eq!(gradient[5..10], [0.0; 5]);
    // Whatever the unlabelled row says, the loss is that of the other rows alone.
    logits[1] = vec![30.0, -30.0, 7.0, 0.0, 1.0];
    let other = scalar(hard::cross_entropy(tensor(&logits), tensor(&targets)));
    logits.remove(1);
    targets.remove(1);
    let alone = scalar(hard::cross_entropy(tensor(&logits), tensor(&targets)));
    assert_close(&[with, other], &[alone, alone], 1e-7, 1e-7, "mean over labelled rows");
    // Smoothing gives them no label either.
    let smoothed = hard::smooth(tensor(&target_rows()), 0.2);
    assert_close(&read(smoothed)[..10], &[0.84, 0.04, 0.04, 0.04, 0.04, 0.0, 0.0, 0.0, 0.0, 0.0], 1e-7, 0.0, "smoothed");
}

#[test]
fn a_batch_without_labels_has_no_loss() {
    let none = tensor(&vec![vec![0.0; 5]; 3]);
    let (value, gradient) = with_gradient(tensor(&student_rows()), |z| hard::cross_entropy(z, none));
    assert_eq!(value, 0.0);
    assert!(gradient.iter().all(|g| *g == 0.0));
}

/// Zhao et al. 2022, eq. 6: KL = TCKD + (1−p_t)·NCKD, for the label's class and, without a label, for the teacher's own.
#[test]
fn dkd_takes_the_kl_apart() {
    let (teacher, student) = (teacher_rows(), student_rows());
    let base = Distill { temperature: 1.0, ..Distill::default() };
    for (row, target) in [(0, 0), (1, 2), (2, 3)] {
        let exps: Vec<_> = teacher[row].iter().map(|z| f64::from(*z).exp()).collect();
        let p_target = exps[target] / exps.iter().sum::<f64>();
        let dkd = Distill { divergence: Divergence::Dkd, dkd_alpha: 1.0, dkd_beta: 1.0 - p_target, ..base.clone() };
        let one = |rows: &[Vec<f32>]| vec![rows[row].clone()];
        let (kl, kl_gradient) = soft(&one(&teacher), &one(&student), &one(&target_rows()), &base);
        let (value, gradient) = soft(&one(&teacher), &one(&student), &one(&target_rows()), &dkd);
        assert_close(&[value], &[kl], 1e-6, 1e-6, "value");
        assert_close(&gradient, &kl_gradient, 1e-6, 1e-5, "gradient");
    }
}
