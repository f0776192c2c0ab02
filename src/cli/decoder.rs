//! Models of others on the disk: a Hugging Face folder, or a GGUF file.

use std::fs;
use std::path::Path;

use super::error::Error;
use super::files::read_text;
use crate::model::LanguageModel;
use crate::model::encoder::SentenceEncoder;
use crate::model::formats::{FormatError, bert};

/// A model of either kind.
pub enum Model {
    Decoder(Box<LanguageModel>),
    Encoder(Box<SentenceEncoder>),
}

/// Whichever it is.
pub fn read_any(path: &Path) -> Result<Model, Error> {
    let encoder = path.is_dir() && bert::describes(&read_text(&path.join("config.json"))?);
    Ok(if encoder { Model::Encoder(Box::new(read_encoder(path)?)) } else { Model::Decoder(Box::new(read(path)?)) })
}

/// A decoder. Everything is read before any of it is used.
pub fn read(path: &Path) -> Result<LanguageModel, Error> {
    let found = if path.is_dir() {
        folder(path, LanguageModel::from_folder)?
    } else {
        LanguageModel::from_gguf(&fs::read(path).map_err(Error::read(path))?)
    };
    found.map_err(|error| Error::input(format!("{}: {error}", path.display())))
}

/// An encoder.
pub fn read_encoder(path: &Path) -> Result<SentenceEncoder, Error> {
    if path.is_file() {
        return Err(Error::input(format!(
            "{}: an encoder is a folder with config.json, model.safetensors and tokenizer.json",
            path.display()
        )));
    }
    folder(path, SentenceEncoder::from_folder)?.map_err(|error| Error::input(format!("{}: {error}", path.display())))
}

/// The three files of a Hugging Face folder.
fn folder<T>(path: &Path, of: impl Fn(&str, &[u8], String) -> Result<T, FormatError>) -> Result<Result<T, FormatError>, Error> {
    let weights = path.join("model.safetensors");
    let config = read_text(&path.join("config.json"))?;
    let tokenizer = read_text(&path.join("tokenizer.json"))?;
    Ok(of(&config, &fs::read(&weights).map_err(Error::read(&weights))?, tokenizer))
}
