//! What a method sees at a step: the two networks, the batch, and ways to let them write.

use burn::tensor::{Tensor, TensorData};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::{Sequences, TeacherTexts, Written, minillm::Rollouts};
use crate::data::{
    self,
    text::{Room, TextSet, TopK},
};
use crate::device::Place;
use crate::generate::{self, GenerateError, Mixture, Request, Sampling, Speaker, Text};
use crate::model::Transformer;
use crate::model::transformer::Context;
use crate::spec::{self, Experiment};

/// The texts of a run as one tokenizer reads them, and the room that they take.
#[derive(Debug, Clone)]
pub struct Reading {
    pub set: TextSet,
    /// Tokens of a sequence less one.
    pub seq: usize,
    /// Most tokens of a response, the stop token counted, where its prompt leaves so much of the sequence.
    pub longest: usize,
}

/// Tokens above the longest response of the data: a student must be able to go on where it should stop.
const SPARE: usize = 2;

/// Lengths of batches differ by multiples of this: a GPU compiles its kernels for shapes.
const STEP: usize = 16;

impl Reading {
    pub fn new(set: TextSet) -> Self {
        let longest = set.longest().1 + SPARE;
        let mut reading = Self { set, seq: 0, longest };
        let room = match reading.set.room {
            Room::Apart => reading.positions(),
            Room::Example => reading.set.longest_example(),
        };
        reading.seq = room - 1;
        reading
    }

    /// Tokens that a network must be able to look at.
    pub fn context(&self) -> usize {
        self.seq + 1
    }

    /// Positions of a network that is made for these texts. They may be more than it looks at: those of checkpoints of before have as many.
    pub fn positions(&self) -> usize {
        self.set.longest().0 + self.longest
    }

    /// Most tokens that a network may write after a prompt of so many.
    pub fn limit(&self, prompt: usize) -> usize {
        self.longest.min(self.context().saturating_sub(prompt))
    }

    /// How far batches of texts are padded.
    pub fn padding(&self) -> Padding {
        Padding { room: self.set.room, seq: self.seq }
    }
}

/// How far a batch of texts is padded: where lengths may differ much, no further than its own longest needs.
#[derive(Debug, Clone, Copy)]
pub struct Padding {
    room: Room,
    seq: usize,
}

impl Padding {
    /// Tokens of each of these texts on the device, less one.
    pub fn of(self, texts: &[Written]) -> usize {
        match self.room {
            Room::Apart => self.seq,
            Room::Example => {
                let longest = texts.iter().map(Written::tokens).max().unwrap_or(0);
                longest.saturating_sub(1).max(1).next_multiple_of(STEP).min(self.seq)
            }
        }
    }
}

/// One step of the distilled student.
pub struct Scene<'a> {
    pub experiment: &'a Experiment,
    /// As the student reads the texts.
    pub reading: &'a Reading,
    /// As the teacher does, where its tokenizer is another.
    pub teachers: Option<&'a Reading>,
    pub place: &'a Place,
    /// Frozen, without gradients.
    pub teacher: &'a Transformer,
    /// With gradients.
    pub student: &'a Transformer,
    /// The same without.
    pub speaker: &'a Transformer,
    /// Where tokens stand in the longest batch of [`Sequences`], for teacher and student.
    pub contexts: &'a [Context; 2],
    /// What the teacher says of the training data, if it was kept: its likeliest tokens.
    pub cache: Option<&'a TopK>,
    /// Numbers of the examples of this step's batch.
    pub rows: &'a [usize],
    /// How often all examples had come before this batch.
    pub epoch: usize,
    /// Steps made before this one.
    pub step: usize,
    /// Number of this micro-batch within the step, from 0.
    pub micro: usize,
    /// Whether logits are taken in chunks ([`large`](super::large)).
    pub large: bool,
}

/// What a method remembers from one step to the next. Part of a checkpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// The student's own texts (DistiLLM).
    pub replay: Vec<Written>,
    /// How often the student's own texts are learned from, and the validation loss that this was decided by (DistiLLM).
    pub share: f64,
    pub validation: Option<f64>,
    /// Texts that are being learned from (MiniLLM).
    pub rollouts: Option<Rollouts>,
    /// What the teacher wrote (SeqKD). Not saved: it is kept in a file of its own, and the same seed writes the same again.
    #[serde(skip)]
    pub teacher_texts: TeacherTexts,
}

impl Memory {
    /// Before the first step.
    pub fn new(text: &spec::Text) -> Self {
        Self { share: text.share_start, ..Self::default() }
    }

    /// Without texts of more than `room` tokens, which a checkpoint of before may hold.
    pub fn within(mut self, room: usize) -> Self {
        let fits = |text: &Written| text.tokens() <= room;
        self.replay.retain(fits);
        self.rollouts = self.rollouts.filter(|rollouts| rollouts.texts().iter().all(fits));
        self
    }
}

