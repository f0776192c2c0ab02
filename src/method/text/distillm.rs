//! DistiLLM (Ko et al. 2024): skewed KL, and an adaptive share of the student's own texts out of a replay buffer (algorithm 1).
//!
//! The share φ starts at `share_start` and grows by 0.1 whenever a validation finds the loss `share_tolerance` above that of the validation
//! that last decided ([`heard`]); `student_share` bounds it. The authors' code (jongwooko/distillm) starts at 0, in its script for OpenLLaMA at
//! 0.2, with a tolerance of 0.1. Validations are the evaluations, every `train.eval_every` steps, on the test texts (the authors' code: every
//! `eval_interval` steps, on texts held back for it), from the end of the fine-tuning on: the code starts from a student that is fine-tuned.
//!
//! A step draws u. Below φ·(1 − t/T) the student writes afresh and the text goes into the buffer; below φ it writes too while the buffer is not
//! full, as in the authors' code, and afterwards old texts are taken out of it; otherwise the data serves. t and T count from the end of
//! the fine-tuning. With `train.accumulate` the buffer may fill up between two micro-batches of a step. The divergence is the experiment's; the paper's are `skew_forward` and `skew_reverse` at λ = 0.1.

use rand::seq::SliceRandom;

use super::{Memory, Scene, token_kd};
use crate::data;
use crate::generate::GenerateError;
use crate::method::response::Parts;
use crate::spec::Text;

/// By how much the share grows.
const STEP: f64 = 0.1;

/// What a step learns from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Fresh,
    Replay,
    Data,
}

/// `u` in [0, 1) is drawn, `progress` is t/T, `full` says that the buffer is.
fn source(u: f64, share: f64, progress: f64, full: bool) -> Source {
    if u < share * (1.0 - progress) || (u < share && !full) {
        Source::Fresh
    } else if u < share {
        Source::Replay
    } else {
        Source::Data
    }
}

/// φ: how likely a step is to learn from the student's own texts.
pub fn share(memory: &Memory, text: &Text) -> f64 {
    memory.share.min(text.student_share)
}

/// # Errors
/// When sampling fails.
pub async fn loss(scene: &Scene<'_>, memory: &mut Memory) -> Result<Parts, GenerateError> {
    let text = &scene.experiment.text;
    let full = memory.replay.len() >= text.replay;
    match source(scene.coin("own texts or data"), share(memory, text), scene.progress(), full) {
        Source::Fresh => {
            let own = scene.own_texts().await?;
            memory.replay.extend(own.iter().cloned());
            let surplus = memory.replay.len().saturating_sub(text.replay);
            memory.replay.drain(..surplus);
            Ok(token_kd::on(scene, &scene.sequences(&own)))
        }
        Source::Replay => {
            let mut order: Vec<usize> = (0..memory.replay.len()).collect();
            order.shuffle(&mut data::rng(scene.experiment.seed, &format!("replay {}", scene.moment())));
            // None twice, unless the buffer is smaller than a batch.
            let old: Vec<_> = order.iter().cycle().take(scene.rows.len()).map(|at| memory.replay[*at].clone()).collect();
            Ok(token_kd::on(scene, &scene.sequences(&old)))
        }
        Source::Data => Ok(token_kd::loss(scene)),
    }
}

/// A validation loss was heard.
pub fn heard(memory: &mut Memory, validation: f64, tolerance: f64) {
    match memory.validation {
        None => memory.validation = Some(validation),
        Some(before) if validation >= before + tolerance => {
            memory.share = (memory.share + STEP).min(1.0);
            memory.validation = Some(validation);
        }
        Some(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    #[test]
    fn old_texts_are_learned_from_once_the_buffer_is_full() {
        let at = |u, progress, full| source(u, 0.4, progress, full);
        assert_eq!([at(0.1, 0.5, true), at(0.1, 0.5, false)], [Source::Fresh; 2], "below 0.4·(1 − 0.5)");
        assert_eq!([at(0.3, 0.5, true), at(0.3, 0.5, false)], [Source::Replay, Source::Fresh], "between that and 0.4");
        assert_eq!([at(0.4, 0.0, true), at(0.4, 0.0, false)], [Source::Data; 2]);
        assert_eq!(source(0.0, 0.0, 0.0, false), Source::Data, "a share of 0");
    }

    #[test]
    fn the_share_grows_when_the_loss_has_risen_since_it_last_did() {
        let mut memory = Memory::new(&Text { share_start: 0.2, ..Text::default() });
        let mut after = |losses: &[f64], tolerance| {
            losses.iter().for_each(|loss| heard(&mut memory, *loss, tolerance));
            memory.share
        };
        assert_eq!(after(&[1.0, 0.5, 1.05], 0.1), 0.2, "the first loss decides, not the lowest");
        assert!((after(&[1.1], 0.1) - 0.3).abs() < 1e-12);
        assert!((after(&[1.15], 0.1) - 0.3).abs() < 1e-12, "1.1 decides now");
        assert!((after(&[1.08], -0.05) - 0.4).abs() < 1e-12, "it has fallen by less than 0.05");
        assert_eq!(after(&[2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], 0.1), 1.0);
        let text = Text { student_share: 0.6, ..Text::default() };
        assert_eq!(share(&memory, &text), 0.6);
    }
}
