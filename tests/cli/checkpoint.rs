//! A checkpoint as the teacher: run, stop, go on, and a folder that others load. The model is tiny and of random weights.

use std::path::PathBuf;

use distillery::data;
use distillery::model::formats::{ChatFiles, huggingface};
use distillery::model::{LanguageModel, TransformerConfig, decode};

use super::*;

/// Tokens a, b, space, new line, the end, and padding up to a vocabulary that is large.
pub fn tokenizer() -> String {
    let filler: String = (4..4100).map(|id| format!(", \"x{id}\": {id}")).collect();
    format!(
        r#"{{"version": "1.0", "truncation": null, "padding": null, "normalizer": null, "post_processor": null,
    "added_tokens": [{{"id": 4100, "content": "<|im_end|>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
        "special": true}}],
    "pre_tokenizer": {{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}},
    "decoder": {{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}},
    "model": {{"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
        "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
        "vocab": {{"a": 0, "b": 1, "\u0120": 2, "\u010a": 3{filler}}}, "merges": []}}}}"#
    )
}

/// A LLaMA of 3 layers in the folder `name`.
pub fn model(folder: &Path, name: &str, seed: u32) -> PathBuf {
    model_of(folder, name, &TransformerConfig::llama(4101, 64, 8, 3, [2, 1], 12), seed, (&tokenizer(), 4100))
}

/// A model of random values with a tokenizer and its last token.
pub fn model_of(folder: &Path, name: &str, config: &TransformerConfig, seed: u32, (tokenizer, end): (&str, u32)) -> PathBuf {
    let folder = folder.join(name);
    fs::create_dir(&folder).unwrap();
    let (json, weights) = huggingface::save(config, &config.initial(&mut data::rng(seed, "test")), &[end], false).unwrap();
    fs::write(folder.join("config.json"), json).unwrap();
    fs::write(folder.join("model.safetensors"), weights).unwrap();
    fs::write(folder.join("tokenizer.json"), tokenizer).unwrap();
    folder
}

pub fn loaded(folder: &Path) -> LanguageModel {
    let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let weights = decode(&fs::read(folder.join("model.safetensors")).unwrap()).unwrap();
    let files = ChatFiles::gather(|name| Ok::<_, ()>(fs::read_to_string(folder.join(name)).ok())).unwrap();
    LanguageModel::from_folder(&text("config.json"), weights, text("tokenizer.json"), &files).unwrap()
}

pub const SMALL: [&str; 20] = [
    "--set",
    "student.layers=2",
    "--set",
    "text.context=16",
    "--set",
    "text.tests=2",
    "--set",
    "text.samples=2",
    "--set",
    "train.batch_size=2",
    "--set",
    "train.steps=8",
    "--set",
    "train.eval_every=4",
    "--set",
    "train.warmup_steps=0",
    "--set",
    "train.lr=0.01",
    "--checkpoint-every",
    "3",
];

pub fn distil(folder: &Path, more: &[&str]) -> Output {
    cli(folder, &[&["run", "smollm2", "--device", "cpu", "--teacher", "model", "--data", "text.txt"], &SMALL[..], more].concat())
}

/// A folder with a model and a text.
pub fn workplace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    model(folder.path(), "model", 1);
    fs::write(folder.path().join("text.txt"), "ab ba a bab\nbaa ab abba ".repeat(30)).unwrap();
    folder
}

pub fn refused(output: &Output, parts: &[&str]) {
    assert_eq!(output.status.code(), Some(2), "{}", stderr(output));
    assert!(parts.iter().all(|part| stderr(output).contains(part)), "{parts:?} in: {}", stderr(output));
}

pub fn evaluated(directory: &Path) -> Vec<Value> {
    metrics(directory).into_iter().filter(|line| line["type"] == "evaluated").collect()
}

pub fn same(a: &Path, b: &Path) {
    assert_eq!(metrics(a), metrics(b));
    for name in ["student/model.safetensors", "alone/model.safetensors", "student/config.json", "student/tokenizer.json"] {
        assert!(fs::read(a.join(name)).unwrap() == fs::read(b.join(name)).unwrap(), "{name} differs");
    }
}

#[test]
fn a_checkpoint_is_distilled_stopped_and_gone_on_with_to_a_folder_that_is_read_again() {
    let folder = workplace();
    let folder = folder.path();
    let said = stdout(&succeeded(distil(folder, &["--out", "whole"])));
    assert!(said.contains("transformers"), "{said}");
    let whole = folder.join("whole");
    // Before the first step both students are the teacher's first and last layer.
    let first = &evaluated(&whole)[0]["networks"];
    assert_eq!(first[1]["loss"], first[2]["loss"]);
    let last = evaluated(&whole).pop().unwrap()["networks"].clone();
    for student in [1, 2] {
        let loss = |networks: &Value| networks[student]["loss"].as_f64().unwrap();
        assert!(loss(&last) < loss(first), "{student}: {} after {}", loss(&last), loss(first));
    }
    let (teacher, student) = (loaded(&folder.join("model")), loaded(&whole.join("student")));
    assert_eq!(student.config, TransformerConfig { layers: 2, ..teacher.config });
    let write =
        |model: &str| stdout(&succeeded(cli(folder, &["generate", model, "--prompt", "ab", "--max-tokens", "8", "--device", "cpu"])));
    assert_eq!(write("whole/student"), write("whole/student"));

    // The newest checkpoints of a run that was killed: those of the steps 3 and 6.
    for (name, keep) in [("late", "step-000006.safetensors"), ("early", "step-000003.safetensors")] {
        succeeded(distil(folder, &["--out", name]));
        let directory = folder.join(name);
        for checkpoint in checkpoints(&directory).iter().filter(|checkpoint| *checkpoint != keep) {
            fs::remove_file(directory.join("checkpoints").join(checkpoint)).unwrap();
        }
        fs::remove_dir_all(directory.join("student")).unwrap();
        succeeded(cli(folder, &["resume", name]));
        same(&directory, &whole);
    }
}

