//! Tokens that do not count, the mean over those that do, and the teacher's top k with a tail bucket.

use burn::tensor::{Int, Tensor, TensorData};

use super::text::{reference, vector};
use super::{assert_close, device, every, norm, read, scalar, soft, student_rows, target_rows, teacher_rows, tensor, with_gradient};
use crate::device::testing::test;
use crate::loss::{hard, sequence, soft::soft_loss};
use crate::spec::{Access, Distill, Divergence};

fn top_k(k: usize, temperature: f64) -> Distill {
    Distill { access: Access::TopK, top_k: k, temperature, ..Distill::default() }
}

/// The masked mean of the divergence of each token, and its gradient with respect to the student.
fn masked(teacher: &[Vec<f32>], student: &[Vec<f32>], mask: &[f32], distill: &Distill) -> (f64, Vec<f64>) {
    with_gradient(tensor(student), |student| {
        let rows = sequence::soft_rows(tensor(teacher), student, tensor(&target_rows()), distill);
        sequence::masked_mean(rows, vector(mask))
    })
}

#[test]
fn a_token_that_does_not_count_changes_nothing() {
    for standardize in [false, true] {
        for access in [Access::Logits, Access::TopK, Access::Labels] {
            for distill in every() {
                let distill = Distill { access, standardize, ..distill };
                let what = format!("{:?}, {access:?}, standardize {standardize}", distill.divergence);
                let (value, gradient) = masked(&teacher_rows(), &student_rows(), &[1.0, 0.0, 0.5], &distill);
                let (mut teacher, mut student) = (teacher_rows(), student_rows());
                student[1] = vec![1e15, -1e15, 3e14, 0.0, -2e15];
                teacher[1] = vec![-1e15, 7.0, 1e15, 1e15, 0.0];
                let (wild_value, wild_gradient) = masked(&teacher, &student, &[1.0, 0.0, 0.5], &distill);
                assert_eq!(wild_value, value, "{what}");
                assert_eq!(wild_gradient, gradient, "{what}");
                assert_eq!(gradient[5..10], [0.0; 5], "{what}");
                assert!(value.is_finite() && norm(&gradient) > 0.0, "{what}");
            }
        }
    }
}

#[test]
fn with_a_mask_of_ones_the_mean_of_tokens_is_the_soft_loss() {
    for access in [Access::Logits, Access::Labels] {
        for distill in every() {
            let distill = Distill { access, ..distill };
            let (value, gradient) = masked(&teacher_rows(), &student_rows(), &[1.0; 3], &distill);
            let (expected, slope) = soft(&teacher_rows(), &student_rows(), &target_rows(), &distill);
            assert_close(&[value], &[expected], 1e-7, 1e-6, "value");
            assert_close(&gradient, &slope, 1e-7, 1e-6, "gradient");
        }
    }
}

/// Each row's value is that of a batch of this row alone, and so is its gradient.
#[test]
fn rows_are_independent() {
    for distill in every() {
        let rows = read(sequence::soft_rows(tensor(&teacher_rows()), tensor(&student_rows()), tensor(&target_rows()), &distill));
        for (row, value) in rows.iter().enumerate() {
            let one = |rows: Vec<Vec<f32>>| tensor(&[rows[row].clone()]);
            let alone = scalar(soft_loss(one(teacher_rows()), one(student_rows()), one(target_rows()), &distill));
            assert_close(&[*value], &[alone], 1e-7, 1e-6, &format!("{:?}, row {row}", distill.divergence));
        }
    }
}

#[test]
fn the_mean_is_over_tokens_of_the_whole_batch() {
    let mean = |values: &[f32], mask: &[f32]| scalar(sequence::masked_mean(vector(values), vector(mask)));
    // A text of one token and one of three: 5, not the mean of 2 and 6.
    assert_eq!(mean(&[2.0, 99.0, 99.0, 4.0, 6.0, 8.0], &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0]), 5.0);
    assert_eq!(mean(&[2.0, 8.0], &[0.5, 0.25]), 4.0);
    assert_eq!(mean(&[2.0, 4.0], &[0.0, 0.0]), 0.0);
}

