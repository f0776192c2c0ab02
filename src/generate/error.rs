use thiserror::Error;

use crate::data::TokenizerError;
use crate::device::DeviceError;

/// Why no text is written.
#[derive(Debug, Error)]
pub enum GenerateError {
    #[error("there is no prompt")]
    NoPrompt,
    #[error("prompt {0} is empty: give it at least one token")]
    EmptyPrompt(usize),
    #[error("prompt {index} has token {token}, but the model knows only tokens below {vocab}: it was made with another tokenizer")]
    UnknownToken { index: usize, token: u32, vocab: usize },
    #[error("{prompt} tokens of prompt and {new} new ones exceed the model's context of {context}: shorten one of them")]
    TooLong { prompt: usize, new: usize, context: usize },
    #[error("{name} must be {range}, not {value}")]
    Setting { name: &'static str, range: &'static str, value: String },
    #[error("the teacher has {teacher} tokens and the student {student}: their distributions cannot be mixed")]
    Vocabularies { teacher: usize, student: usize },
    #[error("{} answered with numbers that are not finite: its weights are damaged or its training diverged", .0.name())]
    NotFinite(Speaker),
    #[error("the text that was written is no text to the student's tokenizer: {0}")]
    Tokenizer(#[from] TokenizerError),
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// Who wrote, or was asked about what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The only one that there is.
    Model,
    Teacher,
    Student,
}

impl Speaker {
    fn name(self) -> &'static str {
        match self {
            Self::Model => "the model",
            Self::Teacher => "the teacher",
            Self::Student => "the student",
        }
    }
}

impl GenerateError {
    /// The same error, with the name of the model that wrote.
    pub fn of(self, speaker: Speaker) -> Self {
        match self {
            Self::NotFinite(Speaker::Model) => Self::NotFinite(speaker),
            other => other,
        }
    }
}
