//! Looking at all test data at once: what the networks know about the classes, where the students disagree, how far they can be trusted.

use serde::Serialize;

use super::{Run, RunError, event::*};
use crate::eval::{
    metrics,
    study::{self, Bin, Confusion, Seen},
};
use crate::spec::{Access, Objective};

pub(super) const UNANSWERED: RunError = RunError::Unavailable("the networks have not answered yet: make a step first");
/// Rows in the list of disputed ones.
const DISPUTED: usize = 60;

/// What one network's answers show.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Study {
    pub role: Role,
    /// `[classes, classes]`, row by row: its mean soft label for each true class, at T.
    pub similarity: Vec<f32>,
    /// Of the teacher, where the students do not see all of its answers.
    pub seen: Option<Seen>,
    /// How alike the teacher's it is off the diagonal, 0 to 1; `None` for the teacher.
    pub likeness: Option<f64>,
    /// Mean entropy of its soft labels at T, nats.
    pub entropy: f64,
    pub confusions: Vec<Confusion>,
}

/// How far one network can be trusted: over text its next tokens, over masks what it reads behind them, otherwise its answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Calibration {
    pub role: Role,
    /// Its reliability diagram, at T = 1.
    pub bins: Vec<Bin>,
    /// Expected calibration error.
    pub ece: f64,
}

/// A test row on which the students disagree.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Dispute {
    pub index: usize,
    pub label: usize,
    /// What each network says.
    pub teacher: usize,
    pub alone: usize,
    pub distilled: usize,
    /// Total variation between the two students at T = 1.
    pub distance: f64,
}

impl Run {
    /// What the answers of the last evaluation show, at the current temperature.
    ///
    /// # Errors
    /// [`RunError::Unavailable`] before the first step.
    pub fn study(&self) -> Result<Event, RunError> {
        let exam = &self.classes()?.exam.sheet;
        let (labels, classes) = (exam.labels(), exam.classes());
        let temperature = self.experiment.distill.temperature;
        let answers: Vec<(Role, &[f32])> = ROLES.into_iter().filter_map(|role| Some((role, exam.answer(role)?))).collect();
        let [(_, teacher), (_, alone), (_, distilled)] = answers[..] else { return Err(UNANSWERED) };
        let of_teacher = study::similarity(teacher, labels, classes, temperature);
        let distill = &self.experiment.distill;
        // With one class left its probability can be worked out.
        let known = match distill.access {
            Access::Labels => Some(1),
            Access::TopK => Some(distill.top_k).filter(|k| k + 1 < classes),
            Access::Logits | Access::Hidden => None,
        };
        let bare = distill.access == Access::Labels;
        let seen = known.map(|known| study::seen(teacher, labels, classes, known, bare, temperature));
        let networks = answers
            .iter()
            .map(|(role, logits)| {
                let similarity = study::similarity(logits, labels, classes, temperature);
                Study {
                    role: *role,
                    likeness: (*role != Role::Teacher).then(|| study::likeness(&of_teacher, &similarity, classes)),
                    similarity,
                    seen: seen.clone().filter(|_| *role == Role::Teacher),
                    entropy: study::mean_entropy(logits, classes, temperature),
                    confusions: study::confusions(logits, labels, classes),
                }
            })
            .collect();
        let row = |logits: &'_ [f32], index: usize| logits[index * classes..(index + 1) * classes].to_vec();
        let mut disputed: Vec<Dispute> = labels
            .iter()
            .enumerate()
            .map(|(index, &label)| {
                let [teacher, alone, distilled] = [teacher, alone, distilled].map(|logits| row(logits, index));
                let distance = study::distance(&alone, &distilled);
                let [teacher, alone, distilled] = [teacher, alone, distilled].map(|row| metrics::argmax(&row));
                Dispute { index, label, teacher, alone, distilled, distance }
            })
            .collect();
        disputed.sort_by(|a, b| b.distance.total_cmp(&a.distance));
        disputed.truncate(DISPUTED);
        Ok(Event::Studied { step: self.step, temperature, networks, disputed })
    }

    /// Reliability diagrams of the last evaluation.
    ///
    /// # Errors
    /// [`RunError::Unavailable`] before the first step, and of encoders that foretell nothing.
    pub fn calibration(&self) -> Result<Event, RunError> {
        if self.experiment.is_encoder() && self.experiment.encoder.objective == Objective::Embeddings {
            return Err(RunError::Unavailable(
                "a run of sentence embeddings foretells nothing that could be right: set encoder.objective to masked or classes",
            ));
        }
        let found = ROLES.into_iter().filter_map(|role| Some((role, self.contest.reliability(role)?)));
        let networks: Vec<Calibration> =
            found.map(|(role, bins)| Calibration { role, ece: study::calibration_error(&bins), bins }).collect();
        if networks.is_empty() {
            return Err(UNANSWERED);
        }
        Ok(Event::Calibrated { step: self.step, networks })
    }
}
