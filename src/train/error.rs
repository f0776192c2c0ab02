//! Why a run cannot start or go on.

use thiserror::Error;

use super::event::Role;
use crate::data::DataError;
use crate::device::DeviceError;
use crate::generate::{GenerateError, Speaker};
use crate::loss::soft;
use crate::model::WeightsError;
use crate::spec::{Experiment, SpecError, TeacherSource};

/// Why a run cannot start or go on. A run that returned one is as it was before, unless its device or its numbers failed.
#[derive(Debug, Error)]
pub enum RunError {
    #[error(transparent)]
    Spec(#[from] SpecError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error(transparent)]
    Generate(#[from] GenerateError),
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// Training diverged: a loss, or what a network writes, is no number any more.
    #[error("the numbers of the {} are no longer finite at step {step}: lower {key} (now {value}){} and start again", .role.name(), clipping(*.clip))]
    NotFinite { role: Role, step: usize, key: &'static str, value: f64, clip: f64 },
    #[error("{key} takes effect only in a new run; live knobs are {live}")]
    NotLive { key: String, live: String },
    /// A model from a file that is missing, another than before, or does not fit.
    #[error("{0}")]
    Model(String),
    /// A file of tensors that holds no run.
    #[error("not a checkpoint of this build: its metadata has no `{0}`")]
    NoCheckpoint(&'static str),
    #[error("not a checkpoint of this build: it is of version {found}, this build reads {expected}")]
    CheckpointVersion { found: u32, expected: u32 },
    #[error("not a checkpoint of this build: {0}")]
    Checkpoint(String),
    #[error("test row {index} does not exist; rows go from 0 to {last}")]
    NoSuchRow { index: usize, last: usize },
    #[error("{0}")]
    Unavailable(&'static str),
}

/// Clipping as another remedy, where there is none yet; `clip` is `train.clip`.
fn clipping(clip: f64) -> &'static str {
    if clip > 0.0 { "" } else { ", or clip the gradients (train.clip=1, now 0)," }
}

impl RunError {
    /// That the numbers of a network are not finite at a step, with the knob to turn back.
    pub(super) fn diverged(experiment: &Experiment, role: Role, step: usize) -> Self {
        let Experiment { teacher, train, distill, .. } = experiment;
        if role == Role::Teacher && teacher.source != TeacherSource::Live {
            let which = if teacher.source == TeacherSource::File { " of --teacher" } else { "" };
            return Self::Model(format!(
                "the teacher answers with numbers that are not finite: the weights{which} are damaged; get them again"
            ));
        }
        let (key, value) = match role {
            Role::Teacher => ("teacher.lr", teacher.lr),
            Role::Distilled if distill.attention_weight > 100.0 => ("distill.attention_weight", distill.attention_weight),
            Role::Distilled if distill.hint_weight > 10.0 => ("distill.hint_weight", distill.hint_weight),
            Role::Distilled if soft::scale(distill) > 400.0 => ("distill.temperature", distill.temperature),
            _ => match experiment.first_stage() {
                Some((first, lr)) if step <= first => ("text.sft_lr", lr),
                _ => ("train.lr", train.lr),
            },
        };
        Self::NotFinite { role, step, key, value, clip: train.clip }
    }

    /// What a network of a run wrote, or was to write, at a step; `role` is who wrote unless the error says it.
    pub(super) fn written(error: GenerateError, experiment: &Experiment, role: Role, step: usize) -> Self {
        match error {
            GenerateError::NotFinite(Speaker::Teacher) => Self::diverged(experiment, Role::Teacher, step),
            GenerateError::NotFinite(_) => Self::diverged(experiment, role, step),
            other => other.into(),
        }
    }

    /// Stable id for translation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Spec(error) => error.code(),
            Self::Data(error) => error.code(),
            Self::Device(error) => error.code(),
            Self::Generate(GenerateError::Device(error)) => error.code(),
            Self::Generate(_) => "generate",
            Self::Weights(error) => error.code(),
            Self::NotFinite { .. } => "not_finite",
            Self::NotLive { .. } => "not_live",
            Self::Model(_) => "bad_model",
            Self::NoCheckpoint(_) => "no_checkpoint",
            Self::CheckpointVersion { .. } => "checkpoint_version",
            Self::Checkpoint(_) => "bad_checkpoint",
            Self::NoSuchRow { .. } => "no_such_row",
            Self::Unavailable(_) => "unavailable",
        }
    }

    /// The knob, value and allowed range concerned, where there are such.
    pub fn parts(&self) -> (Option<String>, Option<String>, Option<String>) {
        match self {
            Self::Spec(error) => error.parts(),
            Self::Data(DataError::NotBrought(part)) => (Some(part.id().into()), None, None),
            Self::Weights(error) => error.parts(),
            // Clipping is another remedy where there is none yet.
            Self::NotFinite { key, value, clip, .. } => {
                (Some((*key).into()), Some(value.to_string()), (*clip <= 0.0).then(|| "train.clip".into()))
            }
            Self::CheckpointVersion { found, expected } => (None, Some(found.to_string()), Some(expected.to_string())),
            Self::NotLive { key, live } => (Some(key.clone()), None, Some(live.clone())),
            Self::NoSuchRow { index, last } => (None, Some(index.to_string()), Some(format!("0–{last}"))),
            _ => (None, None, None),
        }
    }

    /// The fault lies in the checkpoint itself: an earlier one may be sound.
    pub fn is_of_checkpoint(&self) -> bool {
        matches!(self, Self::Weights(_) | Self::NoCheckpoint(_) | Self::CheckpointVersion { .. } | Self::Checkpoint(_))
    }

    /// The device cannot be used any more.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Device(_) | Self::Generate(GenerateError::Device(_)))
    }
}
