//! MiniLLM (Gu et al. 2023): the reverse KL of whole texts, `KL(q‖p)`, by policy gradient on the student's own texts.
//!
//! | knob | paper | without |
//! |---|---|---|
//! | `teacher_mix` α | each token is drawn from `αp + (1−α)q` and weighed by `w = q/p̃` of that token alone (§2.2) | the student writes alone |
//! | `single_step` | the next token's part of the gradient is `∇KL(q_t‖p_t)`, exactly, over the vocabulary | it is sampled too: `R_t` for `R_{t+1}` |
//! | `length_norm` | `R_{t+1}` is divided by the tokens that it sums | long texts are punished for their length |
//! | `clip` ε | PPO's, of the ratio `q_θ/p̃` | the plain ratio |
//! | `lm_weight` | `L_PT`: language modelling, here on the responses of the data | none |
//!
//! Rewards, weights and the single step are of both networks as they stand, at temperature 1, whatever `sampling_temperature` the texts are drawn
//! at: q in w is the student's own, p̃ what the token was drawn from.
//!
//! `variant = lmops` follows the authors' code instead, which differs from the paper: the return counts `r_t` although the single-step
//! term has it, is discounted by 0.95, always divided by `T − t + 1`, and whitened over the micro-batch; rewards are divided by 0.5 and clipped to
//! ±100 (see [`policy::lmops_advantages`]); the single-step term has no weights; and `L_PT` is half cross-entropy, half soft
//! cross-entropy with the teacher (`kd_ratio` 0.5), here on the data, by the KL from the teacher, which has the same gradient. Not followed: pads in the
//! whitening, the plain text that `L_PT` is of, and the shape of the loop (256 texts for four epochs of batches; here
//! `train.batch_size` texts for `inner_steps` steps).

use std::ops::Range;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::{Memory, Scene, Sequences, Written, large_texts, sft, token_kd};
use crate::device::{log_softmax, read};
use crate::generate::{GenerateError, Mixture, Speaker};
use crate::loss::{policy, sequence};
use crate::method::response::Parts;
use crate::spec::{Access, Distill, Divergence, Experiment, Variant};

/// The code's discount, reward scaling and reward clip.
const GAMMA: f64 = 0.95;
const SCALING: f64 = 0.5;
const REWARD_CLIP: f64 = 100.0;
/// Its share of the labels in the language-modelling loss; the rest is the teacher's.
const LABELS: f64 = 0.5;

/// Texts that a few steps learn from, with one number per token of each response; those of a step's micro-batches one after the other.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rollouts {
    texts: Vec<Written>,
    /// `log q` when they were written.
    log_q: Vec<Vec<f64>>,
    /// `q/p̃` when they were written.
    weights: Vec<Vec<f64>>,
    advantages: Vec<Vec<f64>>,
    /// Steps that they are still good for.
    left: usize,
}

impl Rollouts {
    pub fn texts(&self) -> &[Written] {
        &self.texts
    }

    fn append(&mut self, more: Self) {
        self.texts.extend(more.texts);
        self.log_q.extend(more.log_q);
        self.weights.extend(more.weights);
        self.advantages.extend(more.advantages);
        self.left = more.left;
    }

    fn part(&self, range: Range<usize>) -> Self {
        Self {
            texts: self.texts[range.clone()].to_vec(),
            log_q: self.log_q[range.clone()].to_vec(),
            weights: self.weights[range.clone()].to_vec(),
            advantages: self.advantages[range].to_vec(),
            left: self.left,
        }
    }
}

/// # Errors
/// When sampling fails.
pub async fn loss(scene: &Scene<'_>, memory: &mut Memory) -> Result<Parts, GenerateError> {
    let mut rollouts = memory.rollouts.take().filter(|rollouts| rollouts.left > 0).unwrap_or_default();
    let first = scene.micro * scene.rows.len();
    if rollouts.texts.len() <= first {
        rollouts.append(write(scene).await?);
    }
    let parts = learn(scene, &rollouts.part(first..first + scene.rows.len()));
    if scene.micro + 1 == scene.experiment.train.accumulate {
        rollouts.left -= 1;
    }
    memory.rollouts = Some(rollouts);
    Ok(parts)
}

