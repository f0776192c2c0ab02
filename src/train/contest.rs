//! What the three networks of a run compete in. The step loop, the events and the checkpoints are the same for all contests.

use burn::tensor::Tensor;

use super::{
    RunError,
    checkpoint::Saved,
    classes::Classes,
    encoders::{self, Encoders},
    evaluation::Evaluation,
    event::*,
    mean,
    origin::Origins,
    texts::{self, Texts},
};
use crate::data::text::Corpus;
use crate::data::{DataError, IdxFiles, Shipped};
use crate::device::Place;
use crate::eval::study::Bin;
use crate::method::{response::Parts, text::Memory};
use crate::model::LanguageModel;
use crate::model::encoder::SentenceEncoder;
use crate::spec::{Experiment, Objective, TaskName};

/// What a caller hands in beside the experiment: bytes, because rooms below the shells open no file.
#[derive(Debug, Default)]
pub struct Materials {
    /// Replaces the shipped images of the `fashion` task.
    pub images: Option<IdxFiles>,
    /// The text of the `names`, `novel` and `jsonl` tasks, instead of an embedded one.
    pub text: Option<String>,
    /// The text, tokenised; labelled texts come so alone.
    pub corpus: Option<Box<dyn Corpus>>,
    /// Fingerprints of the data above, and of the texts to be tested on, as they lay in their files: a run goes on with no others.
    pub prints: [Option<String>; 2],
    /// What the program does not carry itself.
    pub shipped: Shipped,
    /// The teacher of `teacher.source = file`: a decoder, or an encoder.
    pub model: Option<LanguageModel>,
    pub encoder: Option<SentenceEncoder>,
    /// The student of `student.start = file`.
    pub student: Option<LanguageModel>,
    pub student_encoder: Option<SentenceEncoder>,
}

impl Materials {
    /// Whether the models can do what an experiment asks of them, as far as that is known before its texts are read, which may take long.
    ///
    /// # Errors
    /// As [`Run::new`](super::Run::new).
    pub fn check(&self, experiment: &Experiment) -> Result<(), RunError> {
        experiment.validate()?;
        let Experiment { text, task, .. } = experiment;
        if experiment.is_encoder() {
            let models = encoders::cast::models(experiment, self)?;
            // Labels are known from the texts.
            if let (Some(teacher), Objective::Masked | Objective::Embeddings) = (models.teacher, experiment.encoder.objective) {
                models.networks(experiment, teacher.config.vocab, &[])?;
            }
            return Ok(());
        }
        let models = texts::cast::models(experiment, self)?;
        if let Some(teacher) = &self.model {
            // Windows are as long as they may be; examples may all be shorter.
            let window = if task.name == TaskName::Novel { text.context } else { 1 };
            let readers = models.readers(experiment)?;
            // To a teacher with a tokenizer of its own they have another length.
            let contexts = [if readers.tokenizers.len() > 1 { 1 } else { window }, window];
            texts::cast::networks(experiment, self, &models, readers.common, teacher.config.vocab, contexts)?;
        }
        Ok(())
    }
}

/// The losses of a step out of those of its micro-batches, student alone and student distilled.
pub(super) fn losses(parts: [Vec<Parts>; 2]) -> Vec<(Role, Parts)> {
    let roles = [Role::Alone, Role::Distilled].into_iter().zip(parts);
    roles.filter_map(|(role, parts)| Some((role, mean::of_parts(parts)?))).collect()
}

/// The networks and their data.
pub(super) enum Contest {
    Classes(Box<Classes>),
    Texts(Box<Texts>),
    Encoders(Box<Encoders>),
}

impl Contest {
    pub fn new(experiment: &Experiment, place: &Place, materials: &Materials) -> Result<Self, RunError> {
        let text = experiment.task.name.is_text();
        let unused = if text { materials.images.is_some() } else { materials.text.is_some() || materials.corpus.is_some() };
        if unused {
            return Err(DataError::UnusedFiles.into());
        }
        if experiment.is_encoder() {
            return Ok(Self::Encoders(Box::new(Encoders::new(experiment, place, materials)?)));
        }
        if text {
            return Ok(Self::Texts(Box::new(Texts::new(experiment, place, materials)?)));
        }
        texts::cast::models(experiment, materials)?;
        Ok(Self::Classes(Box::new(Classes::new(experiment, place, materials)?)))
    }

