//! What a run computes to train its networks, counted on paper in floating-point operations (FLOPs): two for each multiply-add of a forward
//! pass ([`crate::model`]), and a backward pass as two forward ones. So runs can be compared at the same cost.
//!
//! Batches count as they are computed, padding among them. Texts that are sampled count as long as there is room for them, for a batch is
//! written until its last text ends. Not counted are what a loss computes of its own (sorting, relations of attention, similarities of a
//! batch), the optimiser, what is computed again to save memory, and evaluations, which are no training.

use serde::{Deserialize, Serialize};

use super::classes::Classes;
use super::contest::Contest;
use crate::model::TRAINING;
use crate::spec::{Experiment, TeacherSchedule, TeacherSource};

/// FLOPs of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Flops {
    /// The teacher's training in this run; 0 where it came trained.
    pub teacher: f64,
    /// The student alone's training.
    pub alone: f64,
    /// The distilled student's, and what the teacher did for it.
    pub distilled: f64,
    /// Of that the teacher's part: what it read and wrote.
    pub asked: f64,
    /// What it takes the teacher to read every example of the students once: its part where its answers are kept.
    pub once: f64,
    /// A forward pass of the teacher and of a student: of decoders for one token of a text, else for one example.
    pub pass: [f64; 2],
}

impl Flops {
    /// How often the student alone could have been trained for what the distilled one took.
    pub fn ratio(&self) -> f64 {
        self.distilled / self.alone
    }
}

impl Contest {
    /// What so many steps of the teacher before the students, and of the students, take by an experiment.
    pub fn flops(&self, experiment: &Experiment, steps: [usize; 2]) -> Flops {
        match self {
            Self::Classes(classes) => classes.flops(experiment, steps),
            Self::Texts(texts) => texts.flops(experiment, steps),
            Self::Encoders(encoders) => encoders.flops(experiment, steps),
        }
    }
}

impl Classes {
    /// A frozen teacher is asked once about every row, and again at every step where its inside is looked at.
    fn flops(&self, experiment: &Experiment, [teacher_steps, steps]: [usize; 2]) -> Flops {
        let Experiment { distill, train, teacher, .. } = experiment;
        let rows = |steps: usize| (steps * train.batch_size * train.accumulate) as f64;
        let teachers: f64 = self.teachers.learners.iter().map(|learner| learner.layout.flops()).sum();
        let [alone, distilled] = [&self.alone, &self.distilled].map(|student| student.layout.flops());
        let beside = teacher.source == TeacherSource::Live && teacher.schedule == TeacherSchedule::Together;
        let inside = distill.hint_weight > 0.0 || distill.attention_weight > 0.0;
        let once = self.view.rows.len() as f64 * teachers;
        let at_steps = if beside || inside { rows(steps) * teachers } else { 0.0 };
        let asked = if beside { at_steps } else { once + at_steps };
        Flops {
            teacher: rows(if beside { steps } else { teacher_steps }) * teachers * TRAINING,
            alone: rows(steps) * alone * TRAINING,
            distilled: rows(steps) * distilled * TRAINING + asked,
            asked,
            once,
            pass: [teachers, alone],
        }
    }
}
