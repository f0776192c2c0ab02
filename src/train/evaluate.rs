//! The networks on the test rows.

use burn::tensor::{Tensor, TensorData};

use super::evaluation::{Evaluation, OmittedClass};
use super::event::Role;
use crate::data::Rows;
use crate::device::Place;
use crate::eval::{
    metrics,
    study::{self, Bin},
};

/// Rows to be tested on, on the device.
pub struct Exam {
    /// `[rows, features]`, without gradients.
    pub inputs: Tensor<2>,
    pub sheet: Sheet,
}

impl Exam {
    pub fn new(rows: &Rows, classes: usize, omitted: Option<usize>, place: &Place) -> Self {
        let shape = [rows.len(), rows.features()];
        let labels = rows.labels.iter().map(|label| usize::from(*label)).collect();
        Self {
            inputs: Tensor::from_data(TensorData::new(rows.inputs.clone(), shape), &place.inner()),
            sheet: Sheet::new(labels, classes, omitted),
        }
    }
}

/// Labels of what is tested on, and what every network last said about it.
pub struct Sheet {
    labels: Vec<usize>,
    classes: usize,
    omitted: Option<usize>,
    /// Logits `[rows, classes]` of the last evaluation, by role.
    pub answers: Vec<(Role, Vec<f32>)>,
}

impl Sheet {
    pub fn new(labels: Vec<usize>, classes: usize, omitted: Option<usize>) -> Self {
        Self { labels, classes, omitted, answers: Vec::new() }
    }

    /// The last answers of a role.
    pub fn answer(&self, role: Role) -> Option<&[f32]> {
        self.answers.iter().find(|(found, _)| *found == role).map(|(_, logits)| logits.as_slice())
    }

    /// The reliability diagram of a role's last answers.
    pub fn reliability(&self, role: Role) -> Option<Vec<Bin>> {
        Some(study::reliability(self.answer(role)?, &self.labels, self.classes))
    }

    /// Marks new answers. A teacher that is not among them keeps its old ones.
    pub fn mark(&mut self, answers: Vec<(Role, usize, Vec<f32>)>) -> Vec<Evaluation> {
        for (role, _, logits) in &answers {
            self.answers.retain(|(old, _)| old != role);
            self.answers.push((*role, logits.clone()));
        }
        let teacher = self.answer(Role::Teacher).map(|logits| metrics::predictions(logits, self.classes));
        answers.iter().map(|(role, step, logits)| self.evaluation(*role, *step, logits, teacher.as_deref())).collect()
    }

    fn evaluation(&self, role: Role, step: usize, logits: &[f32], teacher: Option<&[usize]>) -> Evaluation {
        let found = metrics::predictions(logits, self.classes);
        let omitted = self.omitted.filter(|_| role != Role::Teacher).map(|class| {
            let shift = metrics::best_bias_shift(logits, &self.labels, self.classes, class);
            OmittedClass {
                class,
                recall: shift.recall,
                shifted_recall: shift.shifted_recall,
                shifted_accuracy: shift.shifted_accuracy,
                shift: shift.shift,
            }
        });
        Evaluation {
            role,
            step,
            accuracy: metrics::agreement(&found, &self.labels),
            loss: metrics::cross_entropy(logits, &self.labels, self.classes),
            ece: Some(study::calibration_error(&study::reliability(logits, &self.labels, self.classes))),
            agreement: teacher.filter(|_| role != Role::Teacher).map(|teacher| metrics::agreement(&found, teacher)),
            omitted,
            text: None,
            encoder: None,
            validation: None,
        }
    }

    /// Labels of all test rows.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// Label of a test row.
    pub fn label(&self, index: usize) -> usize {
        self.labels[index]
    }

    pub fn classes(&self) -> usize {
        self.classes
    }

    pub fn rows(&self) -> usize {
        self.labels.len()
    }
}
