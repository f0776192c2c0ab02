//! DistiLLM-2 (Ko et al. 2025, eq. 5): a contrast of two losses on two kinds of text. Skewed forward KL on the teacher's texts raises what
//! the teacher says, skewed reverse KL on the student's own lowers what the teacher would not.
//!
//! `SKL_λ = KL(p‖λp + (1−λ)q)` and `SRKL_λ = KL(q‖(1−λ)p + λq)`, the student inside the second mixture without gradient, as in the authors'
//! code; their sum has weight 1 each (β = 1). λ is chosen for every text: the closer q already is to p there, the smaller,
//! `λ = 1 − (1−λ₀)·m/(p̄−q̄)` within [0.01, 0.1], λ₀ = 0.1, where p̄ and q̄ are the mean probabilities of the text's tokens and m is the mean of p̄−q̄ over
//! the batch.

use burn::tensor::{Tensor, activation::log_softmax};

use super::{Scene, Sequences, large_texts};
use crate::device::Reads;
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
    let soft = forward + reverse;
    Ok(Parts::teacher(soft.clone(), soft))
}

async fn skewed(scene: &Scene<'_>, sequences: &Sequences, forward: bool) -> Result<Tensor<1>, GenerateError> {
    if scene.large {
        return large_texts::skewed(scene, sequences, forward, |p, q| skews(&means(p), &means(q))).await;
    }
    let log_q = log_softmax(scene.student_logits(sequences), 1);
    let log_p = log_softmax(scene.teacher_logits(sequences), 1);
    let targets = scene.targets(sequences);
    let token = |log: Tensor<2>| (log.inner() * targets.clone().inner()).sum_dim(1).exp();
    let mut reads = Reads::default();
    reads.add(token(log_p.clone()));
    reads.add(token(log_q.clone()));
    let read = reads.run().await?;
    let [teacher, student] = [0, 1].map(|side| means(&sequences.of_responses(&read[side])));
    let skews = skews(&teacher, &student);
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

/// The mean of each text's numbers.
fn means(texts: &[Vec<f64>]) -> Vec<f64> {
    texts.iter().map(|text| text.iter().sum::<f64>() / text.len().max(1) as f64).collect()
}

/// λ of every text from its mean probabilities under teacher and student.
fn skews(teacher: &[f64], student: &[f64]) -> Vec<f64> {
    let gaps: Vec<f64> = teacher.iter().zip(student).map(|(p, q)| p - q).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len().max(1) as f64;
    // Where the student is ahead of the teacher, or level, there is nothing to be careful about.
    let of = |gap: &f64| if *gap > 1e-6 { (1.0 - (1.0 - SKEW) * mean / gap).clamp(LEAST, SKEW) } else { LEAST };
    gaps.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    #[test]
    fn a_text_on_which_the_student_is_far_behind_is_skewed_more() {
        let skews = skews(&[0.9, 0.9, 0.9], &[0.1, 0.85, 0.95]);
        assert_eq!(skews[0], SKEW);
        assert!(skews[1] == LEAST && skews[2] == LEAST, "{skews:?}");
        assert!(skews.iter().all(|skew| (LEAST..=SKEW).contains(skew)));
    }
}
