//! A language model of others: a decoder with the tokenizer that it reads and writes by. Bytes in; the shells open the files.

use std::collections::BTreeMap;

use super::formats::{Chat, ChatFiles, FormatError, Loaded, chat, gguf::Gguf, gguf_llama, huggingface};
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
    /// How its conversations are written.
    pub chat: Chat,
}

impl LanguageModel {
    /// The model of a GGUF file.
    ///
    /// # Errors
    /// What [`Gguf::parse`] and [`gguf_llama`] refuse, and a tokenizer that does not belong to the weights.
    pub fn from_gguf(bytes: &[u8]) -> Result<Self, FormatError> {
        let file = Gguf::parse(bytes)?;
        let stop = gguf_llama::end_of_text(&file).into_iter().collect();
        Self::new(gguf_llama::load(&file)?, gguf_llama::tokenizer_json(&file)?, stop, Chat::of_gguf(&file))
    }

    /// The model of a Hugging Face folder, from its `config.json`, its tensors, its `tokenizer.json` and what lies beside that.
    ///
    /// # Errors
    /// What [`huggingface::load`] and [`ChatFiles::read`] refuse, and a tokenizer that cannot be read or does not belong to the weights.
    pub fn from_folder(config: &str, weights: Decoded, tokenizer_json: String, files: &ChatFiles) -> Result<Self, FormatError> {
        let loaded = huggingface::load(config, weights)?;
        // It was JSON a moment ago.
        let mut stop = chat::ends(&serde_json::from_str(config).unwrap_or_default());
        stop.extend(files.ends()?);
        Self::new(loaded, tokenizer_json, stop, files.read()?)
    }

    fn new(loaded: Loaded, tokenizer_json: String, named: Vec<u32>, chat: Chat) -> Result<Self, FormatError> {
        let tokenizer = Tokenizer::from_json(tokenizer_json.as_bytes())?.ending_with(named.first().copied());
        let (known, vocab) = (tokenizer.vocab(), loaded.config.vocab);
        if known > vocab {
            return Err(FormatError::Tokens { known, vocab });
        }
        let mut stop = Vec::new();
        for end in named.into_iter().chain(ENDS.iter().filter_map(|end| tokenizer.id(end))) {
            if !stop.contains(&end) {
                stop.push(end);
            }
        }
        let Loaded { config, values } = loaded;
        Ok(Self { config, values, tokenizer, tokenizer_json, stop, chat })
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
