//! A race over text: a decoder teaches a smaller one, beside the same student fine-tuned on the data.

mod answers;
pub mod cast;
mod cost;
mod desk;
mod exam;
#[cfg(test)]
mod exam_tests;
mod judged;
mod notes;
pub mod read;
mod remember;
mod told;

use burn::tensor::Tensor;

use super::{
    Materials, RunError, contest::losses, evaluation::Evaluation, event::*, mean::Mean, origin::Origins, team::rounds, trio::Trio,
};
use crate::data::text::{Judge, TextSet, TopK};
use crate::data::{self, Batches};
use crate::device::Place;
use crate::eval::study::Bin;
use crate::method::response::Parts;
use crate::method::text::{self, Memory, Reading, Scene, Sequences, Written, distillm, large, sft};
use crate::model::Transformer;
use crate::model::lora::Lora;
use crate::model::transformer::Context;
use crate::spec::{Experiment, Method, TeacherSource, Text, Transfer};
use cast::Cast;
use exam::{Exam, Sizes};
pub use judged::Sample;
pub use remember::BLOCK as CACHE_BLOCK;

/// The networks and the texts they learn from.
pub struct Texts {
    /// As the students read them.
    pub own: Reading,
    /// As the teacher reads them, where its tokenizer is another.
    teachers: Option<TeachersSide>,
    pub nets: Trio<Transformer>,
    memory: Memory,
    /// Where tokens stand, for teacher and student.
    contexts: [Context; 2],
    /// The same on each of the devices beside the first one.
    beside: Vec<[Context; 2]>,
    order: Batches,
    /// Of the prompts that the teacher answers, where those are more than the students' examples.
    transfer: Option<Batches>,
    teacher_order: Batches,
    /// Examples of the students.
    pub examples: usize,
    exam: Exam,
    /// What is held out to choose by.
    validation: Option<(TextSet, Exam)>,
    place: Place,
    /// Of models from files.
    pub origins: Origins,
    /// What the teacher says of the training data, if it is kept.
    cache: Option<TopK>,
    /// What one should know of them, for people.
    pub notes: Vec<String>,
}

/// The texts as a teacher with a tokenizer of its own reads them.
struct TeachersSide {
    reading: Reading,
    exam: Exam,
    /// What it said, which does not change.
    found: Option<Evaluation>,
}