impl Scene<'_> {
    /// The examples as the student reads them.
    pub fn set(&self) -> &TextSet {
        &self.reading.set
    }

    /// The examples of this step's batch.
    pub fn data(&self) -> Vec<Written> {
        self.rows.iter().map(|row| Written::example(&self.set().train.get(*row), self.set().end())).collect()
    }

    pub fn prompts(&self) -> Vec<Vec<u32>> {
        self.rows.iter().map(|row| self.set().train.get(*row).into_owned().prompt).collect()
    }

    pub fn sequences(&self, texts: &[Written]) -> Sequences {
        Sequences::new(texts, self.reading.padding().of(texts), self.student.config().vocab, self.place)
    }

    /// Logits `[rows, vocab]` with gradients.
    pub fn student_logits(&self, sequences: &Sequences) -> Tensor<2> {
        self.student.logits(self.student_state(sequences))
    }

    /// Logits `[rows, vocab]` without gradients: beside the student's they are constants.
    pub fn teacher_logits(&self, sequences: &Sequences) -> Tensor<2> {
        self.teacher.logits(self.teacher_state(sequences))
    }

    /// What the student's logits are made of, `[rows, width]`, with gradients.
    pub fn student_state(&self, sequences: &Sequences) -> Tensor<2> {
        self.student.state(sequences.ids.clone(), &self.contexts[1].first(sequences.seq))
    }

    /// What the teacher's are made of, `[rows, width]`, without.
    pub fn teacher_state(&self, sequences: &Sequences) -> Tensor<2> {
        self.teacher.state(sequences.ids.clone(), &self.contexts[0].first(sequences.seq))
    }

    pub fn targets(&self, sequences: &Sequences) -> Tensor<2> {
        sequences.targets()
    }

    pub fn mask(&self, sequences: &Sequences) -> Tensor<1> {
        sequences.mask.clone()
    }

    /// Numbers per text as a tensor `[batch]`.
    pub fn per_text(&self, values: &[f64]) -> Tensor<1> {
        let values: Vec<f32> = values.iter().map(|value| *value as f32).collect();
        let count = values.len();
        Tensor::from_data(TensorData::new(values, [count]), &self.place.inner())
    }

    /// The step and the micro-batch, for the key of a random number.
    pub fn moment(&self) -> String {
        let Self { step, micro, .. } = self;
        if *micro == 0 { step.to_string() } else { format!("{step}, micro-batch {micro}") }
    }

    /// How much of the distillation is done, in [0, 1): the fine-tuning before and after it does not count.
    pub fn progress(&self) -> f64 {
        let steps = self.experiment.distilled_steps();
        self.step.saturating_sub(steps.start) as f64 / steps.len().max(1) as f64
    }

    /// A number in [0, 1) that depends on the seed, the step and the purpose alone: all micro-batches of a step draw the same.
    pub fn coin(&self, purpose: &str) -> f64 {
        let mut rng = data::rng(self.experiment.seed, &format!("{purpose} {}", self.step));
        f64::from(rng.next_u32()) / 4_294_967_296.0
    }

    /// Lets a network write one text per prompt, which it reads as `reading` does.
    pub async fn write(
        &self,
        (who, reading): (&Transformer, &Reading),
        mixture: Option<Mixture<'_>>,
        prompts: Vec<Vec<u32>>,
        purpose: &str,
    ) -> Result<Vec<Text>, GenerateError> {
        let seed = data::rng(self.experiment.seed, purpose).next_u32();
        let sampling = Sampling { temperature: self.experiment.text.sampling_temperature, ..Sampling::default() };
        let (max_tokens, room) = (reading.longest, Some(reading.context()));
        let request = Request { prompts, max_tokens, room, sampling, stop: vec![reading.set.stop], seed };
        let speaker = if std::ptr::eq(who, self.teacher) { Speaker::Teacher } else { Speaker::Student };
        generate::generate(who, mixture, request, &self.place.inner()).await.map_err(|error| error.of(speaker))
    }

    /// The student's own texts for this step's prompts.
    pub async fn own_texts(&self) -> Result<Vec<Written>, GenerateError> {
        self.texts_of(self.speaker, "student").await
    }

    /// The teacher's texts for this step's prompts.
    pub async fn teacher_texts(&self) -> Result<Vec<Written>, GenerateError> {
        self.texts_of(self.teacher, "teacher").await
    }

    async fn texts_of(&self, who: &Transformer, name: &str) -> Result<Vec<Written>, GenerateError> {
        let prompts = self.prompts();
        let texts = self.write((who, self.reading), None, prompts.clone(), &format!("texts of {name} at step {}", self.moment())).await?;
        Ok(prompts.iter().zip(&texts).map(|(prompt, text)| Written::sampled(prompt, text, self.set().stop)).collect())
    }
}
