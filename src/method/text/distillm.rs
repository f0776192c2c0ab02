//! DistiLLM (Ko et al. 2024): skewed KL, and an adaptive share of the student's own texts out of a replay buffer (algorithm 1).
//!
//! The share φ starts at 0 and grows by 0.1 whenever a validation finds the loss 0.1 above that of the validation that last decided
//! ([`heard`]); `student_share` bounds it. Validations are the evaluations, every `train.eval_every` steps, on the test texts (the authors'
//! code: every `eval_interval` steps, on texts held back for it): how far the share can come depends on how many there are. A step draws u: below φ·(1 − t/T) the student writes afresh and the text goes into the buffer, below φ an old text is
//! taken out of it, otherwise the data serves. The divergence is the experiment's; the paper's are `skew_forward` and `skew_reverse` at
//! λ = 0.1.

use rand::Rng;

use super::{Memory, Scene, token_kd};
use crate::data;
use crate::generate::GenerateError;
use crate::method::response::Parts;

/// By how much the share grows, and by how much the loss must have risen for that.
const STEP: f64 = 0.1;

/// # Errors
/// When sampling fails.
pub async fn loss(scene: &Scene<'_>, memory: &mut Memory) -> Result<Parts, GenerateError> {
    let text = &scene.experiment.text;
    let share = memory.share.min(text.student_share);
    let done = scene.step as f64 / scene.experiment.train.steps.max(1) as f64;
    let u = scene.coin("own texts or data");
    if u < share * (1.0 - done) {
        let own = scene.own_texts().await?;
        memory.replay.extend(own.iter().cloned());
        let surplus = memory.replay.len().saturating_sub(text.replay);
        memory.replay.drain(..surplus);
        return Ok(token_kd::on(scene, &scene.sequences(&own)));
    }
    if u < share && !memory.replay.is_empty() {
        let mut rng = data::rng(scene.experiment.seed, &format!("replay {}", scene.moment()));
        let mut pick = || memory.replay[rng.next_u32() as usize % memory.replay.len()].clone();
        let old: Vec<_> = scene.rows.iter().map(|_| pick()).collect();
        return Ok(token_kd::on(scene, &scene.sequences(&old)));
    }
    Ok(token_kd::loss(scene))
}

/// A validation loss was heard.
pub fn heard(memory: &mut Memory, validation: f64) {
    match memory.validation {
        None => memory.validation = Some(validation),
        Some(before) if validation >= before + STEP => {
            memory.share = (memory.share + STEP).min(1.0);
            memory.validation = Some(validation);
        }
        Some(_) => {}
    }
}