impl Texts {
    /// # Errors
    /// An experiment that contradicts its data, and a shape for which no teacher is shipped.
    pub fn new(experiment: &Experiment, place: &Place, materials: &Materials) -> Result<Self, RunError> {
        let models = cast::models(experiment, materials)?;
        let readers = models.readers(experiment)?;
        let texts = match &materials.corpus {
            Some(corpus) => corpus.texts(experiment)?,
            None => data::text::load(experiment, materials.text.as_deref(), &readers.tokenizers.iter().collect::<Vec<_>>())?,
        };
        let data::text::Texts { set, teachers, skipped } = texts;
        let (mut own, mut other) = (Reading::new(set), teachers.map(Reading::new));
        let mean_response = own.set.mean_response();
        // Before the longest may be held out.
        let positions = [other.as_ref().unwrap_or(&own), &own].map(Reading::positions);
        let mut examples = match experiment.text.examples {
            0 => own.set.train.len(),
            few => few.min(own.set.train.len()),
        };
        let mut held = match experiment.train.validation {
            0.0 => None,
            share => {
                let held = data::held_out(examples, share)?;
                if let Some(other) = &mut other {
                    other.set.hold_out(held)?;
                }
                let set = own.set.hold_out(held)?;
                examples = (examples - held).min(own.set.train.len());
                Some(set)
            }
        };
        examples = examples.min(own.set.omit(experiment.text.omit_prompts, experiment.seed, held.as_mut())?);
        let mut notes: Vec<String> = readers.note.into_iter().collect();
        notes.extend(notes::of(experiment, &skipped));
        let contexts = [other.as_ref().unwrap_or(&own).context(), own.context()];
        let needed = if experiment.teacher.source == TeacherSource::File { contexts } else { positions };
        let Cast { teacher: (teacher, values), student: (student, first), mut origins } =
            cast::networks(experiment, materials, &models, readers.common, own.set.vocab(), needed)?;
        if other.is_none() && own.set.tokenizer.template().is_some() {
            origins.speak_alike();
        }
        let guided = cast::guided((&student, &first), &teacher, experiment)?;
        let sizes = Sizes { tests: experiment.text.tests, samples: experiment.text.samples, exposure: true, mean_response };
        let exam = Exam::new(&own, student.vocab, &sizes, place);
        let validation = held.map(|set| {
            let reading = Reading { set, ..own };
            // What a network writes counts where one answer is right.
            let samples = if matches!(reading.set.judge, Judge::Exact) { experiment.text.samples } else { 0 };
            let exam = Exam::new(&reading, student.vocab, &Sizes { samples, exposure: false, ..sizes }, place);
            (reading.set, exam)
        });
        let teachers = other.map(|reading| TeachersSide { exam: Exam::new(&reading, teacher.vocab, &sizes, place), reading, found: None });
        let batch = experiment.train.batch_size;
        let Text { method, transfer, .. } = &experiment.text;
        let transfer = *method == Method::SeqKd && *transfer == Transfer::All && examples < own.set.train.len();
        let place = place.clone();
        let standing = |place: &Place| {
            [(&teacher, contexts[0]), (&student, contexts[1])].map(|(config, context)| Context::causal(config, context - 1, &place.inner()))
        };
        Ok(Self {
            nets: Trio::new(
                (teacher.clone(), &values),
                (student.clone(), &first),
                guided.as_ref().map(|(shape, values)| (shape.clone(), &**values)),
                Lora::of(experiment),
                &experiment.train,
                &place,
            ),
            memory: Memory::new(&experiment.text),
            contexts: standing(&place),
            beside: place.beside().iter().map(standing).collect(),
            order: Batches::new(experiment.seed, "student batches", examples, batch)?,
            transfer: transfer.then(|| Batches::new(experiment.seed, "transfer batches", own.set.train.len(), batch)).transpose()?,
            teacher_order: Batches::new(experiment.seed, "teacher batches 0", own.set.train.len(), batch)?,
            examples,
            exam,
            validation,
            origins,
            cache: None,
            notes,
            place,
            own,
            teachers,
        })
    }

    /// The teacher makes one step per rate from step `from`; the loss of the last one.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails.
    pub async fn teach(&mut self, experiment: &Experiment, from: usize, rates: &[f64]) -> Result<Tensor<1>, RunError> {
        // Here it stands in the student's place.
        let contexts = [self.contexts[0].clone(), self.contexts[0].clone()];
        let mut last = Mean::default();
        for (at, lr) in rates.iter().enumerate() {
            last = Mean::default();
            let net = self.nets.teacher.net.clone();
            for micro in 0..experiment.train.accumulate {
                let rows = rows(&self.teacher_order, (from + at) * experiment.train.accumulate + micro);
                let scene = Scene { contexts: &contexts, rows: &rows, micro, ..self.scene(experiment, &net, &net, from + at) };
                let loss = sft::loss(&scene);
                self.nets.teacher.gather(&loss.total, loss.weight);
                last.add(vec![loss.total.inner()], loss.weight);
            }
            self.nets.teacher.step_if_finite(*lr).await?;
        }
        Ok(last.take().pop().expect("a chunk has at least one step"))
    }