async fn write(scene: &Scene<'_>) -> Result<Rollouts, GenerateError> {
    let text = &scene.experiment.text;
    let mixture = (text.teacher_mix > 0.0).then_some(Mixture { teacher: scene.teacher, share: text.teacher_mix });
    let prompts = scene.prompts();
    let written =
        scene.write((scene.speaker, scene.reading), mixture, prompts.clone(), &format!("rollouts at step {}", scene.moment())).await?;
    let texts: Vec<Written> = prompts.iter().zip(&written).map(|(prompt, text)| Written::sampled(prompt, text, scene.set().stop)).collect();
    let sequences = scene.sequences(&texts);
    let log_p = if scene.large {
        large_texts::teacher_log_probs(scene, &sequences).await?
    } else {
        let teacher = sequence::token_log_probs(scene.teacher_logits(&sequences), scene.targets(&sequences));
        sequences.of_responses(&read(teacher.inner()).await?)
    };
    let log_q: Vec<Vec<f64>> = written.iter().map(|text| text.log_probs.clone()).collect();
    let weights = written.iter().map(|text| text.weights.clone()).collect();
    let rewards = rewards(&log_p, &log_q)?;
    let advantages = match text.variant {
        Variant::Lmops => policy::lmops_advantages(&rewards, GAMMA, SCALING, REWARD_CLIP),
        Variant::Paper if text.single_step => rewards.iter().map(|rewards| policy::returns_after(rewards, text.length_norm)).collect(),
        Variant::Paper => rewards.iter().map(|rewards| policy::returns_from(rewards, text.length_norm)).collect(),
    };
    Ok(Rollouts { texts, log_q, weights, advantages, left: text.inner_steps })
}

