//! Networks of others: GGUF files and Hugging Face folders, read into our layout, and ours written as Hugging Face writes them.
//! Bytes in, bytes out; the shells open the files.
//!
//! | file | |
//! |---|---|
//! | [`gguf`] | the container of llama.cpp: header, metadata, quantised tensors |
//! | [`gguf_llama`] | a LLaMA in a GGUF: shape, weights, tokenizer |
//! | [`huggingface`] | `config.json` and `model.safetensors` |
//! | [`names`] | which of their tensors make up which of ours |
//! | [`peft`] | adapters of a decoder |
//! | [`chat`] | what a decoder's texts begin and end with, and its chat template |
//! | [`bert`] | BERT, DistilBERT and ELECTRA as `config.json` and `model.safetensors` |
//! | [`bert_config`] | what an encoder's `config.json` says |
//! | [`sentences`] | what sentence-transformers keeps beside it: pooling, and where texts are cut |
//! | [`bert_names`] | which of their tensors make up which of ours |
//! | [`unread`] | layers that a file lacks, and what it has besides |

pub mod bert;
mod bert_config;
mod bert_names;
pub mod byte_level;
pub mod chat;
pub mod gguf;
pub mod gguf_llama;
pub mod huggingface;
mod names;
pub mod peft;
pub mod sentences;
#[cfg(test)]
mod tests;
mod unread;

use std::collections::HashMap;

use serde_json::Value;
use thiserror::Error;

pub use chat::{Chat, ChatFiles};
pub use sentences::{SentenceFiles, Sentences};

use super::transformer::{ShapeError, TransformerConfig};
use super::weights::WeightsError;
use crate::data::TokenizerError;

/// What there is a reader for, of `model_type`.
pub const KINDS: &str = "of encoders `bert`, `distilbert` and `electra` are read, of decoders `llama`, `mistral`, `qwen2` and `gpt2`: take a model of such a kind";

/// What is read of rotary positions.
const PLAIN: &str = "only plain rotary positions are read: take a model whose positions are not scaled";

/// A file of a folder: its name in there, and what is in it.
pub type File = (&'static str, Vec<u8>);

/// A decoder on the host: its shape, and its values in the order of [`TransformerConfig::parameters`].
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    pub config: TransformerConfig,
    pub values: Vec<Vec<f32>>,
}

/// A file that is not the model it should be.
#[derive(Debug, Error)]
pub enum FormatError {
    #[error("not a GGUF file: it begins with {0}; a GGUF begins with `GGUF`")]
    Magic(String),
    #[error("GGUF version {0} is not read; versions 2 and 3 are")]
    Version(u32),
    #[error("the GGUF file ends at byte {length} inside {what}, which needs bytes up to {needed}: download it again")]
    Truncated { what: String, needed: u64, length: u64 },
    #[error("the GGUF file is damaged: {0}")]
    Damaged(String),
    #[error("GGUF tensor `{name}` is of type {kind}; F32, F16, Q4_0, Q4_1 and Q8_0 are read: take such a file")]
    Quantisation { name: String, kind: u32 },
    #[error("the model lacks `{0}`")]
    Missing(String),
    #[error("`{name}` has shape {found:?}; by the model's own description it must be {expected:?}")]
    Shape { name: String, found: Vec<usize>, expected: Vec<usize> },
    #[error("`{key}` is {found}; {expected}")]
    Unsupported { key: String, found: String, expected: &'static str },
    #[error("config.json: {0}")]
    Config(String),
    #[error("{0}")]
    Chat(String),
    #[error(
        "{description} and the weights disagree: `{name}` is left over: {found}; they are of two models, or {description} was edited: get the \
         model again"
    )]
    Unread { description: &'static str, name: String, found: String },
    #[error(
        "{description} and the weights disagree: `{key}` is {said}, and the weights have {found} layers, none of them named `{lacking}`; weights \
         are missing, or {description} was edited: get the model again"
    )]
    Layers { description: &'static str, key: &'static str, said: usize, found: usize, lacking: String },
    #[error("this network is of none of the kinds that Hugging Face has a name for")]
    Nameless,
    #[error("its tokenizer has {known} tokens and its model only {vocab}: they do not belong together")]
    Tokens { known: usize, vocab: usize },
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    #[error(transparent)]
    Impossible(#[from] ShapeError),
    #[error("the weights: {0}")]
    Weights(#[from] WeightsError),
}

/// Of a `config.json` that describes what is not read.
fn unsupported(json: &Value, key: &str, expected: &'static str) -> FormatError {
    FormatError::Unsupported { key: key.into(), found: json[key].to_string(), expected }
}

/// A number of a `config.json` that must be there.
fn number(json: &Value, key: &str) -> Result<usize, FormatError> {
    json[key].as_u64().map(|value| value as usize).ok_or_else(|| FormatError::Config(format!("`{key}` is missing")))
}

/// What transformers and peft ask of the metadata of a file of tensors.
fn metadata() -> HashMap<String, String> {
    HashMap::from([("format".to_owned(), "pt".to_owned())])
}
