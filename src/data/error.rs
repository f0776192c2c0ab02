//! What can be wrong with data. Every message names the thing and the remedy; the page translates by [`DataError::code`].

use thiserror::Error;

use crate::spec::SpecError;

use super::{Part, TokenizerError};

/// Data that cannot be learned from.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DataError {
    #[error(transparent)]
    Task(#[from] SpecError),
    #[error("{file}: found {found}; it must be {expected}")]
    BadFile { file: String, found: String, expected: String },
    /// `part` is `train` or `test`.
    #[error("{part} rows: {problem}")]
    BadData { part: &'static str, problem: String },
    /// Data that changed since a run began; `part` as above.
    #[error("{problem}")]
    OtherData { part: &'static str, problem: String },
    /// A text that no task can be made of, names or a novel.
    #[error("the text: {0}")]
    BadText(String),
    /// A line of a JSONL file, counted from 1.
    #[error("line {line}: {problem}")]
    BadLine { line: usize, problem: String },
    /// A file of a teacher's likeliest tokens that is damaged or another's.
    #[error("the teacher's cache: {0}; name another file, or delete this one to have it made anew")]
    BadCache(String),
    /// The same of a file of a teacher's texts.
    #[error("the teacher's texts: {0}; name another file, or delete this one to have them written anew")]
    BadAnswers(String),
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    #[error(
        "this task takes no data files: set task.name=fashion (IDX files), or names, novel, jsonl or labels (a text), or leave the files out"
    )]
    UnusedFiles,
    /// Only the page meets this, and brings it.
    #[error("{} is shipped beside the engine and was not brought", .0.id())]
    NotBrought(Part),
    #[error("nothing is left to learn from: take a class that has rows out of task.omit_class, or set task.labels_per_class=0")]
    NothingToLearn,
}

impl DataError {
    /// Stable id for translation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Task(error) => error.code(),
            Self::BadFile { .. } => "bad_file",
            Self::BadData { .. }
            | Self::OtherData { .. }
            | Self::BadText(_)
            | Self::BadLine { .. }
            | Self::BadCache(_)
            | Self::BadAnswers(_)
            | Self::Tokenizer(_) => "bad_data",
            Self::UnusedFiles => "unused_files",
            Self::NotBrought(_) => "not_brought",
            Self::NothingToLearn => "nothing_to_learn",
        }
    }
}
