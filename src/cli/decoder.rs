//! Decoders of others on the disk: a GGUF file, or a Hugging Face folder.

use std::fs;
use std::path::Path;

use super::error::Error;
use super::files::read_text;
use crate::model::LanguageModel;

/// Reads everything before any of it is used.
pub fn read(path: &Path) -> Result<LanguageModel, Error> {
    let found = if path.is_dir() {
        let weights = path.join("model.safetensors");
        let config = read_text(&path.join("config.json"))?;
        let tokenizer = read_text(&path.join("tokenizer.json"))?;
        LanguageModel::from_folder(&config, &fs::read(&weights).map_err(Error::read(&weights))?, tokenizer)
    } else {
        LanguageModel::from_gguf(&fs::read(path).map_err(Error::read(path))?)
    };
    found.map_err(|error| Error::input(format!("{}: {error}", path.display())))
}
