//! A model's folder: what it must hold, and what to do about one that lacks it, as folders of the Hub do that were got by halves.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde_json::Value;

use super::error::Error;
use super::files::text_of;
use super::models::{INDEX, WEIGHTS};
use crate::model::formats::{ChatFiles, SentenceFiles, bert, byte_level};

const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
/// GPT-2's tokenizer before there was that file.
const VOCAB: &str = "vocab.json";
const MERGES: &str = "merges.txt";
/// With these bytes begins what Git has instead of a large file, until Git LFS gets that.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";
/// What Python writes weights to that are programs rather than data, and are not read.
const OTHERS: [&str; 4] = ["pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5", "flax_model.msgpack"];
/// What transformers makes a tokenizer.json of.
const SLOW: [&str; 4] = ["vocab.txt", VOCAB, "tokenizer.model", "spiece.model"];
/// What to do about a file that is not the whole of itself.
pub const AGAIN: &str = "it is cut short or damaged: download it again";

/// The texts of a folder whose weights are there too.
pub struct ModelFolder {
    pub config: String,
    pub tokenizer: String,
    /// Of an encoder.
    pub sentences: SentenceFiles,
    /// Of a decoder.
    pub chat: ChatFiles,
}

impl ModelFolder {
    /// # Errors
    /// The first file that is missing or is not what it must be, with the remedy.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let wrong = |problem: String| Error::input(format!("{}: {problem}", folder.display()));
        if !folder.join(CONFIG).is_file() {
            return Err(wrong(without_config(folder)));
        }
        let config = json(&folder.join(CONFIG))?;
        if !has_weights(folder) {
            return Err(wrong(without_weights(folder, &config)));
        }
        let get = |name: &str| text(&folder.join(name));
        let (sentences, chat) = match bert::describes(&config) {
            true => (SentenceFiles::gather(get)?, ChatFiles::default()),
            false => (SentenceFiles::default(), ChatFiles::gather(get)?),
        };
        if folder.join(TOKENIZER).is_file() {
            return Ok(Self { config, tokenizer: json(&folder.join(TOKENIZER))?, sentences, chat });
        }
        let parts = [VOCAB, MERGES].map(|name| folder.join(name));
        if !is_gpt2(&config) || !parts.iter().all(|part| part.is_file()) {
            return Err(wrong(without_tokenizer(folder)));
        }
        let [vocab, merges] = parts;
        let tokenizer = byte_level::from_vocab_and_merges(&json(&vocab)?, &text_of(&merges, bytes(&merges)?)?);
        Ok(Self { config, tokenizer: tokenizer.map_err(|error| wrong(error.to_string()))?, sentences, chat })
    }
}

/// The bytes of one of its files.
///
/// # Errors
/// One that cannot be read, is empty, or stands for another.
pub fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    let bytes = fs::read(path).map_err(Error::read(path))?;
    let wrong = |problem: &str| Err(Error::input(format!("{}: {problem}", path.display())));
    if bytes.starts_with(POINTER) {
        return wrong(
            "this is a pointer of Git LFS and not yet the file: run `git lfs pull` in its folder (once before: `git lfs install`)",
        );
    }
    if bytes.is_empty() {
        return wrong("it is empty: download it again");
    }
    Ok(bytes)
}

/// Whether its splitting is GPT-2's: the vocabularies of others look alike, and do not say how a text is split before.
fn is_gpt2(config: &str) -> bool {
    serde_json::from_str::<Value>(config).is_ok_and(|config| config["model_type"] == "gpt2")
}

fn has_weights(folder: &Path) -> bool {
    [WEIGHTS, INDEX].iter().any(|name| folder.join(name).is_file())
}

/// The text of one that is JSON.
///
/// # Errors
/// As [`bytes`], and one that is not JSON to its end.
pub fn json(path: &Path) -> Result<String, Error> {
    let text = text_of(path, bytes(path)?)?;
    serde_json::from_str::<IgnoredAny>(&text).map_err(|error| Error::input(format!("{}: {error}; {AGAIN}", path.display())))?;
    Ok(text)
}

/// The text of one that may be missing. Of these files only the template is not JSON.
///
/// # Errors
/// As [`json`].
pub fn text(path: &Path) -> Result<Option<String>, Error> {
    let read = || if path.extension().is_some_and(|end| end == "json") { json(path) } else { text_of(path, bytes(path)?) };
    path.is_file().then(read).transpose()
}

