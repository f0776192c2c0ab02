//! A race of encoders: a teacher of BERT's kind and two students of fewer layers, on running text.

pub mod cast;
mod cost;
mod exam;
mod labels;
mod read;

use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;

use super::{
    Materials, RunError,
    contest::losses,
    evaluation::Evaluation,
    event::*,
    mean::Mean,
    origin::Origins,
    team::{Seat, rounds},
    trio::Trio,
};
use crate::data::text::{Labels, Masking, Passages, load_passages};
use crate::data::{self, Batches};
use crate::device::{Place, Reads};
use crate::eval::study::Bin;
use crate::method::encoder::{Batch, classes, masked, sentences};
use crate::method::response::Parts;
use crate::model::Trainable;
use crate::model::encoder::Encoder;
use crate::model::lora::Lora;
use crate::spec::{Experiment, Objective, Start, TeacherSource};
use exam::Exam;

/// Lengths of batches of sentences and of labelled texts are multiples of this: a GPU compiles its kernels for shapes.
const STEP: usize = 16;

/// The networks and the texts they learn from.
pub struct Encoders {
    pub passages: Passages,
    masking: Masking,
    pub nets: Trio<Encoder>,
    order: Batches,
    teacher_order: Batches,
    /// Tokens of the longest text.
    pub longest: usize,
    exam: Exam,
    /// On what is held out to choose by.
    validation: Option<Exam>,
    place: Place,
    /// Of a teacher from a file.
    pub origins: Origins,
    /// What one should know of the texts, for people.
    pub notes: Vec<String>,
}

impl Encoders {
    /// # Errors
    /// An experiment that contradicts its data, a teacher that is not there, and layers that it has not.
    pub fn new(experiment: &Experiment, place: &Place, materials: &Materials) -> Result<Self, RunError> {
        let models = cast::models(experiment, materials)?;
        let mut passages = match &materials.corpus {
            Some(corpus) => corpus.passages(experiment)?,
            None => load_passages(experiment, materials.text.as_deref(), models.teacher.map(|model| &model.tokenizer))?,
        };
        passages.labels = models.labels(experiment, passages.labels)?;
        let [(teacher, values), (student, first)] = models.networks(experiment, passages.tokenizer.vocab(), &passages.labels.names)?;
        let guided = cast::guided(&(student.clone(), first.clone()), &teacher, experiment);
        let held = match experiment.train.validation {
            0.0 => None,
            share => Some(passages.hold_out(data::held_out(passages.train.len(), share)?)?),
        };
        let batch = experiment.train.batch_size;
        let length = |row: usize| passages.train.tokens(row)[0];
        let rows = passages.train.len();
        let batches = |purpose: &str| match experiment.encoder.objective {
            Objective::Masked => Batches::new(experiment.seed, purpose, rows, batch),
            // A pair is as long as the longer of the two.
            Objective::Embeddings => {
                let lengths = (1..rows).map(|next| length(next - 1).max(length(next))).collect();
                Batches::grouped(experiment.seed, purpose, lengths, batch / 2)
            }
            Objective::Classes => Batches::grouped(experiment.seed, purpose, (0..rows).map(length).collect(), batch),
        };
        let (order, teacher_order) = (batches("student batches")?, batches("teacher batches 0")?);
        let context = experiment.text.context;
        let cut = (passages.cut > 0)
            .then(|| format!("{} texts are longer than {context} tokens and were cut off: raise text.context", passages.cut));
        let beyond = models.teacher.map(|teacher| teacher.sentences.longest).filter(|longest| *longest < context).map(|longest| {
            format!("in sentence-transformers the teacher's texts are cut to {longest} tokens, and here it reads {context}: lower text.context to that")
        });
        let notes = cut.into_iter().chain(beyond).collect();
        let masking = Masking::new(&passages, experiment.encoder.mask_share, experiment.encoder.mask_smoothing);
        Ok(Self {
            nets: Trio::new(
                (teacher, &values),
                (student, &first),
                guided.as_ref().map(|(shape, values)| (shape.clone(), &**values)),
                Lora::of(experiment),
                &experiment.train,
                place,
            ),
            order,
            teacher_order,
            longest: passages.longest(),
            exam: Exam::new(experiment, &passages, &masking, place),
            validation: held.map(|held| Exam::new(experiment, &held, &masking, place)),
            origins: models.origins(),
            notes,
            masking,
            place: place.clone(),
            passages,
        })
    }

