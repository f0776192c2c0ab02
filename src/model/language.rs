//! A language model of others: a decoder with the tokenizer that it reads and writes by. Bytes in; the shells open the files.

use std::collections::BTreeMap;

use serde_json::Value;

use super::formats::{FormatError, Loaded, gguf::Gguf, gguf_llama, huggingface};
use super::layers::Taken;
use super::{Decoded, Parameter, TransformerConfig};
use crate::data::{Fingerprint, Tokenizer};

/// Control tokens that end a text in the models that are read here.
const ENDS: [&str; 3] = ["<|im_end|>", "<|endoftext|>", "</s>"];

/// A decoder on the host and its tokenizer.
#[derive(Debug, Clone)]
pub struct LanguageModel {
    pub config: TransformerConfig,
    /// In the order of [`TransformerConfig::parameters`].
    pub values: Vec<Vec<f32>>,
    pub tokenizer: Tokenizer,
    /// The tokenizer as a file.
    pub tokenizer_json: String,
    /// Tokens that end a text.
    pub stop: Vec<u32>,
}

impl LanguageModel {
    /// The model of a GGUF file.
    ///
    /// # Errors
    /// What [`Gguf::parse`] and [`gguf_llama`] refuse, and a tokenizer that does not belong to the weights.
    pub fn from_gguf(bytes: &[u8]) -> Result<Self, FormatError> {
        let file = Gguf::parse(bytes)?;
        let stop = gguf_llama::end_of_text(&file).into_iter().collect();
        Self::new(gguf_llama::load(&file)?, gguf_llama::tokenizer_json(&file)?, stop)
    }

    /// The model of a Hugging Face folder, from its `config.json`, its tensors and its `tokenizer.json`.
    ///
    /// # Errors
    /// What [`huggingface::load`] refuses, and a tokenizer that cannot be read or does not belong to the weights.
    pub fn from_folder(config: &str, weights: Decoded, tokenizer_json: String) -> Result<Self, FormatError> {
        let loaded = huggingface::load(config, weights)?;
        // One id or a list of them; it was JSON a moment ago.
        let stop = match &serde_json::from_str::<Value>(config).unwrap_or_default()["eos_token_id"] {
            Value::Array(ids) => ids.iter().filter_map(Value::as_u64).map(|id| id as u32).collect(),
            other => other.as_u64().map(|id| id as u32).into_iter().collect(),
        };
        Self::new(loaded, tokenizer_json, stop)
    }

    fn new(loaded: Loaded, tokenizer_json: String, mut stop: Vec<u32>) -> Result<Self, FormatError> {
        let tokenizer = Tokenizer::from_json(tokenizer_json.as_bytes())?.ending_with(stop.first().copied());
        let (known, vocab) = (tokenizer.vocab(), loaded.config.vocab);
        if known > vocab {
            return Err(FormatError::Tokens { known, vocab });
        }
        for end in ENDS.iter().filter_map(|end| tokenizer.id(end)) {
            if !stop.contains(&end) {
                stop.push(end);
            }
        }
        let Loaded { config, values } = loaded;
        Ok(Self { config, values, tokenizer, tokenizer_json, stop })
    }

    /// Of shape, all weights and tokenizer.
    pub fn fingerprint(&self) -> String {
        Fingerprint::of_model(&self.config, &self.tokenizer_json, &self.values).to_string()
    }

    /// Shape and values of a decoder with `layers` of this one's blocks and all else as it is: embeddings, final norm, output matrix.
    ///
    /// The blocks are the `chosen` ones. Where none are, block i is this one's block `round(i·(L−1)/(layers−1))`: evenly spaced, first and last
    /// kept; the first alone where one is asked for.
    ///
    /// # Errors
    /// Layers that it has not, in words.
    pub fn with_layers(&self, layers: usize, chosen: &[usize]) -> Result<(TransformerConfig, Vec<Vec<f32>>), String> {
        let taken = Taken::new(layers, chosen, self.config.layers)?;
        let config = TransformerConfig { layers: taken.count(), ..self.config.clone() };
        let places: BTreeMap<String, usize> =
            self.config.parameters().into_iter().enumerate().map(|(at, parameter)| (parameter.name, at)).collect();
        let take = |parameter: Parameter| self.values[places[&taken.source_name(parameter.name)]].clone();
        let values = config.parameters().into_iter().map(take).collect();
        Ok((config, values))
    }
}
