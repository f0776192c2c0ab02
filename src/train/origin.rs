//! Where the networks of a run came from.

use crate::model::vocabulary::Spare;

/// What a run keeps of a model from a file beside its weights.
#[derive(Debug, Clone)]
pub struct Origin {
    pub fingerprint: String,
    pub tokenizer_json: String,
    /// Tokens that end a text; an encoder has none.
    pub stop: Vec<u32>,
    /// Tokens that an encoder's texts are cut to; of a decoder they are not.
    pub longest: Option<usize>,
    /// What was cut off it because the other model has no such ids.
    pub spare: Option<Spare>,
}

/// Of the models from files that a run began with.
#[derive(Debug, Clone)]
pub struct Origins {
    pub teacher: Option<Origin>,
    /// Of a student that is no part of the teacher.
    pub student: Option<Origin>,
}

impl Origins {
    /// Of a run that began with no file.
    pub const NONE: Self = Self { teacher: None, student: None };
}
