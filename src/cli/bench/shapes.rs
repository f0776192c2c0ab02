//! Distillation steps of the shapes of real models, through the losses and the optimiser of every run. Weights are random and texts are made up:
//! neither changes what a step costs.

use burn::tensor::Tensor;

use crate::data::rng;
use crate::data::text::{Masked, Window, novel};
use crate::device::{DeviceError, Place, read};
use crate::loss::{combine, sequence};
use crate::method::encoder::{Batch, masked};
use crate::method::text::{Reading, Scene, Sequences, Written, large};
use crate::model::encoder::{Encoder, EncoderConfig};
use crate::model::transformer::Context;
use crate::model::{Trainable, Transformer, TransformerConfig};
use crate::spec::{Experiment, SpecError};
use crate::train::Learner;

/// Texts of a step, and tokens of each.
pub const TEXTS: usize = 8;
pub const SEQ: usize = 128;

/// A step of one student under a teacher that stands still; the teacher's forward pass is in it.
pub enum Shape {
    SmolLm2(Box<SmolLm2>),
    DistilBert(Box<DistilBert>),
}

impl Shape {
    pub const NAMES: [&str; 2] = ["smollm2", "distilbert"];

    /// `None` for a name that is none of [`Shape::NAMES`].
    ///
    /// # Errors
    /// A preset that does not hold.
    pub fn new(name: &str, place: &Place) -> Result<Option<Self>, SpecError> {
        Ok(match name {
            "smollm2" => Some(Self::SmolLm2(Box::new(SmolLm2::new(place)?))),
            "distilbert" => Some(Self::DistilBert(Box::new(DistilBert::new(place)?))),
            _ => None,
        })
    }

    /// The student's next step; its loss before the update.
    ///
    /// # Errors
    /// [`DeviceError::Lost`] when the device fails.
    pub async fn step(&mut self) -> Result<f32, DeviceError> {
        match self {
            Self::SmolLm2(shape) => {
                let loss = shape.loss(true);
                learned(&mut shape.student, &loss).await
            }
            Self::DistilBert(shape) => {
                let loss = masked::distilled(&shape.student.net, &shape.teacher, &shape.batch, &shape.experiment).total;
                learned(&mut shape.student, &loss).await
            }
        }
    }
}

/// Small enough that the random networks stay finite.
const RATE: f64 = 1e-5;

async fn learned<N: Trainable>(student: &mut Learner<N>, loss: &Tensor<1>) -> Result<f32, DeviceError> {
    student.gather(loss, 1.0);
    student.step_if_finite(RATE).await?;
    Ok(read(loss.clone().inner()).await?.first().copied().unwrap_or(f32::NAN))
}

/// Token KD of SmolLM2-135M's 30 layers into 15, over 49,152 tokens.
pub struct SmolLm2 {
    teacher: Transformer,
    pub student: Learner<Transformer>,
    contexts: [Context; 2],
    sequences: Sequences,
    reading: Reading,
    experiment: Experiment,
    place: Place,
}

impl SmolLm2 {
    const VOCAB: usize = 49_152;

    pub fn new(place: &Place) -> Result<Self, SpecError> {
        let config = |layers| TransformerConfig::llama(Self::VOCAB, 8192, 576, layers, [9, 3], 1536);
        let (large, small) = (config(30), config(15));
        let experiment = Experiment::from_preset("smollm2", [("train.clip", "0")])?;
        let token = |text: usize, at: usize| ((text * 911 + at * 37) % Self::VOCAB) as u32;
        let text = |text| Written { prompt: vec![text as u32], response: (1..=SEQ).map(|at| token(text, at)).collect() };
        // The set is not looked at: the sequences are made already.
        let set = novel(&"any text ".repeat(100), Window::default()).expect("long enough");
        Ok(Self {
            teacher: Transformer::build(&large, &large.initial(&mut rng(0, "teacher")), &place.inner()).multiplying(place.half()),
            student: Learner::new(small.clone(), &small.initial(&mut rng(0, "student")), &experiment.train, place),
            contexts: [&large, &small].map(|config| Context::causal(config, SEQ, &place.inner())),
            sequences: Sequences::new(&(0..TEXTS).map(text).collect::<Vec<_>>(), SEQ, Self::VOCAB, place),
            reading: Reading { set, seq: SEQ, longest: SEQ },
            experiment,
            place: place.clone(),
        })
    }

    /// `α·CE + (1−α)·T²·KL`, `[1]`: in chunks of logits, or of all logits at once.
    pub fn loss(&self, chunks: bool) -> Tensor<1> {
        let scene = Scene {
            experiment: &self.experiment,
            reading: &self.reading,
            teachers: None,
            place: &self.place,
            teacher: &self.teacher,
            student: &self.student.net,
            speaker: &self.teacher,
            contexts: &self.contexts,
            cache: None,
            rows: &[],
            epoch: 0,
            step: 0,
            micro: 0,
            large: chunks,
        };
        let sequences = &self.sequences;
        if chunks {
            return large::loss(&scene, sequences, large::Learn::Both).total;
        }
        let distill = &self.experiment.distill;
        let (logits, targets, mask) = (scene.student_logits(sequences), scene.targets(sequences), scene.mask(sequences));
        let hard = sequence::cross_entropy(logits.clone(), targets.clone(), mask.clone());
        let soft = sequence::soft_rows(scene.teacher_logits(sequences), logits, targets, distill);
        combine(hard, sequence::masked_mean(soft, mask), None, None, distill)
    }
}

/// DistilBERT's triple loss: BERT-base's 12 layers into 6, over 30,522 tokens, 15 % of which are to be foretold.
pub struct DistilBert {
    teacher: Encoder,
    student: Learner<Encoder>,
    batch: Batch,
    experiment: Experiment,
}

impl DistilBert {
    const VOCAB: usize = 30_522;
    const MASK: u32 = 103;

    fn new(place: &Place) -> Result<Self, SpecError> {
        let config = |layers| EncoderConfig::bert(Self::VOCAB, 512, 768, layers, 12);
        let (large, small) = (config(12), config(6));
        let experiment = Experiment::from_preset("distilbert-native", [("train.clip", "0")])?;
        let token = |text: usize, at: usize| (1000 + (text * 911 + at * 37) % (Self::VOCAB - 1000)) as u32;
        // Every seventh token: 0.15 of 128 are 19.2.
        let hidden: Vec<_> = (0..TEXTS).flat_map(|text| (3..SEQ).step_by(7).map(move |at| (text, at, token(text, at)))).collect();
        let mut texts: Vec<Vec<u32>> = (0..TEXTS).map(|text| (0..SEQ).map(|at| token(text, at)).collect()).collect();
        hidden.iter().for_each(|(text, at, _)| texts[*text][*at] = Self::MASK);
        Ok(Self {
            teacher: Encoder::build(&large, &large.initial(&mut rng(0, "teacher")), &place.inner()).multiplying(place.half()),
            student: Learner::new(small.clone(), &small.initial(&mut rng(0, "student")), &experiment.train, place),
            batch: Batch::masked(Masked { texts, hidden }, SEQ, 0, place),
            experiment,
        })
    }
}
