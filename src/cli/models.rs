//! Models of others: a Hugging Face folder, a GGUF file, or an id on the Hub.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::error::Error;
use super::files::read_text;
use super::hub;
use crate::model::LanguageModel;
use crate::model::encoder::SentenceEncoder;
use crate::model::formats::{FormatError, bert};
use crate::model::{Decoded, decode};

/// The weights of a folder, whole.
pub const WEIGHTS: &str = "model.safetensors";
/// Of weights in several files (shards): which tensor is in which.
pub const INDEX: &str = "model.safetensors.index.json";

/// A model of either kind.
pub enum Model {
    Decoder(Box<LanguageModel>),
    Encoder(Box<SentenceEncoder>),
}

/// Whichever it is.
pub fn any(path: &Path) -> Result<Model, Error> {
    let path = &hub::folder(path)?;
    let reads = path.is_dir() && bert::describes(&read_text(&path.join("config.json"))?);
    Ok(if reads { Model::Encoder(Box::new(encoder(path)?)) } else { Model::Decoder(Box::new(decoder(path)?)) })
}

/// A decoder. Everything is read before any of it is used.
pub fn decoder(path: &Path) -> Result<LanguageModel, Error> {
    let path = &hub::folder(path)?;
    if path.is_dir() {
        return folder(path, LanguageModel::from_folder);
    }
    LanguageModel::from_gguf(&fs::read(path).map_err(Error::read(path))?).map_err(wrong(path))
}

/// An encoder.
pub fn encoder(path: &Path) -> Result<SentenceEncoder, Error> {
    let path = &hub::folder(path)?;
    if path.is_file() {
        return Err(Error::input(format!(
            "{}: an encoder is a folder with config.json, model.safetensors and tokenizer.json",
            path.display()
        )));
    }
    folder(path, SentenceEncoder::from_folder)
}

/// A Hugging Face folder: description, tokenizer and weights.
fn folder<T>(path: &Path, of: impl Fn(&str, Decoded, String) -> Result<T, FormatError>) -> Result<T, Error> {
    let config = read_text(&path.join("config.json"))?;
    let tokenizer = read_text(&path.join("tokenizer.json"))?;
    let whole = !path.join(INDEX).is_file() || path.join(WEIGHTS).is_file();
    let weights = if whole { tensors(path, WEIGHTS)? } else { shards(path)? };
    of(&config, weights, tokenizer).map_err(wrong(path))
}

fn tensors(folder: &Path, file: &str) -> Result<Decoded, Error> {
    let path = folder.join(file);
    let bytes = fs::read(&path).map_err(Error::read(&path))?;
    decode(&bytes).map_err(|error| Error::input(format!("{}: {error}; it is cut short or damaged: download it again", path.display())))
}

/// Which file each tensor is in.
#[derive(Deserialize)]
pub struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Index {
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(INDEX);
        let bad = |problem: String| Error::input(format!("{}: {problem}", path.display()));
        let index: Self = serde_json::from_str(&read_text(&path)?).map_err(|error| bad(error.to_string()))?;
        if let Some(name) = index.files().into_iter().find(|name| name.contains(['/', '\\'])) {
            return Err(bad(format!("it names {name:?}, which is not a file beside it")));
        }
        Ok(index)
    }

    pub fn files(&self) -> BTreeSet<&str> {
        self.weight_map.values().map(String::as_str).collect()
    }
}

/// Weights in several files, of whose bytes one is in memory at a time.
fn shards(folder: &Path) -> Result<Decoded, Error> {
    let path = folder.join(INDEX);
    let bad = |problem: String| Error::input(format!("{}: {problem}", path.display()));
    let index = Index::read(folder)?;
    let named = index.files();
    let entries = fs::read_dir(folder).map_err(Error::read(folder))?.filter_map(Result::ok);
    let mut present = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let extra = present.find(|name| name.starts_with("model-") && name.ends_with(".safetensors") && !named.contains(name.as_str()));
    if let Some(extra) = extra {
        return Err(bad(format!("it does not name {extra}, which lies beside it: they are of two models; get the folder again")));
    }
    let mut all = Decoded::default();
    for name in named {
        if !folder.join(name).is_file() {
            return Err(bad(format!("it names {name}, which is missing: get this file too")));
        }
        let shard = tensors(folder, name)?;
        let mut inside = index.weight_map.iter().filter(|(_, file)| *file == name);
        if let Some((tensor, _)) = inside.find(|(tensor, _)| !shard.has(tensor)) {
            return Err(bad(format!(
                "by it the tensor `{tensor}` is in {name}, which has none: they are of two models; get the folder again"
            )));
        }
        all.extend(shard);
    }
    Ok(all)
}

fn wrong(path: &Path) -> impl FnOnce(FormatError) -> Error {
    move |error| Error::input(format!("{}: {error}", path.display()))
}
