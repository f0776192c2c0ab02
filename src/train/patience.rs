//! Early stopping: the best evaluation of the distilled student so far, and how long ago it was.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::evaluation::Evaluation;
use super::event::{Early, Phase};
use super::run::Run;

/// What early stopping remembers. Part of a checkpoint, so that a resumed run ends at the step at which one without a stop does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Steps of the students at the best evaluation.
    step: usize,
    accuracy: f64,
    loss: f64,
    /// Evaluations since then.
    since: usize,
}

impl Best {
    /// After one more evaluation at a step.
    pub fn after(before: Option<Self>, step: usize, found: &Evaluation) -> Self {
        let (accuracy, loss) = found.score();
        match before {
            Some(best) if !better((accuracy, loss), (best.accuracy, best.loss)) => Self { since: best.since + 1, ..best },
            _ => Self { step, accuracy, loss, since: 0 },
        }
    }
}

/// Whether an evaluation, (accuracy, loss), is better than another: a higher accuracy, or the same with a lower loss. Accuracy alone would
/// tell nothing where few answers are marked and none is right yet.
pub fn better(new: (f64, f64), old: (f64, f64)) -> bool {
    new.0.total_cmp(&old.0).then(old.1.total_cmp(&new.1)) == Ordering::Greater
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

#[cfg(test)]
mod tests {
    use super::better;

    #[test]
    fn accuracy_decides_and_loss_among_equals() {
        assert!(better((0.9, 2.0), (0.8, 1.0)));
        assert!(better((0.8, 0.9), (0.8, 1.0)));
        assert!(!better((0.8, 1.0), (0.8, 1.0)), "the same again is no progress");
        assert!(!better((0.7, 0.1), (0.8, 1.0)));
    }
}