#[test]
fn the_cross_entropy_of_tokens_is_that_of_labels() {
    let mask = vector(&[1.0, 0.0, 1.0]);
    let (value, gradient) = with_gradient(tensor(&student_rows()), |z| sequence::cross_entropy(z, tensor(&target_rows()), mask));
    // Without the mask the second row, which has no label, says nothing either.
    let (expected, slope) = with_gradient(tensor(&student_rows()), |z| hard::cross_entropy(z, tensor(&target_rows())));
    assert_close(&[value], &[expected], 1e-7, 1e-6, "value");
    assert_close(&gradient, &slope, 1e-7, 1e-6, "gradient");
    let log_probs = read(sequence::token_log_probs(tensor(&student_rows()), tensor(&target_rows())));
    assert_close(&[-(log_probs[0] + log_probs[2]) / 2.0], &[expected], 1e-7, 1e-6, "log-probabilities");
}

#[test]
fn the_tail_bucket_is_that_of_pytorch_from_logits_and_from_a_cache() {
    let cases = reference().top_k;
    for case in &cases.cases {
        let what = format!("k = {}, T = {}", case.k, case.temperature);
        let targets = || tensor(&vec![vec![0.0; 8]; 3]);
        let (value, gradient) = with_gradient(tensor(&cases.student), |student| {
            sequence::soft_rows(tensor(&cases.teacher), student, targets(), &top_k(case.k, case.temperature)).sum()
        });
        assert_close(&[value], &[case.value], 1e-6, 2e-6, &what);
        assert_close(&gradient, &case.gradients[0].concat(), 1e-6, 1e-5, &what);
        let ids = TensorData::new(case.ids.concat(), [3, case.k]);
        let (value, gradient) = with_gradient(tensor(&cases.student), |student| {
            let ids = Tensor::<2, Int>::from_data(ids.clone(), &device());
            sequence::cached_top_k_rows(tensor(&case.log_p), ids, student, targets(), &top_k(case.k, case.temperature)).sum()
        });
        // The cache's tail is what the stored numbers leave of 1.
        assert_close(&[value], &[case.value], 2e-6, 1e-5, &format!("cached, {what}"));
        assert_close(&gradient, &case.gradients[0].concat(), 2e-6, 1e-5, &format!("cached, {what}"));
    }
}

/// What [`crate::loss::access::top_k`] cannot do: it would pull an equal student's tail towards an even one.
#[test]
fn an_equal_student_has_nothing_to_learn_from_the_tail() {
    let targets = || tensor(&target_rows());
    for distill in every() {
        for k in [1, 2, 5, 9] {
            for temperature in [1.0, 4.0] {
                let distill = Distill { divergence: distill.divergence, ..top_k(k, temperature) };
                let rows = |student| sequence::soft_rows(tensor(&teacher_rows()), student, targets(), &distill).sum();
                let (value, gradient) = with_gradient(tensor(&teacher_rows()), rows);
                let what = format!("{:?}, k = {k}, T = {temperature}", distill.divergence);
                // DKD multiplies the roundings by its β.
                assert!(value.abs() < 2e-6 && norm(&gradient) < 1e-5, "{what}: {value} {gradient:?}");
                let (value, gradient) = with_gradient(tensor(&student_rows()), rows);
                assert!(value.is_finite() && gradient.iter().all(|g| g.is_finite()), "{what}: {value} {gradient:?}");
            }
        }
    }
    let (_, even) = soft(&teacher_rows(), &teacher_rows(), &target_rows(), &top_k(1, 4.0));
    assert!(norm(&even) > 0.01, "sharing evenly would do");
}

#[test]
fn all_but_one_token_known_is_all_known() {
    // A logit MSE compares log-probabilities there.
    for all in every().into_iter().filter(|distill| distill.divergence != Divergence::LogitMse) {
        let some = Distill { access: Access::TopK, top_k: 4, ..all.clone() };
        let what = format!("{:?}", all.divergence);
        let (value, gradient) = masked(&teacher_rows(), &student_rows(), &[1.0; 3], &all);
        let (bucket_value, bucket_gradient) = masked(&teacher_rows(), &student_rows(), &[1.0; 3], &some);
        assert_close(&[bucket_value], &[value], 5e-6, 1e-5, &what);
        assert_close(&bucket_gradient, &gradient, 5e-6, 1e-5, &what);
    }
}

