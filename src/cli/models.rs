//! Models of others: a Hugging Face folder, a GGUF file, or an id on the Hub.

use std::fs;
use std::path::Path;

use super::error::Error;
use super::files::read_text;
use super::hub;
use crate::model::LanguageModel;
use crate::model::encoder::SentenceEncoder;
use crate::model::formats::{FormatError, bert};

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

/// The three files of a Hugging Face folder.
fn folder<T>(path: &Path, of: impl Fn(&str, &[u8], String) -> Result<T, FormatError>) -> Result<T, Error> {
    let weights = path.join("model.safetensors");
    let config = read_text(&path.join("config.json"))?;
    let tokenizer = read_text(&path.join("tokenizer.json"))?;
    of(&config, &fs::read(&weights).map_err(Error::read(&weights))?, tokenizer).map_err(wrong(path))
}

fn wrong(path: &Path) -> impl FnOnce(FormatError) -> Error {
    move |error| Error::input(format!("{}: {error}", path.display()))
}