    /// Both students make one step per rate from step `from`, on the same examples unless the teacher answers more prompts than there are
    /// examples (`text.transfer`); the losses of the last one. A micro-batch counts by the tokens of its responses where its loss is a mean
    /// over them, so that a step is that of one batch of all its texts; of ULD between two tokenizers nearly so, whose soft part counts where
    /// both meet. The losses of MiniLLM, DPKD and DistiLLM-2 are sums of several means: there all micro-batches count alike.
    pub async fn learn(&mut self, experiment: &Experiment, from: usize, rates: &[f64]) -> Result<Vec<(Role, Parts)>, RunError> {
        self.nets.freeze_teacher();
        let mut last = [Vec::new(), Vec::new()];
        let accumulate = experiment.train.accumulate;
        for (at, lr) in rates.iter().enumerate() {
            let step = from + at;
            last = [Vec::new(), Vec::new()];
            let seats: Vec<_> = self.nets.seats().into_iter().map(|seat| (seat.speaker(writes(experiment)), seat)).collect();
            for round in rounds(0..accumulate, seats.len()) {
                let mut shares = Vec::new();
                for (micro, (number, (speaker, seat))) in round.zip(seats.iter().enumerate()) {
                    let at = step * accumulate + micro;
                    let answered = self.transfer.as_ref().filter(|_| experiment.distilled_steps().contains(&step));
                    let (examples, prompts) = (rows(&self.order, at), answered.map(|order| rows(order, at)));
                    let epoch = answered.unwrap_or(&self.order).epoch(at);
                    let mut memory = std::mem::take(&mut self.memory);
                    let contexts = self.beside.get(number).unwrap_or(&self.contexts);
                    let (place, teacher) = (&seat.place, &seat.teacher);
                    let scene = |student, rows| Scene {
                        rows,
                        epoch,
                        micro,
                        place,
                        teacher,
                        contexts,
                        ..self.scene(experiment, student, speaker, step)
                    };
                    let of_alone = sft::loss(&scene(&seat.alone, &examples));
                    let of_distilled = text::loss(&scene(&seat.distilled, prompts.as_ref().unwrap_or(&examples)), &mut memory).await;
                    self.memory = memory;
                    let of_distilled = of_distilled.map_err(|error| RunError::written(error, experiment, Role::Distilled, step + 1))?;
                    shares.push(seat.share(of_alone, of_distilled));
                }
                self.nets.gather(shares, &mut last);
            }
            // The step needs no copies of the networks as they were.
            drop(seats);
            self.nets.step(*lr).await?;
        }
        Ok(losses(last))
    }

    fn scene<'a>(&'a self, experiment: &'a Experiment, student: &'a Transformer, speaker: &'a Transformer, step: usize) -> Scene<'a> {
        Scene {
            experiment,
            reading: &self.own,
            teachers: self.teachers.as_ref().map(|side| &side.reading),
            place: &self.place,
            teacher: self.nets.heard(),
            student,
            speaker,
            contexts: &self.contexts,
            cache: self.cache.as_ref(),
            rows: &[],
            epoch: 0,
            step,
            micro: 0,
            large: self.nets.teacher.layout.vocab.max(self.nets.alone.layout.vocab) > large::VOCABULARY,
        }
    }

    /// The networks on the test data.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails.
    pub async fn examine(&mut self, experiment: &Experiment, teacher_changes: bool) -> Result<Vec<Evaluation>, RunError> {
        let networks = self.nets.speakers();
        let mut found = match &mut self.teachers {
            None => self.exam.examine(experiment, &self.own.set, &self.contexts, &networks, teacher_changes, &self.place).await?,
            Some(side) => {
                let [teacher, students @ ..] = &networks;
                if side.found.is_none() {
                    let set = &side.reading.set;
                    side.found = Some(side.exam.examine_one(experiment, set, &self.contexts[0], teacher, &self.place).await?);
                }
                let mut found: Vec<Evaluation> = side.found.iter().cloned().collect();
                for student in students {
                    let own = self.exam.examine_one(experiment, &self.own.set, &self.contexts[1], student, &self.place).await?;
                    found.push(own);
                }
                found
            }
        };
        if let Some((set, exam)) = &mut self.validation {
            let mut held = Vec::new();
            for student in &networks[1..] {
                held.push(exam.examine_one(experiment, set, &self.contexts[1], student, &self.place).await?);
            }
            found.iter_mut().for_each(|evaluation| evaluation.validated(&held));
        }
        let text = &experiment.text;
        let distilled = found.iter_mut().find(|evaluation| evaluation.role == Role::Distilled);
        if let Some(distilled) = distilled.filter(|_| text.method == Method::Distillm) {
            // What was heard before and in the fine-tuning says nothing of the distillation.
            let steps = experiment.distilled_steps();
            if (steps.start..=steps.end).contains(&distilled.step) {
                distillm::heard(&mut self.memory, distilled.merit().loss, text.share_tolerance);
            }
            if let Some(measures) = &mut distilled.text {
                measures.own_share = Some(distillm::share(&self.memory, text));
            }
        }
        Ok(found)
    }