/// A folder of something else, or around the model's.
fn without_config(folder: &Path) -> String {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let whole = |folder: &Path| folder.join(CONFIG).is_file() && has_weights(folder);
    let mut inside: Vec<PathBuf> = entries.filter(|path| whole(path) || path.extension().is_some_and(|end| end == "gguf")).collect();
    // Of a run, `student` rather than `alone`.
    inside.sort_by_key(|path| (!path.ends_with("student"), path.clone()));
    match inside.first() {
        Some(inside) => format!("it has no {CONFIG}: did you mean {}?", inside.display()),
        None => format!(
            "it has no {CONFIG}: a model is a folder with {CONFIG}, {WEIGHTS} and {TOKENIZER}, as `hf download OWNER/NAME --local-dir DIR` makes it, or a .gguf file"
        ),
    }
}

fn without_weights(folder: &Path, config: &str) -> String {
    let Some(other) = OTHERS.iter().find(|name| folder.join(name).is_file()) else {
        return format!("it has no {WEIGHTS}: get that file too, from where {CONFIG} is from");
    };
    let config: Value = serde_json::from_str(config).unwrap_or_default();
    let class = config["architectures"][0].as_str().unwrap_or("AutoModel");
    let more = match *other {
        "tf_model.h5" => ", from_tf=True",
        "flax_model.msgpack" => ", from_flax=True",
        _ => "",
    };
    let shown = folder.display();
    format!(
        "its weights are in {other}, and {WEIGHTS} is read. Have them written anew: python3 -c \"from transformers import {class} as M; \
         M.from_pretrained('{shown}'{more}).save_pretrained('{shown}')\""
    )
}

fn without_tokenizer(folder: &Path) -> String {
    let Some(other) = SLOW.iter().find(|name| folder.join(name).is_file()) else {
        return format!("it has no {TOKENIZER}: get that file too, from where {CONFIG} is from");
    };
    let shown = folder.display();
    format!(
        "its tokenizer is in {other}, and {TOKENIZER} is read. Have it written: python3 -c \"from transformers import AutoTokenizer as T; \
         T.from_pretrained('{shown}').save_pretrained('{shown}')\""
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_lacks_something_is_told_what_to_do() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("model");
        fs::create_dir(&folder).unwrap();
        let put = |name: &str, text: &[u8]| fs::write(folder.join(name), text).unwrap();
        let said = |parts: &[&str]| {
            let error = ModelFolder::open(&folder).map(drop).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            let error = error.to_string();
            assert!(error.contains("model") && parts.iter().all(|part| error.contains(part)), "{parts:?} in {error}");
        };
        said(&["no config.json", "tokenizer.json", "hf download", ".gguf"]);
        put("config.json", b"{\"architectures\": [\"BertForMaskedLM\"],\n");
        said(&["config.json", "line 2", "download it again"]);
        put("config.json", b"");
        said(&["config.json", "empty"]);
        put("config.json", b"{\"architectures\": [\"BertForMaskedLM\"]}");
        said(&["no model.safetensors", "get that file"]);
        put("pytorch_model.bin", b"PK");
        let shown = folder.display().to_string();
        said(&["pytorch_model.bin", "import BertForMaskedLM as M", &format!("save_pretrained('{shown}')")]);
        put("model.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
        said(&["no tokenizer.json", "get that file"]);
        put("vocab.txt", b"a");
        said(&["vocab.txt", "AutoTokenizer"]);
        put("tokenizer.json", b"version https://git-lfs.github.com/spec/v1\n");
        said(&["tokenizer.json", "git lfs pull"]);
        put("tokenizer.json", b"{\"model\": {\"vocab\"");
        said(&["tokenizer.json", "column 18", "download it again"]);
        put("tokenizer.json", b"{}");
        assert!(ModelFolder::open(&folder).is_ok());
        fs::remove_file(folder.join("tokenizer.json")).unwrap();
        put("vocab.json", b"{\"a\": 0, \"b\": 1, \"ab\": 2}");
        put("merges.txt", b"#version: 0.2\na b\n");
        said(&["AutoTokenizer"]);
        put("config.json", b"{\"model_type\": \"gpt2\"}");
        assert!(ModelFolder::open(&folder).unwrap().tokenizer.contains("ByteLevel"), "GPT-2's two files are a tokenizer too");
        put("merges.txt", b"#version: 0.2\nab\n");
        said(&["merges.txt", "line 2"]);
        let error = ModelFolder::open(outer.path()).map(drop).unwrap_err().to_string();
        assert!(error.contains(&format!("did you mean {}", folder.display())), "{error}");
        let error = bytes(&folder.join("model.safetensors")).unwrap_err().to_string();
        assert!(error.contains("model.safetensors") && error.contains("git lfs pull"), "{error}");
    }
}
