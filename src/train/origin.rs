//! Where a teacher came from.

use crate::model::LanguageModel;

/// What a run keeps of a teacher from a file beside its weights.
#[derive(Debug, Clone)]
pub struct Origin {
    pub fingerprint: String,
    pub tokenizer_json: String,
    /// Tokens that end a text; of an encoder, the padding.
    pub stop: Vec<u32>,
}

impl Origin {
    pub fn of(model: &LanguageModel) -> Self {
        Self { fingerprint: model.fingerprint(), tokenizer_json: model.tokenizer_json.clone(), stop: model.stop.clone() }
    }
}
