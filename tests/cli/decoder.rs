//! `generate` and `convert` on a tiny model of random weights.

use std::path::PathBuf;

use distillery::data;
use distillery::model::TransformerConfig;
use distillery::model::formats::huggingface;
use safetensors::SafeTensors;

use super::*;

/// Tokens a, b, space and the end.
const TOKENIZER: &str = r#"{"version": "1.0", "truncation": null, "padding": null, "normalizer": null, "post_processor": null,
    "added_tokens": [{"id": 3, "content": "<|im_end|>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
        "special": true}],
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
    "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
    "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
        "fuse_unk": false, "byte_fallback": false, "ignore_merges": false, "vocab": {"a": 0, "b": 1, "\u0120": 2}, "merges": []}}"#;

fn model(folder: &Path) -> PathBuf {
    let folder = folder.join("model");
    fs::create_dir(&folder).unwrap();
    let config = TransformerConfig::llama(4, 128, 8, 1, [2, 1], 12);
    let (json, weights) = huggingface::save(&config, &config.initial(&mut data::rng(1, "test")), &[3], false).unwrap();
    fs::write(folder.join("config.json"), json).unwrap();
    fs::write(folder.join("model.safetensors"), weights).unwrap();
    fs::write(folder.join("tokenizer.json"), TOKENIZER).unwrap();
    folder
}

/// The same seed writes the same text; the speed goes to stderr, so that the text can be piped.
#[test]
fn text_goes_to_stdout_and_depends_on_the_seed_alone() {
    let folder = tempfile::tempdir().unwrap();
    model(folder.path());
    let write = |seed: &str| {
        let args = ["generate", "model", "--prompt", "ab a", "--max-tokens", "20", "--seed", seed, "--device", "cpu"];
        let output = succeeded(cli(folder.path(), &args));
        assert!(stderr(&output).contains("prompt of 4 tokens"), "{}", stderr(&output));
        stdout(&output)
    };
    let first = write("1");
    assert!(first.starts_with("ab a") && first.ends_with('\n'), "{first}");
    assert_eq!(first, write("1"));
    assert!((2..9).any(|seed| write(&seed.to_string()) != first), "the seed changes nothing");
}

#[test]
fn a_converted_model_writes_what_the_original_does() {
    let folder = tempfile::tempdir().unwrap();
    model(folder.path());
    succeeded(cli(folder.path(), &["convert", "model", "-o", "copy"]));
    let write = |model: &str| {
        stdout(&succeeded(cli(folder.path(), &["generate", model, "--prompt", "a", "--temperature", "0", "--device", "cpu"])))
    };
    assert_eq!(write("model"), write("copy"));
    let again = cli(folder.path(), &["convert", "model", "-o", "copy"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).contains("already there"), "{}", stderr(&again));
}

#[test]
fn wrong_models_and_settings_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let whole = model(folder);
    fs::write(folder.join("text.gguf"), "hello").unwrap();
    fs::write(folder.join("cut.gguf"), b"GGUF\x03\0\0\0").unwrap();
    let refuse = |model: &str, more: &[&str], part: &str| {
        let output = cli(folder, &[&["generate", model, "--device", "cpu", "--prompt"], more].concat());
        assert_eq!(output.status.code(), Some(2), "{model} {more:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(part), "{model} {more:?}: `{part}` is missing in: {}", stderr(&output));
        assert_eq!(stdout(&output), "");
    };
    refuse("nowhere", &["a"], "nowhere");
    refuse("text.gguf", &["a"], "begins with `hell`");
    fs::write(folder.join("model.safetensors"), "hello").unwrap();
    refuse("model.safetensors", &["a"], "a folder with config.json");
    refuse("cut.gguf", &["a"], "ends at byte 8");
    refuse("model", &[""], "empty");
    refuse("model", &["a", "--max-tokens", "200"], "context of 128");
    refuse("model", &["a", "--top-p", "2"], "top-p");
    let weights = fs::read(whole.join("model.safetensors")).unwrap();
    fs::write(whole.join("model.safetensors"), &weights[..weights.len() / 2]).unwrap();
    refuse("model", &["a"], "model.safetensors");
    refuse("model", &["a"], "download it again");
    fs::write(whole.join("tokenizer.json"), "{}").unwrap();
    fs::write(whole.join("model.safetensors"), &weights).unwrap();
    refuse("model", &["a"], "tokenizer.json");
    fs::remove_file(whole.join("config.json")).unwrap();
    refuse("model", &["a"], "config.json");
}

/// Large checkpoints lie in several files, and an index says what is where.
#[test]
fn a_model_in_shards_is_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let whole = model(folder);
    let logits = || cli(folder, &["generate", "model", "--device", "cpu", "--prompt", "ab", "--logits"]);
    let expected = stdout(&succeeded(logits()));
    let weights = fs::read(whole.join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&weights).unwrap();
    let shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    let mut map = serde_json::Map::new();
    for (at, shard) in shards.into_iter().enumerate() {
        let part = file.tensors().into_iter().enumerate().filter(|(index, _)| index % 2 == at).map(|(_, tensor)| tensor);
        let part: Vec<_> = part.inspect(|(name, _)| drop(map.insert(name.clone(), shard.into()))).collect();
        fs::write(whole.join(shard), safetensors::serialize(part, None).unwrap()).unwrap();
    }
    let index = whole.join("model.safetensors.index.json");
    fs::write(&index, serde_json::json!({ "metadata": {}, "weight_map": map }).to_string()).unwrap();
    fs::remove_file(whole.join("model.safetensors")).unwrap();
    assert_eq!(stdout(&succeeded(logits())), expected);

    let refused = |parts: &[&str]| {
        let output = logits();
        let said = stderr(&output);
        assert!(output.status.code() == Some(2) && parts.iter().all(|part| said.contains(part)), "{parts:?} in: {said}");
    };
    let second = fs::read(whole.join(shards[1])).unwrap();
    fs::write(whole.join(shards[1]), &second[..second.len() - 9]).unwrap();
    refused(&[shards[1], "download it again"]);
    fs::copy(whole.join(shards[0]), whole.join(shards[1])).unwrap();
    refused(&["index.json", shards[1], "which has none"]);
    fs::remove_file(whole.join(shards[1])).unwrap();
    refused(&["index.json", shards[1], "missing"]);
    fs::write(whole.join(shards[1]), second).unwrap();
    fs::write(whole.join("model-00003-of-00003.safetensors"), "").unwrap();
    refused(&["index.json", "model-00003-of-00003.safetensors", "two models"]);
    fs::write(&index, "{}").unwrap();
    refused(&["index.json", "weight_map"]);
    fs::write(&index, "{\"weight_map\": {").unwrap();
    refused(&["index.json", "download it again"]);
    fs::write(&index, "version https://git-lfs.github.com/spec/v1\n").unwrap();
    refused(&["index.json", "git lfs pull"]);
}