    /// The teacher stands still from now on: what it says of the training data may be computed once.
    pub fn freeze_teacher(&mut self) {
        match self {
            Self::Classes(classes) => classes.keep_teacher(),
            Self::Texts(texts) => texts.nets.freeze_teacher(),
            Self::Encoders(encoders) => encoders.nets.freeze_teacher(),
        }
    }

    /// Whether the networks can learn by an experiment whose live knobs were turned.
    pub fn accept(&self, experiment: &Experiment) -> Result<(), RunError> {
        match self {
            Self::Classes(_) | Self::Texts(_) => Ok(()),
            Self::Encoders(encoders) => encoders.accept(experiment),
        }
    }

    /// The teacher has learned, and the students begin. Whether they have other weights now.
    pub async fn begin_students(&mut self, experiment: &Experiment) -> Result<bool, RunError> {
        match self {
            Self::Classes(_) | Self::Texts(_) => Ok(false),
            Self::Encoders(encoders) => encoders.begin_students(experiment).await,
        }
    }

    /// The teacher makes one step per rate from step `from`; the loss of the last one.
    pub async fn teach(&mut self, experiment: &Experiment, from: usize, rates: &[f64]) -> Result<Tensor<1>, RunError> {
        match self {
            Self::Classes(classes) => Ok(classes.teachers.learn(from, rates, experiment.train.accumulate)),
            Self::Texts(texts) => texts.teach(experiment, from, rates).await,
            Self::Encoders(encoders) => encoders.teach(experiment, from, rates).await,
        }
    }

    /// Both students make one step per rate from step `from`, on the same batches; the losses of the last one.
    pub async fn learn(&mut self, experiment: &Experiment, from: usize, rates: &[f64]) -> Result<Vec<(Role, Parts)>, RunError> {
        match self {
            Self::Classes(classes) => Ok(classes.learn(experiment, from, rates)),
            Self::Texts(texts) => texts.learn(experiment, from, rates).await,
            Self::Encoders(encoders) => encoders.learn(experiment, from, rates).await,
        }
    }

    /// The networks on the test data.
    pub async fn examine(&mut self, experiment: &Experiment, teacher_changes: bool) -> Result<Vec<Evaluation>, RunError> {
        match self {
            Self::Classes(classes) => classes.examine(teacher_changes).await,
            Self::Texts(texts) => texts.examine(experiment, teacher_changes).await,
            Self::Encoders(encoders) => encoders.examine(teacher_changes).await,
        }
    }

    /// The reliability diagram of a network, once it was asked; `None` where nothing is foretold.
    pub fn reliability(&self, role: Role) -> Option<Vec<Bin>> {
        match self {
            Self::Classes(classes) => classes.exam.sheet.reliability(role),
            Self::Texts(texts) => texts.reliability(role),
            Self::Encoders(encoders) => encoders.reliability(role),
        }
    }

    /// The networks of a role.
    pub fn networks(&self, role: Role) -> Vec<&dyn Saved> {
        match self {
            Self::Classes(classes) => classes.networks(role),
            Self::Texts(texts) => vec![texts.nets.network(role)],
            Self::Encoders(encoders) => vec![encoders.nets.network(role)],
        }
    }

    /// One network of a role; only teachers can be several.
    pub fn network_mut(&mut self, role: Role, index: usize) -> &mut dyn Saved {
        match self {
            Self::Classes(classes) => classes.network_mut(role, index),
            Self::Texts(texts) => texts.nets.network_mut(role),
            Self::Encoders(encoders) => encoders.nets.network_mut(role),
        }
    }

    /// What the method remembers from step to step, beside the networks.
    pub fn memory(&self) -> Option<&Memory> {
        match self {
            Self::Classes(_) | Self::Encoders(_) => None,
            Self::Texts(texts) => Some(texts.memory()),
        }
    }

    /// Of models from files.
    pub fn origins(&self) -> &Origins {
        match self {
            Self::Classes(_) => &Origins::NONE,
            Self::Texts(texts) => &texts.origins,
            Self::Encoders(encoders) => &encoders.origins,
        }
    }

    /// Fingerprint of the chat templates by which instructions are put, where they are.
    pub fn templates(&self) -> Option<String> {
        if let Self::Texts(texts) = self { texts.templates() } else { None }
    }

    pub fn remember(&mut self, memory: Memory) {
        if let Self::Texts(texts) = self {
            texts.remember(memory);
        }
    }
}
