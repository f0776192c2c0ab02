//! Models of the Hugging Face Hub by their id. What was fetched once, by this program or by Python's `huggingface_hub`, needs no network.
//!
//! The crate trusts the authorities that it brings with it, and not the machine's; it sets no limit to how long a download may stall.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use hf_hub::api::sync::{ApiBuilder, ApiError, ApiRepo};
use hf_hub::{Cache, CacheRepo};

use super::error::Error;
use super::model_folder::text;
use super::models::{INDEX, Index, WEIGHTS};
use crate::model::formats::{ChatFiles, SentenceFiles, bert, chat};

/// What a model consists of besides its weights.
const FILES: [&str; 2] = ["config.json", "tokenizer.json"];

/// Whether it is a model's id on the Hub, `OWNER/NAME`, and no path: a path that exists wins.
pub fn is_id(path: &Path) -> bool {
    let part = |text: &str| {
        let inner = text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter));
        !text.is_empty() && !text.starts_with('.') && inner
    };
    let id = path.to_str().and_then(|text| text.split_once('/')).is_some_and(|(owner, name)| part(owner) && part(name));
    id && !path.exists()
}

/// The folder of a model: a path as it is, the Hub's out of the cache, into which it is fetched first where it has to be.
///
/// # Errors
/// [`Error::Unreachable`] for an id that is not in the cache and cannot be had.
pub fn folder(path: &Path) -> Result<PathBuf, Error> {
    let Some(id) = path.to_str().filter(|_| is_id(path)) else { return Ok(path.into()) };
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    // The crate knows `HF_HOME` alone.
    let cache = set("HF_HUB_CACHE").map_or_else(Cache::from_env, |path| Cache::new(path.into()));
    if set("HF_HUB_OFFLINE").is_some_and(|value| ["1", "ON", "YES", "TRUE"].contains(&value.to_uppercase().as_str())) {
        let missing = |file| unreachable(id, &cache, &format!("{file} is not in the cache, and HF_HUB_OFFLINE forbids to fetch it"));
        let folder = cached(&cache.model(id.into())).map_err(missing)?;
        if let Some(name) = unknown(&folder) {
            eprintln!("{}", without(id, &folder, &name, "HF_HUB_OFFLINE forbids to look for it"));
        }
        return Ok(folder);
    }
    let mut builder = ApiBuilder::from_env().with_cache_dir(cache.path().clone()).with_progress(std::io::stderr().is_terminal());
    if let Some(token) = set("HF_TOKEN") {
        builder = builder.with_token(Some(token));
    }
    fetched(builder, &cache, id)
}

/// The folder of a model in the cache, or the file that it lacks.
fn cached(repo: &CacheRepo) -> Result<PathBuf, String> {
    let get = |name: &str| repo.get(name).ok_or_else(|| name.to_owned());
    let mut folder = PathBuf::new();
    for name in FILES {
        folder = get(name)?.parent().map(Into::into).unwrap_or_default();
    }
    if repo.get(WEIGHTS).is_none() && repo.get(INDEX).is_some() {
        let index = Index::read(&folder).map_err(|error| error.to_string())?;
        index.files().into_iter().try_for_each(|shard| get(shard).map(drop))?;
    } else {
        get(WEIGHTS)?;
    }
    Ok(folder)
}

/// The first of the files that say what is made of a model's texts, and are not in its folder, and were not found to be missing on the Hub:
/// programs that take the network alone leave them there.
fn unknown(folder: &Path) -> Option<String> {
    // A template in its own file only replaces the one that stands elsewhere.
    let spare = |name: &str| {
        name == chat::TEMPLATE && text(&folder.join(chat::TOKENIZER)).is_ok_and(|text| text.is_some_and(|text| chat::has_template(&text)))
    };
    let known = |name: &str| match text(&folder.join(name)) {
        Ok(None) if !spare(name) && !nowhere(folder, name).is_some_and(|mark| mark.exists()) => Err(name.to_owned()),
        // What cannot be read is for the reader to say.
        found => Ok(found.unwrap_or_default()),
    };
    beside(&folder.join(FILES[0]), known).err()
}

/// Asks for the files beside the network's that a model of this description may have.
fn beside<E>(config: &Path, get: impl FnMut(&str) -> Result<Option<String>, E>) -> Result<(), E> {
    if is_encoder(config) { SentenceFiles::gather(get).map(drop) } else { ChatFiles::gather(get).map(drop) }
}

