//! Instructions by a model's own chat template, and a student's folder that says how it is asked and where it stops. Models are tiny and of random
//! weights.

use distillery::model::TransformerConfig;
use serde_json::json;

use super::checkpoint::{distil, evaluated, model_of, refused, same};
use super::student::stopped_and_resumed;
use super::*;

/// Letters and three tokens that could end a text, of which a base model is trained on the first alone.
const TOKENIZER: &str = r#"{"version": "1.0", "truncation": null, "padding": null, "normalizer": null, "post_processor": null,
    "added_tokens": [
        {"id": 4, "content": "<|endoftext|>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
        {"id": 5, "content": "<|im_end|>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
        {"id": 6, "content": "<|eot|>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
    "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
    "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
        "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
        "vocab": {"a": 0, "b": 1, "\u0120": 2, "\u010a": 3}, "merges": []}}"#;
const ENDS: [&str; 3] = ["<|endoftext|>", "<|im_end|>", "<|eot|>"];

const TEMPLATE: &str = "{% for message in messages %}{% if message.role == 'system' %}{{ raise_exception('no system') }}{% endif %}
{{ ('a ' if message.role == 'user' else 'b ') + message.content + '<|eot|>' }}{% endfor %}{% if add_generation_prompt %}
{{ 'b ' }}{% endif %}";

fn model(folder: &Path, name: &str, seed: u32) {
    model_of(folder, name, &TransformerConfig::llama(7, 64, 8, 3, [2, 1], 12), seed, (TOKENIZER, 4));
}

fn templated(folder: &Path, name: &str) {
    let config = json!({ "chat_template": TEMPLATE, "pad_token": "<|endoftext|>", "bos_token": "<none>" });
    fs::write(folder.join(name).join("tokenizer_config.json"), config.to_string()).unwrap();
}

/// Instructions in `text.txt`, and the model of a teacher.
fn workplace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    model(folder.path(), "model", 1);
    let lines = "{\"prompt\": \"ab\", \"completion\": \"ba ab\"}\n{\"prompt\": \"b\", \"completion\": \"a bb\"}\n".repeat(8);
    fs::write(folder.path().join("text.txt"), lines).unwrap();
    folder
}

fn instructed(folder: &Path, more: &[&str]) -> Output {
    distil(folder, &[&["--set", "task.name=jsonl"], more].concat())
}

fn read(path: &Path, name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(path.join(name)).unwrap()).unwrap()
}

/// By the three files that say it.
fn ends(folder: &Path, ids: Value, token: &str) {
    assert_eq!(read(folder, "config.json")["eos_token_id"], ids);
    assert_eq!(read(folder, "generation_config.json")["eos_token_id"], ids);
    assert_eq!(read(folder, "tokenizer_config.json")["eos_token"], token);
}

/// Else transformers' `generate` would run on behind every answer of a student whose teacher was a base model.
#[test]
fn a_student_stops_at_the_token_that_it_was_trained_on() {
    let folder = workplace();
    let folder = folder.path();
    succeeded(instructed(folder, &["--out", "chat"]));
    ends(&folder.join("chat/student"), json!([5, 4]), ENDS[1]);
    assert!(read(&folder.join("chat/student"), "tokenizer_config.json").get("chat_template").is_none(), "there was none");
    // Of running text no end is learned.
    fs::write(folder.join("text.txt"), "ab ba a bab\nbaa ab abba ".repeat(30)).unwrap();
    succeeded(distil(folder, &["--out", "text"]));
    ends(&folder.join("text/student"), json!([4, 5]), ENDS[0]);
    // One end is a number.
    let alone = TOKENIZER.replace("<|im_end|>", "<other>");
    model_of(folder, "alone", &TransformerConfig::llama(7, 64, 8, 1, [2, 1], 12), 1, (&alone, 4));
    succeeded(cli(folder, &["convert", "alone", "-o", "converted"]));
    ends(&folder.join("converted"), json!(4), ENDS[0]);
}