    /// Students that start from layers of a teacher which learned in this run take them as they are now. Whether they did.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails.
    pub async fn begin_students(&mut self, experiment: &Experiment) -> Result<bool, RunError> {
        // On a task the students are to begin where their teacher did: with what it learned of language, not of the labels.
        let begun = experiment.encoder.objective == Objective::Classes && experiment.teacher.source == TeacherSource::File;
        if experiment.student.start != Start::TeacherLayers || !experiment.teacher_learns() || begun {
            return Ok(false);
        }
        let mut reads = Reads::default();
        self.nets.teacher.net.parameters().into_iter().for_each(|tensor| reads.add(tensor));
        let teacher = (self.nets.teacher.layout.clone(), reads.run().await?);
        let student = cast::layers(&teacher, experiment, &self.passages.labels.names)?;
        for learner in [&mut self.nets.alone, &mut self.nets.distilled] {
            learner.start_from(&student.1, &experiment.train, &self.place);
        }
        Ok(true)
    }

    /// Whether the networks can learn by an experiment whose live knobs were turned.
    ///
    /// # Errors
    /// As [`cast::comparable`].
    pub fn accept(&self, experiment: &Experiment) -> Result<(), RunError> {
        cast::comparable(&self.nets.teacher.layout, &self.nets.alone.layout, experiment)
    }

    /// The teacher makes one step per rate from step `from`; the loss of the last one.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails.
    pub async fn teach(&mut self, experiment: &Experiment, from: usize, rates: &[f64]) -> Result<Tensor<1>, RunError> {
        let mut last = Mean::default();
        let micro = experiment.train.accumulate;
        for (step, lr) in (from..).zip(rates) {
            last = Mean::default();
            for at in step * micro..(step + 1) * micro {
                let loss = if experiment.encoder.objective == Objective::Classes {
                    let (batch, targets) = self.labelled_batch(&self.teacher_order, at, &self.place);
                    classes::alone(&self.nets.teacher.net, &batch, targets)
                } else {
                    let batch = self.masked_batch(&self.teacher_order, &mut draw(experiment, "teacher", at), at, &self.place);
                    masked::alone(&self.nets.teacher.net, &batch, &experiment.distill)
                };
                self.nets.teacher.gather(&loss.total, loss.weight);
                last.add(vec![loss.total.inner()], loss.weight);
            }
            self.nets.teacher.step_if_finite(*lr).await?;
        }
        Ok(last.take().pop().expect("a chunk has at least one step"))
    }

    /// Both students make one step per rate from step `from`, on the same texts; the losses of the last one. The losses are sums of several
    /// means: all micro-batches of a step count alike.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails.
    pub async fn learn(&mut self, experiment: &Experiment, from: usize, rates: &[f64]) -> Result<Vec<(Role, Parts)>, RunError> {
        self.nets.freeze_teacher();
        let mut last = [Vec::new(), Vec::new()];
        let micro = experiment.train.accumulate;
        for (step, lr) in (from..).zip(rates) {
            last = [Vec::new(), Vec::new()];
            let seats = self.nets.seats();
            for round in rounds(step * micro..(step + 1) * micro, seats.len()) {
                let share = |(at, seat): (usize, &Seat<Encoder>)| {
                    let (of_alone, of_distilled) = self.losses(experiment, seat, at);
                    seat.share(of_alone, of_distilled)
                };
                let shares = round.zip(&seats).map(share).collect();
                self.nets.gather(shares, &mut last);
            }
            // The step needs no copies of the networks as they were.
            drop(seats);
            self.nets.step(*lr).await?;
        }
        Ok(losses(last))
    }