fn is_encoder(config: &Path) -> bool {
    fs::read_to_string(config).is_ok_and(|config| bert::describes(&config))
}

/// Where `huggingface_hub` marks that a snapshot has no such file, by an empty one.
fn nowhere(folder: &Path, name: &str) -> Option<PathBuf> {
    Some(folder.parent()?.parent()?.join(".no_exist").join(folder.file_name()?).join(name))
}

fn without(id: &str, folder: &Path, name: &str, why: &str) -> String {
    let encoder = is_encoder(&folder.join(FILES[0]));
    let harm =
        if encoder { "embeddings may be other than the model's own" } else { "texts may be put or ended otherwise than the model knows" };
    format!("note: {id}: {name} is not in the cache, and {why}: without it {harm}; `hf download {id}` brings it, if there is one")
}

fn fetched(builder: ApiBuilder, cache: &Cache, id: &str) -> Result<PathBuf, Error> {
    let repo = cache.model(id.into());
    let lacks = match cached(&repo) {
        Ok(folder) => match unknown(&folder) {
            None => return Ok(folder),
            lacks => lacks,
        },
        Err(_) => {
            eprintln!("note: {id} is fetched from the Hugging Face Hub, into {}", cache.path().display());
            None
        }
    };
    let found = fetch(builder, cache, id);
    // A model that was there before needs no network.
    if let (Err(_), Some(name), Ok(folder)) = (&found, lacks, cached(&repo)) {
        eprintln!("{}", without(id, &folder, &name, "the Hub cannot be asked"));
        return Ok(folder);
    }
    found
}

fn fetch(builder: ApiBuilder, cache: &Cache, id: &str) -> Result<PathBuf, Error> {
    let wrong = |problem: String| unreachable(id, cache, &problem);
    let repo = builder.build().map_err(|error| wrong(error.to_string()))?.model(id.into());
    let get = |repo: &ApiRepo, name: &str| repo.get(name).map_err(|error| wrong(format!("{name}: {error}")));
    // A model that has changed since a part of it was fetched is fetched whole.
    for _ in 0..2 {
        let mut files = FILES.iter().map(|name| get(&repo, name)).collect::<Result<Vec<_>, _>>()?;
        match get(&repo, WEIGHTS) {
            Ok(whole) => files.push(whole),
            // Large models have their weights in several files; what has neither is said to lack the first.
            Err(missing) => {
                let index = repo.get(INDEX).map_err(|_| missing)?;
                let index = Index::read(index.parent().unwrap_or(&index))?;
                files.extend(index.files().into_iter().map(|shard| get(&repo, shard)).collect::<Result<Vec<_>, _>>()?);
            }
        }
        let mut missing = Vec::new();
        let config = files[0].clone();
        beside(&config, |name| match repo.get(name) {
            Ok(path) => {
                let found = text(&path);
                files.push(path);
                found
            }
            Err(error) if is_missing(&error) => {
                missing.push(name.to_owned());
                Ok(None)
            }
            Err(error) => Err(wrong(format!("{name}: {error}"))),
        })?;
        if let Ok(folder) = cached(&cache.model(id.into()))
            && files.iter().all(|file| file.starts_with(&folder))
        {
            missing.iter().for_each(|name| mark(&folder, name));
            return Ok(folder);
        }
    }
    Err(wrong("it changed while it was fetched".into()))
}

/// Whether the Hub says that the model has no such file, rather than nothing.
fn is_missing(error: &ApiError) -> bool {
    match error {
        ApiError::RequestError(error) => matches!(**error, ureq::Error::StatusCode(404)),
        ApiError::TooManyRetries(error) => is_missing(error),
        _ => false,
    }
}

/// Keeps that a file is not there, so that the next time nobody needs to ask. Without the mark one asks again.
fn mark(folder: &Path, name: &str) {
    let Some(mark) = nowhere(folder, name) else { return };
    let _ = mark.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&mark, ""));
}