/// The rewards of every token of every text.
///
/// # Errors
/// The network whose log-probabilities are no numbers: whitening and sums would spread one over the whole batch.
fn rewards(log_p: &[Vec<f64>], log_q: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, GenerateError> {
    for (speaker, texts) in [(Speaker::Teacher, log_p), (Speaker::Student, log_q)] {
        if texts.iter().flatten().any(|value| !value.is_finite()) {
            return Err(GenerateError::NotFinite(speaker));
        }
    }
    Ok(log_p.iter().zip(log_q).map(|(p, q)| policy::rewards(p, q)).collect())
}

fn learn(scene: &Scene, rollouts: &Rollouts) -> Parts {
    let sequences = scene.sequences(&rollouts.texts);
    let soft = if scene.large {
        large_texts::policy(scene, &sequences, [&rollouts.log_q, &rollouts.weights, &rollouts.advantages])
    } else {
        policy(scene, &sequences, rollouts)
    };
    let hard = match scene.experiment.text.variant {
        Variant::Paper => language_modelling(scene),
        Variant::Lmops => guided_language_modelling(scene),
    };
    let total = match &hard {
        Some(hard) => soft.clone() + hard.clone() * scene.experiment.text.lm_weight,
        None => soft.clone(),
    };
    Parts::of(total, hard, Some(soft))
}

fn policy(scene: &Scene, sequences: &Sequences, rollouts: &Rollouts) -> Tensor<1> {
    let rows = [&rollouts.log_q, &rollouts.weights, &rollouts.advantages];
    let rows = rows.map(|values| sequences.to_rows(values, scene.place));
    let (logits, targets) = (scene.student_logits(sequences), scene.targets(sequences));
    surrogate(scene, logits, targets, || scene.teacher_logits(sequences), rows, scene.mask(sequences))
}

/// The surrogate and, if wanted, the single-step term, mean over the rows of `mask`, `[1]`. Logits and `targets` are `[rows, vocab]`; of the rest,
/// `[rows]` each, `old` is the log-probability with which the student sampled the token.
pub(super) fn surrogate(
    scene: &Scene,
    logits: Tensor<2>,
    targets: Tensor<2>,
    teacher_logits: impl FnOnce() -> Tensor<2>,
    [old, weights, advantages]: [Tensor<1>; 3],
    mask: Tensor<1>,
) -> Tensor<1> {
    let text = &scene.experiment.text;
    let log_q = log_softmax(logits);
    let chosen = sequence::flat((log_q.clone() * targets).sum_dim(1));
    let clip = (text.clip > 0.0).then_some(text.clip);
    let long = policy::surrogate(chosen, old, weights.clone(), advantages, mask.clone(), clip);
    if !text.single_step {
        return long;
    }
    let weighed = (text.variant == Variant::Paper).then_some(weights);
    long + policy::single_step(log_softmax(teacher_logits()), log_q, weighed, mask)
}

/// The code's language-modelling loss on the data, `½·CE + ½·KL(p‖q)`, unless its weight is 0.
fn guided_language_modelling(scene: &Scene) -> Option<Tensor<1>> {
    let distill = Distill {
        alpha: LABELS,
        temperature: 1.0,
        divergence: Divergence::ForwardKl,
        standardize: false,
        access: Access::Logits,
        ..scene.experiment.distill.clone()
    };
    let experiment = Experiment { distill, ..scene.experiment.clone() };
    (experiment.text.lm_weight > 0.0).then(|| token_kd::loss(&Scene { experiment: &experiment, ..*scene }).total)
}

/// The language-modelling loss on the data, unless its weight is 0.
pub(super) fn language_modelling(scene: &Scene) -> Option<Tensor<1>> {
    (scene.experiment.text.lm_weight > 0.0).then(|| sft::loss(scene).total)
}

#[cfg(test)]
mod tests {
    use super::super::large_tests::Stage;
    use super::*;
    use crate::device::testing::{test, test_async};

    /// A student that is its teacher already has nothing to learn, at whatever temperature and by whatever mixture it writes.
    #[test_async]
    async fn a_student_like_its_teacher_gets_no_reward() {
        let stage = Stage::new(true);
        for (temperature, mix) in [("1", "0.2"), ("0.5", "0.2"), ("0.5", "0"), ("2", "0.2")] {
            let set = [("text.sampling_temperature", temperature), ("text.teacher_mix", mix), ("text.lm_weight", "0")];
            let experiment = Experiment::from_preset("minillm", set).unwrap();
            for large in [false, true] {
                let scene = stage.scene(&experiment, &[0, 1, 2], large);
                let scene = Scene { teacher: scene.speaker, ..scene };
                let rollouts = write(&scene).await.unwrap();
                assert!(rollouts.advantages.iter().flatten().all(|value| value.abs() < 1e-4), "at {temperature}: {rollouts:?}");
                let soft = learn(&scene, &rollouts).soft.expect("it learns from the teacher").inner();
                assert!(read(soft).await.unwrap()[0].abs() < 1e-4, "at {temperature}");
            }
        }
    }

    #[test]
    fn a_reward_that_is_no_number_is_refused_with_the_name_of_the_network() {
        let good = vec![vec![-1.0, -2.0], vec![-0.5]];
        for wild in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let bad = vec![vec![-1.0, wild], vec![-0.5]];
            let of = |p: &[Vec<f64>], q: &[Vec<f64>]| rewards(p, q).expect_err("a reward of NaN").to_string();
            assert!(of(&bad, &good).contains("the teacher answered"), "{wild}: {}", of(&bad, &good));
            assert!(of(&good, &bad).contains("the student answered"), "{wild}: {}", of(&good, &bad));
        }
        assert_eq!(rewards(&good, &[vec![-2.0, -2.0], vec![-1.0]]).unwrap(), [vec![1.0, 0.0], vec![0.5]]);
    }
}
