//! What is hidden stays hidden: the student's gradient must not know more of the teacher than its access allows.

use super::{assert_close, read, soft, student_rows, target_rows, teacher_rows, tensor};
use crate::device::testing::test;
use crate::loss::access;
use crate::spec::{Access, Distill};

fn with(access: Access, top_k: usize) -> Distill {
    Distill { access, top_k, temperature: 2.0, ..Distill::default() }
}

/// The second largest logit of each row exchanged with the smallest.
fn disguised() -> Vec<Vec<f32>> {
    teacher_rows()
        .into_iter()
        .map(|mut row| {
            let mut order: Vec<usize> = (0..row.len()).collect();
            order.sort_by(|a, b| row[*b].total_cmp(&row[*a]));
            row.swap(order[1], order[4]);
            row
        })
        .collect()
}

#[test]
fn top_k_keeps_what_it_tells_and_shares_out_the_rest() {
    let rows = [vec![2.0_f32, 1.0, 0.0, -1.0, 0.5]];
    let all: Vec<f64> = read(tensor(&rows).exp() / tensor(&rows).exp().sum_dim(1));
    let seen = read(access::top_k(tensor(&rows), 2).exp());
    let left = (all[2] + all[3] + all[4]) / 3.0;
    assert_close(&seen, &[all[0], all[1], left, left, left], 1e-6, 1e-5, "two classes of five");
    assert_close(&read(access::top_k(tensor(&rows), 4).exp()), &all, 1e-6, 1e-5, "with all but one known the last is known too");
}

#[test]
fn a_teacher_that_is_sure_hides_a_tail_that_stays_finite() {
    let seen = read(access::top_k(tensor(&[vec![200.0, 0.0, -50.0, -60.0]]), 1));
    assert!(seen.iter().all(|value| value.is_finite()), "{seen:?}");
}

#[test]
fn the_bare_answer_is_a_label() {
    assert_eq!(read(access::answer(tensor(&[vec![0.0, 3.0, 3.0], vec![1.0, 0.0, -1.0]]))), [0.0, 0.5, 0.5, 1.0, 0.0, 0.0]);
    let gradient = |teacher: &[Vec<f32>], distill: &Distill| soft(teacher, &student_rows(), &target_rows(), distill).1;
    let labels = with(Access::Labels, 1);
    assert_eq!(gradient(&teacher_rows(), &labels), gradient(&disguised(), &labels), "only the likeliest class may count");
    // Neither temperature nor divergence has a say.
    let hot = Distill { temperature: 9.0, divergence: crate::spec::Divergence::ReverseKl, ..labels };
    assert_eq!(gradient(&teacher_rows(), &with(Access::Labels, 1)), gradient(&teacher_rows(), &hot));
}

#[test]
fn the_more_a_student_sees_the_nearer_its_gradient_comes_to_that_of_all_logits() {
    let gradient = |distill: Distill| soft(&teacher_rows(), &student_rows(), &target_rows(), &distill).1;
    let all = gradient(with(Access::Logits, 1));
    let away = |k| {
        let some = gradient(with(Access::TopK, k));
        some.iter().zip(&all).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    };
    let distances = [1, 2, 3, 4].map(away);
    assert!(distances.windows(2).all(|pair| pair[0] > pair[1]), "{distances:?}");
    assert!(distances[3] < 1e-6, "{distances:?}");
}