    /// The texts as the students read them, and as the teacher does where that is otherwise.
    fn readings(&self) -> impl Iterator<Item = &Reading> {
        [&self.own].into_iter().chain(self.teachers.as_ref().map(|side| &side.reading))
    }

    /// The texts as a network reads them, and what it is asked about them.
    fn side(&self, role: Role) -> (&Reading, &Exam) {
        match (&self.teachers, role) {
            (Some(side), Role::Teacher) => (&side.reading, &side.exam),
            _ => (&self.own, &self.exam),
        }
    }

    /// The reliability diagram of a network's next tokens, once it was asked.
    pub fn reliability(&self, role: Role) -> Option<Vec<Bin>> {
        self.side(role).1.reliability(role)
    }

    /// Fingerprints of the chat templates by which the texts are put, where they are.
    pub fn templates(&self) -> Option<String> {
        let templates = self.readings().filter_map(|reading| reading.set.tokenizer.template());
        let prints: Vec<String> = templates.map(|template| template.fingerprint().to_string()).collect();
        (!prints.is_empty()).then(|| prints.join(" "))
    }

    /// Test examples that the networks are measured on.
    pub fn tested(&self) -> usize {
        match self.own.set.judge {
            Judge::Grammar(_) => self.own.set.test.len(),
            Judge::Exact | Judge::None => counted(&self.own.set, &self.exam),
        }
    }

    /// Examples held out to choose by.
    pub fn validation(&self) -> usize {
        self.validation.as_ref().map_or(0, |(set, exam)| counted(set, exam))
    }

    /// Tokens that end what a student writes: the one that it learned to end with, and those of the model that it began as.
    pub fn stops(&self, of_model: &[u32]) -> Vec<u32> {
        let learned = self.own.set.end();
        learned.into_iter().chain(of_model.iter().copied().filter(|stop| Some(*stop) != learned)).collect()
    }

    fn context(&self, role: Role) -> &Context {
        &self.contexts[usize::from(role != Role::Teacher)]
    }

    /// Logits `[seq, vocab]` of a network on the first test text.
    pub fn answer_one(&self, role: Role) -> Tensor<2> {
        let (reading, _) = self.side(role);
        let text = Written::example(&reading.set.test.get(0), reading.set.end());
        let ids = Sequences::new(&[text], reading.seq, self.nets.network(role).layout.vocab, &self.place).ids;
        self.nets.speaker(role).forward(ids, self.context(role))
    }

    /// The texts that a network writes at an evaluation.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails.
    pub async fn write_all(&self, experiment: &Experiment, role: Role) -> Result<Vec<Written>, RunError> {
        let (reading, exam) = self.side(role);
        let who = (role, self.nets.network(role).steps, self.nets.speaker(role));
        exam.desk.written(experiment, &reading.set, &who, &self.place).await
    }

    /// The same as people read them.
    pub fn samples(&self, role: Role, written: &[Written]) -> Vec<Sample> {
        let (reading, exam) = self.side(role);
        exam.desk.samples(&reading.set, written)
    }

    /// What the method remembers, for a checkpoint.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    pub fn remember(&mut self, memory: Memory) {
        self.memory = memory.within(self.own.context());
    }
}

/// Examples that accuracy is counted on: those that are answered in writing where one answer is right.
fn counted(set: &TextSet, exam: &Exam) -> usize {
    if matches!(set.judge, Judge::Exact) { exam.desk.asked.len() } else { exam.prompts().len() }
}

/// Whether the student writes texts of its own while it learns.
fn writes(experiment: &Experiment) -> bool {
    matches!(experiment.text.method, Method::Gkd | Method::Distillm | Method::Distillm2 | Method::Minillm | Method::Dpkd)
}

fn rows(order: &Batches, step: usize) -> Vec<usize> {
    order.at(step).into_iter().map(|row| row as usize).collect()
}