#[test]
fn a_converted_model_keeps_all_its_ends_and_its_template() {
    let folder = workplace();
    let folder = folder.path();
    let model = folder.join("model");
    let mut config = read(&model, "config.json");
    config["eos_token_id"] = json!([6, 4]);
    fs::write(model.join("config.json"), config.to_string()).unwrap();
    // What transformers stops at may stand here alone.
    fs::write(model.join("generation_config.json"), json!({ "eos_token_id": [6, 4, 3] }).to_string()).unwrap();
    templated(folder, "model");
    for (from, to) in [("model", "once"), ("once", "twice")] {
        succeeded(cli(folder, &["convert", from, "-o", to]));
        let made = folder.join(to);
        ends(&made, json!([6, 4, 3, 5]), ENDS[2]);
        let tokenizer = read(&made, "tokenizer_config.json");
        assert_eq!((&tokenizer["chat_template"], &tokenizer["pad_token"]), (&json!(TEMPLATE), &json!(ENDS[0])));
        assert!(tokenizer.get("bos_token").is_none(), "it names no token");
        assert_eq!(read(&made, "generation_config.json")["pad_token_id"], 4);
    }
    // In a file of its own, as transformers writes it today.
    fs::remove_file(model.join("tokenizer_config.json")).unwrap();
    fs::write(model.join("chat_template.jinja"), TEMPLATE).unwrap();
    succeeded(cli(folder, &["convert", "model", "-o", "apart"]));
    assert_eq!(read(&folder.join("apart"), "tokenizer_config.json")["chat_template"], TEMPLATE);
}

#[test]
fn instructions_follow_the_teacher_s_template_and_so_does_the_student_s_folder() {
    let folder = workplace();
    let folder = folder.path();
    succeeded(instructed(folder, &["--out", "plain"]));
    templated(folder, "model");
    succeeded(instructed(folder, &["--out", "whole"]));
    let loss = |name: &str| evaluated(&folder.join(name))[0]["networks"][0]["loss"].as_f64().unwrap();
    assert_ne!(loss("plain"), loss("whole"), "the same teacher is asked otherwise");
    let said = stdout(&succeeded(cli(folder, &["compare", "plain", "whole"])));
    assert!(said.contains("asked in different forms") && said.contains("chat template"), "{said}");
    let student = folder.join("whole/student");
    ends(&student, json!([6, 4, 5]), ENDS[2]);
    assert_eq!(read(&student, "tokenizer_config.json")["chat_template"], TEMPLATE);

    succeeded(instructed(folder, &["--out", "stopped"]));
    stopped_and_resumed(folder, "stopped");
    same(&folder.join("stopped"), &folder.join("whole"));
    // A student without a template that shares the vocabulary is taught by the teacher's.
    model(folder, "small", 2);
    succeeded(instructed(folder, &["--student", "small", "--out", "led"]));
    assert_eq!(read(&folder.join("led/student"), "tokenizer_config.json")["chat_template"], TEMPLATE);
    ends(&folder.join("led/student"), json!([6, 4, 5]), ENDS[2]);

    let other = json!({ "chat_template": TEMPLATE.replace("'a '", "'aa '") });
    fs::write(folder.join("model/tokenizer_config.json"), other.to_string()).unwrap();
    unfinish(&folder.join("stopped"));
    refused(&cli(folder, &["resume", "stopped"]), &["chat template is not the one that this run began with"]);
}

/// Its texts must not change under a run.
#[test]
fn a_run_that_began_without_a_template_goes_on_without() {
    let folder = workplace();
    let folder = folder.path();
    succeeded(instructed(folder, &["--out", "whole"]));
    succeeded(instructed(folder, &["--out", "stopped"]));
    templated(folder, "model");
    stopped_and_resumed(folder, "stopped");
    same(&folder.join("stopped"), &folder.join("whole"));
    unfinish(&folder.join("stopped"));
    let said = stderr(&succeeded(cli(folder, &["resume", "stopped"])));
    assert!(said.contains("began without the model's chat template"), "{said}");
}

#[test]
fn what_a_template_does_not_take_is_named_by_its_line() {
    let folder = workplace();
    let folder = folder.path();
    templated(folder, "model");
    let good = "{\"prompt\": \"ab\", \"completion\": \"ba\"}\n";
    let system =
        r#"{"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#;
    fs::write(folder.join("text.txt"), format!("{good}\n{system}\n{good}")).unwrap();
    refused(&instructed(folder, &["--out", "no"]), &["text.txt: line 3", "chat template does not take it", "no system"]);
    for (template, parts) in
        [("{% if %}", ["cannot be read", "chat_template:1"]), ("{{ 'a' }}", ["cannot be followed", "leaves an answer out"])]
    {
        fs::write(folder.join("model/tokenizer_config.json"), json!({ "chat_template": template }).to_string()).unwrap();
        refused(&instructed(folder, &["--out", "no"]), &[&parts[..], &["tokenizer_config.json"]].concat());
    }
    assert!(!folder.join("no").exists(), "nothing was begun");
}