#[test]
fn the_student_s_folder_says_what_it_is() {
    let folder = workplace();
    let folder = folder.path();
    succeeded(distil(folder, &["--out", "a", "--keep-best", "1"]));
    let card = fs::read_to_string(folder.join("a/student/README.md")).unwrap();
    for part in
        ["library_name: transformers", "`model`", "`text.txt`", "| student distilled |", "of teacher", "To be filled in", "--data text.txt"]
    {
        assert!(card.contains(part), "`{part}` is missing in: {card}");
    }
    let timed = |text: &str, end: &str| ["ms", "µs"].iter().any(|unit| text.contains(&format!(" {unit}{end}")));
    assert!(timed(&card, " |"), "a latency is missing in: {card}");
    let home = folder.to_str().unwrap();
    assert!(!card.contains(home), "a folder of this machine in a card that is published");
    let report = fs::read_to_string(folder.join("a/report.html")).unwrap();
    for part in ["of teacher", "latency"] {
        assert!(report.contains(part), "`{part}` is missing in the report");
    }
    assert!(timed(&report, "</td>"), "a latency is missing in the report");
    let scores: Value = serde_json::from_str(&fs::read_to_string(folder.join("a/best/scores.json")).unwrap()).unwrap();
    loaded(&folder.join("a").join(scores[0]["folder"].as_str().unwrap()));
}

#[test]
fn another_teacher_than_before_is_refused() {
    let folder = workplace();
    let folder = folder.path();
    model(folder, "other", 2);
    succeeded(distil(folder, &["--out", "a"]));
    unfinish(&folder.join("a"));
    let before = metrics(&folder.join("a"));
    refused(&cli(folder, &["resume", "a", "--teacher", "other"]), &["not the model that this run began with"]);
    fs::rename(folder.join("model"), folder.join("moved")).unwrap();
    refused(&cli(folder, &["resume", "a"]), &["model"]);
    assert_eq!(metrics(&folder.join("a")), before, "nothing was overwritten");
    succeeded(cli(folder, &["resume", "a", "--teacher", "moved"]));
    unfinish(&folder.join("a"));
    succeeded(cli(folder, &["resume", "a"]));
    // Without a checkpoint too.
    unfinish(&folder.join("a"));
    fs::remove_dir_all(folder.join("a/checkpoints")).unwrap();
    refused(&cli(folder, &["resume", "a", "--teacher", "other"]), &["not the model that this run began with"]);
}

#[test]
fn every_method_works_over_a_large_vocabulary() {
    let folder = workplace();
    let folder = folder.path();
    let lines = "{\"prompt\": \"ab\", \"completion\": \"ba a\"}\n{\"prompt\": \"b\", \"completion\": \"a bb\"}\n".repeat(8);
    fs::write(folder.join("text.txt"), lines).unwrap();
    for method in ["sft", "token_kd", "uld", "seq_kd", "gkd", "distillm", "distillm2", "minillm", "dpkd"] {
        let set = format!("text.method={method}");
        let more = [
            "--set",
            "task.name=jsonl",
            "--set",
            "train.steps=2",
            "--set",
            &set,
            "--set",
            "text.student_share=1",
            "--set",
            "text.share_start=1",
            "--out",
            method,
        ];
        succeeded(distil(folder, &more));
    }
}

#[test]
fn examples_that_are_too_long_are_named_by_their_lines() {
    let folder = workplace();
    let folder = folder.path();
    let long = |n: usize| "ab ".repeat(if n % 2 == 1 { 40 } else { 1 });
    let lines: String = (0..12).map(|n| format!("{{\"prompt\": \"ab\", \"completion\": \"{}\"}}\n\n", long(n))).collect();
    fs::write(folder.join("text.txt"), lines).unwrap();
    let said = stderr(&succeeded(distil(folder, &["--set", "task.name=jsonl", "--set", "train.steps=2", "--out", "a"])));
    assert!(said.contains("6 examples (lines 3, 7, 11, …) are longer than") && said.contains("raise text.context"), "{said}");
}

