//! A race over text: a decoder teaches a smaller one, beside the same student fine-tuned on the data.

pub mod cast;
mod exam;
pub mod read;
mod remember;
mod told;

use burn::module::Module;
use burn::tensor::Tensor;

use super::{Learner, Materials, RunError, checkpoint::Saved, event::*, origin::Origin};
use crate::data::text::{TextSet, TopK};
use crate::data::{self, Batches};
use crate::device::Place;
use crate::method::response::Parts;
use crate::method::text::{self, Memory, Scene, distillm, large, sft};
use crate::model::Transformer;
use crate::model::transformer::Context;
use crate::spec::Experiment;
use exam::Exam;
pub use remember::BLOCK as CACHE_BLOCK;

/// The networks and the texts they learn from.
pub struct Texts {
    pub set: TextSet,
    pub teacher: Learner<Transformer>,
    pub alone: Learner<Transformer>,
    pub distilled: Learner<Transformer>,
    /// The teacher as it stands, without gradients, once it is frozen.
    frozen: Option<Transformer>,
    memory: Memory,
    /// Where tokens stand, for teacher and student.
    contexts: [Context; 2],
    order: Batches,
    teacher_order: Batches,
    /// Examples of the students.
    pub examples: usize,
    seq: usize,
    /// Most tokens of a response, the stop token counted.
    longest: usize,
    exam: Exam,
    place: Place,
    /// Of a teacher from a file.
    pub origin: Option<Origin>,
    /// What the teacher says of the training data, if it is kept.
    cache: Option<TopK>,
    /// Examples that were left out because they are longer than the context.
    pub skipped: usize,
}

/// Tokens of room above the longest response of the data: a student must be able to go on where it should stop.
const ROOM: usize = 2;

impl Texts {
    /// # Errors
    /// An experiment that contradicts its data, and a shape for which no teacher is shipped.
    pub fn new(experiment: &Experiment, place: &Place, materials: &Materials) -> Result<Self, RunError> {
        let model = cast::model(experiment, materials)?;
        let data::text::Texts { set, skipped } =
            data::text::load(experiment, materials.text.as_deref(), model.map(|model| &model.tokenizer))?;
        let examples = match experiment.text.examples {
            0 => set.train.len(),
            few => few.min(set.train.len()),
        };
        let (prompt, response) = set.longest();
        let longest = response + ROOM;
        let seq = prompt + longest - 1;
        let [(teacher, values), (student, first)] = cast::networks(experiment, materials, model, set.vocab(), prompt + longest)?;
        let vocab = teacher.vocab;
        let batch = experiment.train.batch_size;
        Ok(Self {
            teacher: Learner::new(teacher.clone(), &values, &experiment.train, place),
            alone: Learner::new(student.clone(), &first, &experiment.train, place),
            distilled: Learner::new(student.clone(), &first, &experiment.train, place),
            frozen: None,
            memory: Memory::default(),
            contexts: [&teacher, &student].map(|config| Context::causal(config, seq, &place.inner())),
            order: Batches::new(experiment.seed, "student batches", examples, batch)?,
            teacher_order: Batches::new(experiment.seed, "teacher batches 0", set.train.len(), batch)?,
            examples,
            seq,
            longest,
            exam: Exam::new(&set, vocab, experiment.text.tests, seq, longest, place),
            origin: model.map(Origin::of),
            cache: None,
            skipped,
            place: place.clone(),
            set,
        })
    }

    pub fn freeze_teacher(&mut self) {
        self.frozen.get_or_insert_with(|| self.teacher.net.valid());
    }

    /// The teacher makes one step per rate from step `from`; the loss of the last one.
    pub fn teach(&mut self, experiment: &Experiment, from: usize, rates: &[f64]) -> Tensor<1> {
        // Here it stands in the student's place.
        let contexts = [self.contexts[0].clone(), self.contexts[0].clone()];
        let mut last = None;
        for (at, lr) in rates.iter().enumerate() {
            let rows = rows(&self.teacher_order, from + at);
            let net = self.teacher.net.clone();
            let scene = Scene { student: &net, contexts: &contexts, rows: &rows, ..self.scene(experiment, &net, &net, from + at) };
            let loss = sft::loss(&scene).total;
            self.teacher.learn(&loss, *lr);
            last = Some(loss.inner());
        }
        last.expect("a chunk has at least one step")
    }

    /// Both students make one step per rate from step `from`, on the same examples; the losses of the last one.
    pub async fn learn(&mut self, experiment: &Experiment, from: usize, rates: &[f64]) -> Result<Vec<(Role, Parts)>, RunError> {
        self.freeze_teacher();
        let mut last = Vec::new();
        for (at, lr) in rates.iter().enumerate() {
            let step = from + at;
            let rows = rows(&self.order, step);
            let (alone, distilled) = (self.alone.net.clone(), self.distilled.net.clone());
            let speaker = distilled.valid();
            let mut memory = std::mem::take(&mut self.memory);
            let scene = |student| Scene { rows: &rows, ..self.scene(experiment, student, &speaker, step) };
            let of_alone = sft::loss(&scene(&alone));
            let of_distilled = text::loss(&scene(&distilled), &mut memory).await;
            self.memory = memory;
            let of_distilled = of_distilled?;
            self.alone.learn(&of_alone.total, *lr);
            self.distilled.learn(&of_distilled.total, *lr);
            last = vec![(Role::Alone, of_alone), (Role::Distilled, of_distilled)];
        }
        Ok(last)
    }

    fn scene<'a>(&'a self, experiment: &'a Experiment, student: &'a Transformer, speaker: &'a Transformer, step: usize) -> Scene<'a> {
        Scene {
            experiment,
            set: &self.set,
            place: &self.place,
            teacher: self.frozen.as_ref().unwrap_or(&self.teacher.net),
            student,
            speaker,
            contexts: &self.contexts,
            cache: self.cache.as_ref(),
            rows: &[],
            seq: self.seq,
            longest: self.longest,
            step,
            large: self.teacher.layout.vocab > large::VOCABULARY,
        }
    }

    /// The networks on the test data.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails.
    pub async fn examine(&mut self, experiment: &Experiment, teacher_changes: bool) -> Result<Vec<Evaluation>, RunError> {
        let networks = ROLES.map(|role| (role, self.network(role).steps, self.speaker(role)));
        let found = self.exam.examine(experiment, &self.set, &self.contexts, &networks, teacher_changes, &self.place).await?;
        if let Some(distilled) = found.iter().find(|evaluation| evaluation.role == Role::Distilled) {
            distillm::heard(&mut self.memory, distilled.loss);
        }
        Ok(found)
    }

    /// A network as it stands, without gradients.
    fn speaker(&self, role: Role) -> Transformer {
        match (role, &self.frozen) {
            (Role::Teacher, Some(frozen)) => frozen.clone(),
            _ => self.network(role).net.valid(),
        }
    }

    pub fn network(&self, role: Role) -> &Learner<Transformer> {
        match role {
            Role::Teacher => &self.teacher,
            Role::Alone => &self.alone,
            Role::Distilled => &self.distilled,
        }
    }

    pub fn network_mut(&mut self, role: Role) -> &mut dyn Saved {
        match role {
            Role::Teacher => &mut self.teacher,
            Role::Alone => &mut self.alone,
            Role::Distilled => &mut self.distilled,
        }
    }

    /// What the method remembers, for a checkpoint.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    pub fn remember(&mut self, memory: Memory) {
        self.memory = memory;
    }
}

fn rows(order: &Batches, step: usize) -> Vec<usize> {
    order.at(step).into_iter().map(|row| row as usize).collect()
}