/// Tokens that are thrown together cannot be told apart: at T = 1, where buckets are sums of the probabilities that are compared, none of the
/// divergences sees more of them than of the tokens themselves, and each sees more with every token more that is known.
#[test]
fn fewer_tokens_known_bound_a_divergence_from_below() {
    let bounded = |distill: &Distill| !matches!(distill.divergence, Divergence::LogitMse | Divergence::Dkd);
    for distill in every().into_iter().filter(bounded) {
        let of = |distill: Distill| {
            let rows = sequence::soft_rows(tensor(&teacher_rows()), tensor(&student_rows()), tensor(&target_rows()), &distill);
            read(rows)
        };
        let known = [1, 2, 3, 4].map(|k| of(Distill { divergence: distill.divergence, beta: 0.3, skew: 0.2, ..top_k(k, 1.0) }));
        let all = of(Distill { temperature: 1.0, ..distill.clone() });
        for (less, more) in known.iter().zip(known[1..].iter().chain([&all])) {
            let grows = less.iter().zip(more).all(|(less, more)| *less <= more + 1e-6);
            assert!(grows, "{:?}: {less:?} {more:?}", distill.divergence);
        }
        assert!(known[0].iter().sum::<f64>() < all.iter().sum::<f64>() - 0.01, "{:?}: {known:?} {all:?}", distill.divergence);
    }
}

/// The student's tail underflows in float32: it must still be pulled up.
#[test]
fn a_sure_student_still_hears_of_the_tail() {
    let teacher = [vec![1.0, 0.0, 0.0, 0.0]];
    let (value, gradient) = with_gradient(tensor(&[vec![150.0, 0.0, -10.0, -20.0]]), |student| {
        sequence::soft_rows(tensor(&teacher), student, tensor(&[vec![0.0; 4]]), &top_k(1, 1.0)).sum()
    });
    let tail = 3.0 / (3.0 + std::f64::consts::E);
    assert!(value > 70.0 && (gradient[1] + tail).abs() < 1e-3, "{value} {gradient:?}");
}

/// Rounded numbers in a cache may sum to more than 1, and an empty row holds zeros.
#[test]
fn a_rounded_or_empty_row_of_a_cache_is_finite() {
    let ids = Tensor::<2, Int>::from_data(TensorData::new(vec![0_i32, 2, 0, 0], [2, 2]), &device());
    let log_p = tensor(&[vec![-0.5_f32, -0.9], vec![0.0, 0.0]]);
    let targets = tensor(&[vec![0.0, 1.0, 0.0], vec![1.0, 0.0, 0.0]]);
    for distill in every() {
        let (value, gradient) = with_gradient(tensor(&[vec![1.0, 0.0, 2.0], vec![0.0, 1.0, 0.5]]), |student| {
            let rows = sequence::cached_top_k_rows(log_p.clone(), ids.clone(), student, targets.clone(), &distill);
            sequence::masked_mean(rows, vector(&[1.0, 0.0]))
        });
        assert!(value.is_finite() && gradient.iter().all(|g| g.is_finite()), "{:?}: {value} {gradient:?}", distill.divergence);
        assert_eq!(gradient[3..], [0.0; 3], "{:?}", distill.divergence);
    }
}

#[test]
fn a_skew_by_row_is_the_skew_of_each_row_and_a_held_mixture_gives_the_student_less_gradient() {
    use crate::loss::divergence;
    use burn::tensor::activation::log_softmax;
    let log = |rows: &[Vec<f32>]| log_softmax(tensor(rows), 1);
    let (p, q) = (log(&teacher_rows()), log(&student_rows()));
    let [rows, _] = p.dims();
    let lambda = Tensor::<2>::full([rows, 1], 0.3, &device());
    let plain = read(divergence::skew_forward(p.clone(), q.clone(), 0.3));
    assert_close(&read(divergence::skew_forward_by_row(p.clone(), q.clone(), lambda.clone())), &plain, 1e-6, 1e-5, "forward");
    let plain = read(divergence::skew_reverse(p.clone(), q.clone(), 0.3));
    assert_close(&read(divergence::skew_reverse_by_row(p.clone(), q.clone(), q, lambda.clone())), &plain, 1e-6, 1e-5, "reverse");
    let gradient = |held: bool| {
        let (_, gradient) = with_gradient(tensor(&student_rows()), |student| {
            let log_q = log_softmax(student, 1);
            let mixed = if held { log_q.clone().detach() } else { log_q.clone() };
            divergence::skew_reverse_by_row(p.clone(), log_q, mixed, lambda.clone()).sum()
        });
        norm(&gradient)
    };
    assert!((gradient(true) - gradient(false)).abs() > 1e-3, "the mixture's own gradient is left out");
}