fn unreachable(id: &str, cache: &Cache, problem: &str) -> Error {
    Error::Unreachable(format!(
        "{id}: there is no such file or folder here, and as a model of the Hugging Face Hub it cannot be had: {problem}\nIt needs {} (and HF_TOKEN where the \
         model asks for it). Without network, get it elsewhere by `hf download {id}` and bring it to {}, or into a folder of your own and name that",
        [&FILES[..], &[WEIGHTS]].concat().join(", "),
        cache.path().display()
    ))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    const ID: &str = "who/tiny-model_1.0";
    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    const SHARDS: [&str; 2] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    const WHOLE: [&str; 3] = ["config.json", "tokenizer.json", "model.safetensors"];

    /// Answers as the Hub does for the files that it has, and is asked `requests` times.
    fn serve(files: &'static [&'static str], requests: usize) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for stream in listener.incoming().take(requests) {
                let mut stream = stream.unwrap();
                let lines: Vec<String> =
                    BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
                let name = lines[0].strip_prefix(&format!("GET /{ID}/resolve/main/")).and_then(|rest| rest.split(' ').next());
                let Some(name) = name.filter(|name| files.contains(name)) else {
                    stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
                    continue;
                };
                let index = || format!(r#"{{"weight_map": {{"a": "{}", "b": "{}"}}}}"#, SHARDS[0], SHARDS[1]);
                let encoder = files.contains(&"modules.json") || files.contains(&"vocab.txt");
                let whole = match name {
                    INDEX => index(),
                    "config.json" if encoder => r#"{"model_type": "bert"}"#.into(),
                    "modules.json" => r#"[{"path": "2_P", "type": "sentence_transformers.models.Pooling"}]"#.into(),
                    name if encoder && name.ends_with("config.json") => "{}".into(),
                    _ => format!("content of {name}"),
                };
                let body = if lines.iter().any(|line| line.eq_ignore_ascii_case("range: bytes=0-0")) { &whole[..1] } else { &whole };
                let head = format!(
                    "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\nContent-Range: bytes 0-{}/{}\r\nETag: \"of-{}\"\r\nX-Repo-Commit: {COMMIT}\r\nConnection: close\r\n\r\n",
                    body.len(),
                    body.len() - 1,
                    whole.len(),
                    name.replace('/', "-")
                );
                stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).unwrap();
            }
        });
        address
    }

    fn get(cache: &Path, endpoint: String) -> Result<PathBuf, Error> {
        let cache = Cache::new(cache.into());
        fetched(ApiBuilder::from_cache(cache.clone()).with_endpoint(endpoint).with_progress(false), &cache, ID)
    }

    #[test]
    fn a_model_is_fetched_once_and_then_needs_no_network() {
        let cache = tempfile::tempdir().unwrap();
        // Of each file first what it is, then the file; once of three that are not there.
        let folder = get(cache.path(), serve(&WHOLE, 9)).unwrap();
        assert!(folder.ends_with(format!("models--who--tiny-model_1.0/snapshots/{COMMIT}")), "{}", folder.display());
        for name in WHOLE {
            assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), format!("content of {name}"));
        }
        let nobody = "http://127.0.0.1:9".to_owned();
        assert_eq!(get(cache.path(), nobody.clone()).unwrap(), folder);
        fs::remove_file(folder.join("tokenizer.json")).unwrap();
        let error = get(cache.path(), nobody).unwrap_err().to_string();
        assert!(["tokenizer.json", "hf download who/tiny-model_1.0", "HF_TOKEN"].iter().all(|part| error.contains(part)), "{error}");
    }

    #[test]
    fn weights_in_several_files_are_fetched_by_their_index() {
        let cache = tempfile::tempdir().unwrap();
        // The weights are asked for whole first, in one request.
        let folder = get(cache.path(), serve(&["config.json", "tokenizer.json", INDEX, SHARDS[0], SHARDS[1]], 14)).unwrap();
        assert!(SHARDS.iter().all(|name| fs::read_to_string(folder.join(name)).unwrap() == format!("content of {name}")));
        let nobody = "http://127.0.0.1:9".to_owned();
        assert_eq!(get(cache.path(), nobody.clone()).unwrap(), folder);
        fs::remove_file(folder.join(SHARDS[1])).unwrap();
        assert!(get(cache.path(), nobody).unwrap_err().to_string().contains(SHARDS[1]));
    }

    const SENTENCES: [&str; 7] = [
        "config.json",
        "tokenizer.json",
        "model.safetensors",
        "modules.json",
        "2_P/config.json",
        "sentence_bert_config.json",
        "tokenizer_config.json",
    ];

    /// What an embedding is made of is fetched too, and of a model that says nothing it is kept that it does not.
    #[test]
    fn an_encoder_is_fetched_with_its_pooling() {
        let nobody = || "http://127.0.0.1:9".to_owned();
        let cache = tempfile::tempdir().unwrap();
        let folder = get(cache.path(), serve(&SENTENCES, 14)).unwrap();
        assert!(SENTENCES.iter().all(|name| folder.join(name).is_file()));
        assert_eq!(unknown(&folder), None);
        assert_eq!(get(cache.path(), nobody()).unwrap(), folder);
        // Programs that take the network alone leave these files on the Hub, from where they are fetched when they are wanted.
        for name in &SENTENCES[3..] {
            fs::remove_file(folder.join(name)).unwrap();
        }
        assert_eq!(unknown(&folder).as_deref(), Some("modules.json"));
        assert_eq!(get(cache.path(), nobody()).unwrap(), folder, "without network it is taken as it is");
        assert_eq!(get(cache.path(), serve(&SENTENCES, 8)).unwrap(), folder);
        assert!(SENTENCES.iter().all(|name| folder.join(name).is_file()));

        let cache = tempfile::tempdir().unwrap();
        // Asked once more for each that is not there: two files of a plain model.
        let folder = get(cache.path(), serve(&["config.json", "tokenizer.json", "model.safetensors", "vocab.txt"], 8)).unwrap();
        assert!(cache.path().join(format!("models--who--tiny-model_1.0/.no_exist/{COMMIT}/modules.json")).is_file());
        assert_eq!(unknown(&folder), None);
        assert_eq!(get(cache.path(), nobody()).unwrap(), folder);
    }

    const CHAT: [&str; 4] = ["config.json", "tokenizer.json", "model.safetensors", "chat_template.jinja"];

    #[test]
    fn a_decoder_is_fetched_with_its_template() {
        let cache = tempfile::tempdir().unwrap();
        let folder = get(cache.path(), serve(&CHAT, 10)).unwrap();
        assert!(CHAT.iter().all(|name| folder.join(name).is_file()));
        assert_eq!(unknown(&folder), None, "what there is not was asked for once");
        fs::remove_file(folder.join("chat_template.jinja")).unwrap();
        assert_eq!(unknown(&folder).as_deref(), Some("chat_template.jinja"), "it may be there");
        fs::write(folder.join("tokenizer_config.json"), "{\"chat_template\": \"{{ messages }}\"}").unwrap();
        assert_eq!(unknown(&folder), None, "it stands elsewhere");
    }

    /// A Hub that fails is not one that lacks a file.
    #[test]
    fn a_pooling_that_cannot_be_had_is_not_taken_for_none() {
        let cache = tempfile::tempdir().unwrap();
        // It is gone when it is asked for `modules.json`: three files of two requests each.
        let error = get(cache.path(), serve(&SENTENCES, 6)).unwrap_err().to_string();
        assert!(error.contains("modules.json: "), "{error}");
        let folder = cached(&Cache::new(cache.path().into()).model(ID.into())).unwrap();
        assert_eq!(unknown(&folder).as_deref(), Some("modules.json"), "nothing says that there is none");
    }

    /// As `huggingface_hub` writes it: blobs, and snapshots that refer to them.
    #[test]
    fn what_python_fetched_is_found() {
        let cache = tempfile::tempdir().unwrap();
        let model = cache.path().join("models--who--tiny-model_1.0");
        let snapshot = model.join("snapshots").join(COMMIT);
        for folder in [&snapshot, &model.join("refs")] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(model.join("refs/main"), COMMIT).unwrap();
        WHOLE.iter().for_each(|name| fs::write(snapshot.join(name), name).unwrap());
        assert_eq!(get(cache.path(), "http://127.0.0.1:9".into()).unwrap(), snapshot);
    }

    #[test]
    fn a_model_without_the_files_is_named_with_what_it_lacks() {
        let cache = tempfile::tempdir().unwrap();
        let error = get(cache.path(), serve(&FILES, 6)).unwrap_err();
        assert!(error.to_string().contains("model.safetensors: ") && error.to_string().contains("404"), "{error}");
        assert_eq!(error.exit_code(), 1);
    }

    #[test]
    fn paths_are_no_ids() {
        for path in ["model", "./a/b", "/a/b", "a/b/c", "../b", "src/cli", "a/b c", "a/", "C:\\a/b"] {
            assert!(!is_id(Path::new(path)), "{path}");
        }
        assert!(is_id(Path::new("sentence-transformers/all-MiniLM-L6-v2")));
    }
}
