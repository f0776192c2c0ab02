//! Models of others: a Hugging Face folder, a GGUF file, or an id on the Hub.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::error::Error;
use super::hub;
use super::model_folder::{self, AGAIN, ModelFolder};
use crate::model::LanguageModel;
use crate::model::encoder::SentenceEncoder;
use crate::model::formats::{FormatError, bert, huggingface};
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

impl Model {
    fn read(path: &Path) -> Result<Self, Error> {
        if !path.is_dir() {
            let bytes = model_folder::bytes(path)?;
            if path.extension().is_none_or(|end| end != "gguf") && !bytes.starts_with(b"GGUF") {
                return Err(Error::input(format!(
                    "{}: a model is a .gguf file or a folder with config.json, {WEIGHTS} and tokenizer.json: name one of those",
                    path.display()
                )));
            }
            return Ok(Self::Decoder(Box::new(LanguageModel::from_gguf(&bytes).map_err(wrong(path))?)));
        }
        // Everything is read before any of it is used.
        let ModelFolder { config, tokenizer, sentences, chat } = ModelFolder::open(path)?;
        let reads = bert::describes(&config);
        if !reads {
            // Of a kind that there is no reader for the weights need not be read.
            huggingface::config(&config).map_err(wrong(path))?;
        }
        let weights = if path.join(WEIGHTS).is_file() { tensors(path, WEIGHTS)? } else { shards(path)? };
        if reads {
            let encoder = SentenceEncoder::from_folder(&config, weights, tokenizer, &sentences);
            return Ok(Self::Encoder(Box::new(encoder.map_err(wrong(path))?)));
        }
        Ok(Self::Decoder(Box::new(LanguageModel::from_folder(&config, weights, tokenizer, &chat).map_err(wrong(path))?)))
    }
}

/// Whichever it is.
pub fn any(path: &Path) -> Result<Model, Error> {
    Model::read(&hub::folder(path)?)
}

pub fn decoder(path: &Path) -> Result<LanguageModel, Error> {
    match any(path)? {
        Model::Decoder(model) => Ok(*model),
        Model::Encoder(_) => Err(Error::input(format!(
            "{}: this is an encoder, which writes no text: `embed`, `classify` and `trim` are for encoders, or name a decoder (LLaMA's or GPT-2's kind)",
            path.display()
        ))),
    }
}

pub fn encoder(path: &Path) -> Result<SentenceEncoder, Error> {
    if path.is_file() {
        return Err(Error::input(format!("{}: an encoder is a folder with config.json, {WEIGHTS} and tokenizer.json", path.display())));
    }
    match any(path)? {
        Model::Encoder(model) => Ok(*model),
        Model::Decoder(_) => Err(Error::input(format!(
            "{}: this is a decoder: `generate` and `convert` are for decoders, or name an encoder, a folder of BERT, DistilBERT or ELECTRA",
            path.display()
        ))),
    }
}

fn tensors(folder: &Path, file: &str) -> Result<Decoded, Error> {
    let path = folder.join(file);
    let bytes = model_folder::bytes(&path)?;
    decode(&bytes).map_err(|error| Error::input(format!("{}: {error}; {AGAIN}", path.display())))
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
        let index: Self = serde_json::from_str(&model_folder::json(&path)?).map_err(|error| bad(error.to_string()))?;
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