#[test]
fn what_does_not_fit_is_said_before_the_run() {
    let folder = workplace();
    let folder = folder.path();
    let refuse = |more: &[&str], parts: &[&str]| refused(&distil(folder, &[more, &["--out", "no"]].concat()), parts);
    refuse(&["--set", "student.layers=4"], &["3 layers", "student.layers from 1 to 3"]);
    refuse(&["--set", "text.context=100"], &["100 tokens", "the teacher can look at 64", "text.context"]);
    refuse(&["--set", "teacher.source=live"], &["student.start"]);
    refuse(&["--set", "task.name=names"], &["novel or jsonl"]);
    fs::write(folder.join("text.txt"), "ab ba ".repeat(20)).unwrap();
    refuse(&["--set", "text.context=60"], &["text.txt", "600 are needed", "text.context"]);
    fs::write(folder.join("text.txt"), "ab ba ".repeat(300)).unwrap();
    refuse(&["--set", "text.context=65"], &["the longest texts take 65 tokens and the teacher can look at 64", "lower text.context"]);
    fs::write(folder.join("text.txt"), "{\"prompt\": \"ab\", \"completion\": \"a\"}\n{\"prompt\": \"\", \"completion\": \"a\"}\n").unwrap();
    refuse(&["--set", "task.name=jsonl"], &["text.txt", "line 2", "\"prompt\" is empty"]);
    let said = stderr(&distil(folder, &["--set", "task.name=jsonl", "--out", "no"]));
    assert!(!said.contains("tokenised"), "nothing is announced of a file that cannot be read: {said}");
    let run = |args: &[&str]| cli(folder, &[&["run", "smollm2", "--device", "cpu"], args].concat());
    refused(&run(&[]), &["--teacher MODEL"]);
    refused(&run(&["--teacher", "nowhere"]), &["nowhere"]);
    refused(&cli(folder, &["run", "first-light", "--device", "cpu", "--teacher", "model"]), &["teacher.source=file"]);
    refused(&cli(folder, &["run", "first-light", "--device", "cpu", "--data", "text.txt"]), &["no data files"]);
    fs::write(folder.join("model/tokenizer.json"), "{}").unwrap();
    refuse(&[], &["tokenizer.json"]);
    assert!(!folder.join("no").exists(), "nothing was begun");
}

#[test]
fn the_teacher_is_asked_once_and_its_words_are_kept() {
    let folder = workplace();
    let folder = folder.path();
    let cached = |out: &str, more: &[&str]| {
        let top_k = ["--set", "distill.access=top_k", "--set", "distill.top_k=4", "--teacher-cache", "words", "--out", out];
        distil(folder, &[&top_k[..], more].concat())
    };
    let said = stderr(&succeeded(cached("first", &[])));
    assert!(said.contains("of 16 bytes each"), "{said}");
    let whole = fs::read(folder.join("words")).unwrap();
    let said = stderr(&succeeded(cached("again", &[])));
    assert!(!said.contains("asked"), "the teacher was asked twice: {said}");
    same(&folder.join("first"), &folder.join("again"));
    // A kill in the middle of a block.
    fs::write(folder.join("words"), &whole[..whole.len() * 2 / 3]).unwrap();
    succeeded(cached("torn", &[]));
    assert!(fs::read(folder.join("words")).unwrap() == whole, "it was gone on with to the same file");
    same(&folder.join("first"), &folder.join("torn"));
    // What is kept is what the teacher says, up to the rounding of the file, whatever it is compared by.
    let loss = |name: &str| evaluated(&folder.join(name)).pop().unwrap()["networks"][2]["loss"].as_f64().unwrap();
    for divergence in ["forward_kl", "reverse_kl", "dkd"] {
        let (by, kept, asked) = (format!("distill.divergence={divergence}"), format!("kept-{divergence}"), format!("asked-{divergence}"));
        succeeded(cached(&kept, &["--set", &by]));
        succeeded(distil(folder, &["--set", "distill.access=top_k", "--set", "distill.top_k=4", "--set", &by, "--out", &asked]));
        assert!((loss(&asked) - loss(&kept)).abs() < 1e-2, "{divergence}: {} and {}", loss(&asked), loss(&kept));
    }
    assert_ne!(loss("kept-forward_kl"), loss("kept-dkd"));

    for checkpoint in checkpoints(&folder.join("torn")).iter().skip(1) {
        fs::remove_file(folder.join("torn/checkpoints").join(checkpoint)).unwrap();
    }
    unfinish(&folder.join("torn"));
    succeeded(cli(folder, &["resume", "torn"]));
    same(&folder.join("first"), &folder.join("torn"));

    refused(&cached("no", &["--set", "distill.top_k=5"]), &["words", "holds the 4 likeliest", "distill.top_k is 5"]);
    refused(&cached("no", &["--set", "text.context=8"]), &["words", "other data"]);
    refused(&cached("no", &["--set", "distill.access=logits"]), &["top_k"]);
    model(folder, "other", 2);
    fs::rename(folder.join("model"), folder.join("mine")).unwrap();
    fs::rename(folder.join("other"), folder.join("model")).unwrap();
    refused(&cached("no", &[]), &["words", "another teacher"]);
    assert!(fs::read(folder.join("words")).unwrap() == whole && !folder.join("no").exists(), "nothing was overwritten");
}
