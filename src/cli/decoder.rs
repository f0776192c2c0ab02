//! Decoders of others on the disk: a GGUF file, or a Hugging Face folder.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::error::Error;
use super::files::read_text;
use crate::data::Tokenizer;
use crate::model::formats::{FormatError, Loaded, gguf::Gguf, gguf_llama, huggingface};

/// A decoder and how it reads and writes.
pub struct Decoder {
    pub loaded: Loaded,
    pub tokenizer: Tokenizer,
    /// The tokenizer as a file.
    pub tokenizer_json: String,
    /// Tokens that end a text.
    pub stop: Vec<u32>,
}

/// Control tokens that end a text in the models that are read here.
const ENDS: [&str; 3] = ["<|im_end|>", "<|endoftext|>", "</s>"];

/// Reads everything before any of it is used.
pub fn read(path: &Path) -> Result<Decoder, Error> {
    let (loaded, tokenizer_json, mut stop) = if path.is_dir() { folder(path)? } else { gguf(path)? };
    let blame = |error: &dyn std::fmt::Display| Error::input(format!("{}: {error}", path.display()));
    let tokenizer = Tokenizer::from_json(tokenizer_json.as_bytes()).map_err(|error| blame(&error))?;
    let (known, vocab) = (tokenizer.vocab(), loaded.config.vocab);
    if known > vocab {
        return Err(blame(&format!("its tokenizer has {known} tokens and its model only {vocab}: they do not belong together")));
    }
    stop.extend(ENDS.iter().filter_map(|end| tokenizer.id(end)));
    Ok(Decoder { loaded, tokenizer, tokenizer_json, stop })
}

type Parts = (Loaded, String, Vec<u32>);

fn gguf(path: &Path) -> Result<Parts, Error> {
    let bytes = fs::read(path).map_err(Error::read(path))?;
    let read = || -> Result<Parts, FormatError> {
        let file = Gguf::parse(&bytes)?;
        Ok((gguf_llama::load(&file)?, gguf_llama::tokenizer_json(&file)?, gguf_llama::end_of_text(&file).into_iter().collect()))
    };
    read().map_err(|error| Error::input(format!("{}: {error}", path.display())))
}

fn folder(path: &Path) -> Result<Parts, Error> {
    let weights = path.join("model.safetensors");
    let config = read_text(&path.join("config.json"))?;
    let tokenizer = read_text(&path.join("tokenizer.json"))?;
    let bytes = fs::read(&weights).map_err(Error::read(&weights))?;
    let loaded = huggingface::load(&config, &bytes).map_err(|error| Error::input(format!("{}: {error}", path.display())))?;
    // One id or a list of them; it was JSON a moment ago.
    let stop = match &serde_json::from_str::<Value>(&config).unwrap_or_default()["eos_token_id"] {
        Value::Array(ids) => ids.iter().filter_map(Value::as_u64).map(|id| id as u32).collect(),
        other => other.as_u64().map(|id| id as u32).into_iter().collect(),
    };
    Ok((loaded, tokenizer, stop))
}
