//! Why a run cannot start or go on.

use thiserror::Error;

use super::event::Role;
use crate::{data::DataError, device::DeviceError, generate::GenerateError, model::WeightsError, spec::SpecError};

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
    #[error("the loss of the {} is no longer finite at step {step}: lower {key} (now {value}) and start again", .role.name())]
    NotFinite { role: Role, step: usize, key: &'static str, value: f64 },
    #[error("{key} takes effect only in a new run; live knobs are {live}")]
    NotLive { key: String, live: String },
    /// A model from a file that is missing, another than before, or does not fit.
    #[error("{0}")]
    Model(String),
    #[error("not a checkpoint of this build: {0}")]
    Checkpoint(String),
    #[error("test row {index} does not exist; rows go from 0 to {last}")]
    NoSuchRow { index: usize, last: usize },
    #[error("{0}")]
    Unavailable(&'static str),
}

impl RunError {
    /// Stable id for translation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Spec(error) => error.code(),
            Self::Data(error) => error.code(),
            Self::Device(error) => error.code(),
            Self::Generate(GenerateError::Device(error)) => error.code(),
            Self::Generate(_) => "generate",
            Self::Weights(_) => "bad_file",
            Self::NotFinite { .. } => "not_finite",
            Self::NotLive { .. } => "not_live",
            Self::Model(_) => "bad_model",
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
            Self::NotFinite { key, value, .. } => (Some((*key).into()), Some(value.to_string()), None),
            Self::NotLive { key, live } => (Some(key.clone()), None, Some(live.clone())),
            Self::NoSuchRow { index, last } => (None, Some(index.to_string()), Some(format!("0–{last}"))),
            _ => (None, None, None),
        }
    }

    /// The device cannot be used any more.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Device(_) | Self::Generate(GenerateError::Device(_)))
    }
}
