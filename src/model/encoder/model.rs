//! An encoder of others with the tokenizer that it reads by. Bytes in; the shells open the files.

use super::config::EncoderConfig;
use crate::data::{Fingerprint, Marks, Tokenizer, TokenizerError};
use crate::model::Decoded;
use crate::model::formats::{FormatError, bert};

/// An encoder on the host and its tokenizer.
#[derive(Debug, Clone)]
pub struct SentenceEncoder {
    pub config: EncoderConfig,
    /// In the order of [`EncoderConfig::parameters`].
    pub values: Vec<Vec<f32>>,
    pub tokenizer: Tokenizer,
    /// The tokenizer as a file.
    pub tokenizer_json: String,
    pub marks: Marks,
    /// Names of the classes, where it has a head for them.
    pub labels: Vec<String>,
}

impl SentenceEncoder {
    /// The model of a Hugging Face folder, from its `config.json`, its tensors and its `tokenizer.json`.
    ///
    /// # Errors
    /// What [`bert::load`] refuses, and a tokenizer that cannot be read, does not belong to the weights, or lacks BERT's control tokens.
    pub fn from_folder(config: &str, weights: Decoded, tokenizer_json: String) -> Result<Self, FormatError> {
        let bert::LoadedEncoder { config, values, labels } = bert::load(config, weights)?;
        let tokenizer = Tokenizer::from_json(tokenizer_json.as_bytes())?;
        let (known, vocab) = (tokenizer.vocab(), config.vocab);
        if known > vocab {
            return Err(FormatError::Tokens { known, vocab });
        }
        let marks = Marks::of(&tokenizer)?;
        Ok(Self { config, values, tokenizer, tokenizer_json, marks, labels })
    }

    /// The ids of a text as the encoder wants them: between its start and its end, cut to what it can look at.
    ///
    /// # Errors
    /// What the tokenizer refuses.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        Ok(self.marks.around(&self.tokenizer.encode(text)?, self.config.context))
    }

    /// Of shape, all weights and tokenizer.
    pub fn fingerprint(&self) -> String {
        Fingerprint::of_model(&self.config, &self.tokenizer_json, &self.values).to_string()
    }
}