    /// The losses of both students on a micro-batch, counted over all steps.
    fn losses(&self, experiment: &Experiment, seat: &Seat<Encoder>, at: usize) -> (Parts, Parts) {
        let Seat { place, teacher, alone, distilled, .. } = seat;
        match experiment.encoder.objective {
            Objective::Masked => {
                let batch = self.masked_batch(&self.order, &mut draw(experiment, "students", at), at, place);
                (masked::alone(alone, &batch, &experiment.distill), masked::distilled(distilled, teacher, &batch, experiment))
            }
            Objective::Embeddings => {
                let batch = self.pairs(at, place);
                (sentences::alone(alone, &batch), sentences::distilled(distilled, teacher, &batch, &experiment.encoder))
            }
            Objective::Classes => {
                let (batch, targets) = self.labelled_batch(&self.order, at, place);
                (classes::alone(alone, &batch, targets.clone()), classes::distilled(distilled, teacher, &batch, targets, experiment))
            }
        }
    }

    fn masked_batch(&self, order: &Batches, rng: &mut ChaCha8Rng, at: usize, place: &Place) -> Batch {
        let texts: Vec<_> = order.at(at).iter().map(|row| self.passages.train.get(*row as usize)).collect();
        let texts: Vec<&[u32]> = texts.iter().map(|text| text.as_slice()).collect();
        Batch::masked(self.masking.mask(&texts, rng), self.longest, self.passages.marks.padding, place)
    }

    /// Sentences, and behind them those that follow each.
    fn pairs(&self, at: usize, place: &Place) -> Batch {
        let rows = self.order.at(at);
        let texts: Vec<_> =
            [0, 1].iter().flat_map(|next| rows.iter().map(move |row| self.passages.train.get(*row as usize + next))).collect();
        let texts: Vec<&[u32]> = texts.iter().map(|text| text.as_slice()).collect();
        Batch::level(&texts, STEP, self.longest, self.passages.marks.padding, place)
    }

    /// Texts, and their labels as `[batch, classes]`.
    fn labelled_batch(&self, order: &Batches, at: usize, place: &Place) -> (Batch, Tensor<2>) {
        let rows = order.at(at);
        let texts: Vec<_> = rows.iter().map(|row| self.passages.train.get(*row as usize)).collect();
        let texts: Vec<&[u32]> = texts.iter().map(|text| text.as_slice()).collect();
        let Labels { names, train, .. } = &self.passages.labels;
        let labels: Vec<usize> = rows.iter().map(|row| train[*row as usize]).collect();
        let batch = Batch::level(&texts, STEP, self.longest, self.passages.marks.padding, place);
        (batch, classes::targets(&labels, names.len(), place))
    }

    /// The networks on the test texts.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails.
    pub async fn examine(&mut self, teacher_changes: bool) -> Result<Vec<Evaluation>, RunError> {
        let networks = self.nets.speakers();
        let mut found = self.exam.examine(&networks, teacher_changes).await?;
        if let Some(exam) = &mut self.validation {
            let held = exam.examine(&networks, teacher_changes).await?;
            found.iter_mut().for_each(|evaluation| evaluation.validated(&held));
        }
        Ok(found)
    }

    /// The last states `[rows, width]` of a network on the first test text, or what it says of its label, `[1, classes]`.
    pub fn answer_one(&self, role: Role) -> Tensor<2> {
        let text = self.passages.test.get(0);
        let batch = Batch::plain(&[&text], self.longest, self.passages.marks.padding, &self.place);
        let network = self.nets.speaker(role);
        if self.passages.labels.names.is_empty() { network.state(batch.ids, &batch.padding) } else { classes::logits(&network, &batch) }
    }

    /// Texts held out to choose by.
    pub fn validation(&self) -> usize {
        self.validation.as_ref().map_or(0, Exam::asked)
    }

    /// The reliability diagram of a network, once it was asked; `None` where nothing is foretold.
    pub fn reliability(&self, role: Role) -> Option<Vec<Bin>> {
        self.exam.reliability(role)
    }

    /// Texts that the networks are tested on.
    pub fn tests(&self) -> usize {
        self.exam.asked()
    }
}

/// The luck of a micro-batch, counted over all steps.
fn draw(experiment: &Experiment, who: &str, at: usize) -> ChaCha8Rng {
    data::rng(experiment.seed, &format!("masks of {who} at step {at}"))
}
