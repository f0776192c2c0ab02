//! DistiLLM-2 (Ko et al. 2025, eq. 5): a contrast of two losses on two kinds of text. Skewed forward KL on the teacher's texts raises what
//! the teacher says, skewed reverse KL on the student's own lowers what the teacher would not.
//!
//! `SKL_λ = KL(p‖λp + (1−λ)q)` and `SRKL_λ = KL(q‖(1−λ)p + λq)`, the student inside the second mixture without gradient, as in the authors'
//! code. The loss is `(2−β)·SKL + β·SRKL`; β goes from 1 to `own_weight` (1.5) in the first half of the distillation and stays there.
//!
//! λ is chosen for every text by its gap, which is how much likelier it is to the one whose text it is: `p̄ − q̄` on the teacher's texts,
//! `q̄ − p̄` on the student's own, with p̄ and q̄ the geometric means of the probabilities of its tokens. `λ = 1 − (1−λ₀)·m/gap` within
//! [0.01, 0.1], λ₀ = 0.1, m the mean gap: a text with a gap above the mean is skewed more, one with a smaller gap less, and one whose gap has
//! the other sign than m, where the two sides have changed places, as much as can be.
//!
//! The authors' code (jongwooko/distillm-2) has all this and leaves it off: as published, `update_alpha` and `gradual_beta` are false, λ is
//! 0.1 and β is 1. There m would be measured once, at the first log; here it is that of the batch. Its means are over tokens of
//! each text and then over texts, here over all tokens of the batch.

use burn::tensor::Tensor;

use super::{Scene, Sequences, large_texts};
use crate::device::{Reads, log_softmax};
use crate::generate::GenerateError;
use crate::loss::{divergence, sequence};
use crate::method::response::Parts;

/// λ₀, and the range that λ keeps to.
const SKEW: f64 = 0.1;
const LEAST: f64 = 0.01;

/// # Errors
/// When sampling fails.
pub async fn loss(scene: &Scene<'_>) -> Result<Parts, GenerateError> {
    let teacher = scene.sequences(&scene.teacher_texts().await?);
    let own = scene.sequences(&scene.own_texts().await?);
    let forward = skewed(scene, &teacher, true).await?;
    let reverse = skewed(scene, &own, false).await?;
    let beta = own_weight(scene.experiment.text.own_weight, scene.progress());
    let soft = forward * (2.0 - beta) + reverse * beta;
    Ok(Parts::teacher(soft.clone(), soft))
}

async fn skewed(scene: &Scene<'_>, sequences: &Sequences, forward: bool) -> Result<Tensor<1>, GenerateError> {
    if scene.large {
        return large_texts::skewed(scene, sequences, forward, |p, q| skews(p, q, forward)).await;
    }
    let log_q = log_softmax(scene.student_logits(sequences));
    let log_p = log_softmax(scene.teacher_logits(sequences));
    let targets = scene.targets(sequences);
    let token = |log: Tensor<2>| (log.inner() * targets.clone().inner()).sum_dim(1);
    let mut reads = Reads::default();
    reads.add(token(log_p.clone()));
    reads.add(token(log_q.clone()));
    let read = reads.run().await?;
    let [teacher, student] = [0, 1].map(|side| sequences.of_responses(&read[side]));
    let skews = skews(&teacher, &student, forward);
    let per_row: Vec<Vec<f64>> = skews.iter().zip(&sequences.spans).map(|(skew, (_, count))| vec![*skew; *count]).collect();
    let [rows, _] = targets.dims();
    let skew = sequences.to_rows(&per_row, scene.place).reshape([rows, 1]);
    Ok(sequence::masked_mean(divergences(log_p, log_q, skew, forward), scene.mask(sequences)))
}

/// The skewed KL of every row, `[rows]`, out of log-probabilities `[rows, vocab]` and λ, `[rows, 1]`.
pub(super) fn divergences(log_p: Tensor<2>, log_q: Tensor<2>, skew: Tensor<2>, forward: bool) -> Tensor<1> {
    let terms = if forward {
        divergence::skew_forward_by_row(log_p, log_q, skew)
    } else {
        let held = log_q.clone().detach();
        divergence::skew_reverse_by_row(log_p, log_q, held, skew)
    };
    sequence::flat(terms.sum_dim(1))
}

/// β when so much of the distillation is done.
fn own_weight(last: f64, progress: f64) -> f64 {
    1.0 + (last - 1.0) * (2.0 * progress).min(1.0)
}

/// The geometric mean of the probabilities of each text's tokens, out of their logarithms.
fn means(texts: &[Vec<f64>]) -> Vec<f64> {
    texts.iter().map(|text| libm::exp(text.iter().sum::<f64>() / text.len().max(1) as f64)).collect()
}

/// λ of every text from the log-probabilities of its tokens under teacher and student. The texts are the teacher's, or the student's own.
fn skews(teacher: &[Vec<f64>], student: &[Vec<f64>], of_teacher: bool) -> Vec<f64> {
    let [own, other] = if of_teacher { [teacher, student] } else { [student, teacher] }.map(means);
    let gaps: Vec<f64> = own.iter().zip(other).map(|(own, other)| own - other).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len().max(1) as f64;
    // The addend is the code's: a gap of 0 has a λ too.
    gaps.iter().map(|gap| (1.0 - (1.0 - SKEW) * mean / (gap + 1e-5)).clamp(LEAST, SKEW)).collect()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::device::testing::test;

    #[derive(Deserialize)]
    struct Case {
        name: String,
        teacher: Vec<Vec<f64>>,
        student: Vec<Vec<f64>>,
        of_teacher: Vec<f64>,
        of_student: Vec<f64>,
    }

    #[test]
    fn the_skew_of_each_text_is_that_of_the_formula() {
        let cases: Vec<Case> = serde_json::from_str(include_str!("../../../tests/reference/skews.json")).unwrap();
        for Case { name, teacher, student, of_teacher, of_student } in cases {
            for (side, expected) in [(true, of_teacher), (false, of_student)] {
                let found = skews(&teacher, &student, side);
                let close = found.len() == expected.len() && found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-9);
                assert!(close, "{name}, the teacher's texts: {side}: {found:?}, expected {expected:?}");
            }
        }
    }

    #[test]
    fn the_weight_of_own_texts_rises_for_half_of_the_time() {
        let at = |progress| own_weight(1.5, progress);
        assert_eq!([0.0, 0.25, 0.5, 0.99].map(at), [1.0, 1.25, 1.5, 1.5]);
        assert_eq!(own_weight(1.0, 0.7), 1.0, "the code as published");
    }
}
