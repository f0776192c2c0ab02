//! Early stopping: the best evaluation of the distilled student so far, and how long ago it was.

use serde::{Deserialize, Serialize};

use super::evaluation::Evaluation;
use super::event::{Early, Phase};
use super::merit::Merit;
use super::run::Run;

/// What early stopping remembers. Part of a checkpoint, so that a resumed run ends at the step at which one without a stop does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Steps of the students at the best evaluation.
    step: usize,
    #[serde(flatten)]
    merit: Merit,
    /// Evaluations since then.
    since: usize,
}

impl Best {
    /// After one more evaluation at a step.
    pub fn after(before: Option<Self>, step: usize, found: &Evaluation) -> Self {
        let merit = found.merit();
        match before {
            Some(best) if !merit.better(&best.merit) => Self { since: best.since + 1, ..best },
            _ => Self { step, merit, since: 0 },
        }
    }
}

impl Run {
    /// Whether the students have learned nothing for too long.
    pub(super) fn out_of_patience(&self) -> bool {
        let patience = self.experiment.train.patience;
        patience > 0 && self.phase == Phase::Students && self.best.is_some_and(|best| best.since >= patience)
    }

    /// Why a finished run ended before its steps were up.
    pub(super) fn early(&self) -> Option<Early> {
        let best = self.best.filter(|_| self.step < self.experiment.train.steps)?;
        Some(Early { step: self.step, best_step: best.step, evaluations: best.since })
    }
}
