//! A race over classes: every row has one label.

use burn::tensor::Tensor;

use super::{
    Learner, Materials, RunError, checkpoint::Saved, contest::losses, evaluate::Exam, evaluation::Evaluation, event::*, table::Table,
    teachers::Teachers,
};
use crate::data::{self, Batches, Dataset, StudentView};
use crate::device::{Place, Reads};
use crate::method::response::{self, Parts};
use crate::model::Layout;
use crate::spec::Experiment;

/// The networks and the rows they learn from.
pub struct Classes {
    pub dataset: Dataset,
    /// Per training row: the students have its label.
    pub labelled: Vec<bool>,
    pub teachers: Teachers,
    pub alone: Learner,
    pub distilled: Learner,
    pub table: Table,
    pub exam: Exam,
    /// On what is held out to choose by.
    pub validation: Option<Exam>,
    pub view: StudentView,
    /// The teacher's logits are kept on the device.
    kept: bool,
}

impl Classes {
    /// # Errors
    /// An experiment that contradicts its data, and a shape for which no teacher is shipped.
    pub fn new(experiment: &Experiment, place: &Place, materials: &Materials) -> Result<Self, RunError> {
        let mut dataset = data::load(&experiment.task, materials.images.as_ref(), &materials.shipped)?;
        let mut view = data::student_view(&dataset, &experiment.task, experiment.seed)?;
        let classes = dataset.classes.len();
        let validation = match experiment.train.validation {
            0.0 => None,
            share => Some(Exam::new(&data::hold_out(&mut dataset, &mut view, share, experiment.seed)?, classes, None, place)),
        };
        let teachers = Teachers::new(experiment, &dataset, &materials.shipped, place)?;
        let layout = Layout::new(&experiment.student, &dataset.input, classes);
        let mut guided = layout.clone();
        if experiment.distill.hint_weight > 0.0
            && let Some(width) = teachers.learners[0].layout.hidden()
        {
            guided = guided.with_projection(width);
        }
        // Both students start from the same numbers: the projection, if any, is drawn last.
        let start = |layout: &Layout| layout.initial(&mut data::rng(experiment.seed, "student"));
        let alone = Learner::new(layout.clone(), &start(&layout), &experiment.train, place);
        let distilled = Learner::new(guided.clone(), &start(&guided), &experiment.train, place);
        let inputs = view.rows.iter().flat_map(|row| dataset.train.row(*row)).copied().collect();
        let batch = experiment.train.batch_size;
        let order = Batches::new(experiment.seed, "student batches", view.rows.len(), batch)?;
        let table = Table::new(inputs, &view.labels, classes, batch, order, place);
        let omitted = usize::try_from(experiment.task.omit_class).ok();
        let exam = Exam::new(&dataset.test, classes, omitted, place);
        let mut labelled = vec![false; dataset.train.len()];
        for (row, label) in view.rows.iter().zip(&view.labels) {
            labelled[*row] = label.is_some();
        }
        Ok(Self { dataset, labelled, teachers, alone, distilled, table, exam, validation, view, kept: false })
    }

    /// Computes the frozen teacher's logits of every training row once and keeps them on the device.
    pub fn keep_teacher(&mut self) {
        if !self.kept {
            let logits = self.teachers.logits(&self.table.inputs);
            self.table.keep_teacher(logits);
            self.kept = true;
        }
    }

    /// Both students make one step per rate from step `from`, on the same batches; the losses of the last one. The micro-batches of a step
    /// count alike, so they make what one batch of all their rows would, but for the hard loss where some rows have no label: it is a mean
    /// over those that have one.
    pub fn learn(&mut self, experiment: &Experiment, from: usize, rates: &[f64]) -> Vec<(Role, Parts)> {
        let Experiment { distill, train, .. } = experiment;
        let with_features = distill.hint_weight > 0.0 || distill.attention_weight > 0.0;
        let mut batches = self.table.chunk(from, rates.len(), train.accumulate).into_iter();
        let mut last = [Vec::new(), Vec::new()];
        for lr in rates {
            last = [Vec::new(), Vec::new()];
            for batch in batches.by_ref().take(train.accumulate) {
                let guide = self.teachers.guide(&batch.inputs, batch.teacher, with_features);
                let alone = response::alone(&self.alone.net, batch.inputs.clone(), batch.targets.clone(), train.label_smoothing);
                let distilled = response::distilled(&self.distilled.net, batch.inputs, batch.targets, &guide, distill);
                self.alone.gather(&alone.total, alone.weight);
                self.distilled.gather(&distilled.total, distilled.weight);
                last[0].push(alone.plain());
                last[1].push(distilled.plain());
            }
            self.alone.step(*lr);
            self.distilled.step(*lr);
        }
        losses(last)
    }

    /// The networks on the test rows. A teacher that does not change answers once.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails.
    pub async fn examine(&mut self, teacher_changes: bool) -> Result<Vec<Evaluation>, RunError> {
        let mut roles = Vec::new();
        let mut reads = Reads::default();
        if teacher_changes || self.exam.sheet.answer(Role::Teacher).is_none() {
            roles.push((Role::Teacher, self.teachers.learners[0].steps));
            reads.add(self.teachers.logits(&self.exam.inputs));
        }
        let students = [(Role::Alone, &self.alone), (Role::Distilled, &self.distilled)];
        let asked = roles.len() + students.len();
        for exam in [Some(&self.exam), self.validation.as_ref()].into_iter().flatten() {
            for (role, learner) in students {
                roles.push((role, learner.steps));
                reads.add(learner.logits(&exam.inputs));
            }
        }
        let mut answers: Vec<_> = roles.into_iter().zip(reads.run().await?).map(|((role, step), logits)| (role, step, logits)).collect();
        let held = answers.split_off(asked);
        let mut found = self.exam.sheet.mark(answers);
        if let Some(exam) = &mut self.validation {
            let held = exam.sheet.mark(held);
            found.iter_mut().for_each(|evaluation| evaluation.validated(&held));
        }
        Ok(found)
    }

    /// Logits of any rows `[rows, features]` by teacher, student alone and student distilled.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails.
    pub async fn ask_all(&self, inputs: &Tensor<2>) -> Result<Vec<Vec<f32>>, RunError> {
        let mut reads = Reads::default();
        reads.add(self.teachers.logits(inputs));
        reads.add(self.alone.logits(inputs));
        reads.add(self.distilled.logits(inputs));
        Ok(reads.run().await?)
    }

    pub fn networks(&self, role: Role) -> Vec<&dyn Saved> {
        match role {
            Role::Teacher => self.teachers.learners.iter().map(|learner| learner as &dyn Saved).collect(),
            Role::Alone => vec![&self.alone],
            Role::Distilled => vec![&self.distilled],
        }
    }

    pub fn network_mut(&mut self, role: Role, index: usize) -> &mut dyn Saved {
        match role {
            Role::Teacher => &mut self.teachers.learners[index],
            Role::Alone => &mut self.alone,
            Role::Distilled => &mut self.distilled,
        }
    }
}
