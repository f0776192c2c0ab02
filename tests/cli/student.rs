//! A student that is a checkpoint of its own: with the teacher's tokenizer, and with another. Models are tiny and of random weights.

use distillery::model::transformer::Bias;
use distillery::model::{TransformerConfig, decode};

use super::checkpoint::{distil, evaluated, loaded, model_of, refused, same, tokenizer, workplace};
use super::*;

/// A tokenizer that joins a and b, and numbers them otherwise than the teacher's.
const JOINING: &str = r#"{"version": "1.0", "truncation": null, "padding": null, "normalizer": null, "post_processor": null,
    "added_tokens": [{"id": 6, "content": "<|im_end|>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
        "special": true}],
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
    "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
    "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
        "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
        "vocab": {"b": 0, "a": 1, "\u0120": 2, "\u010a": 3, "ab": 4, "ba": 5}, "merges": ["a b", "b a"]}}"#;

/// A teacher's tokenizer of single letters.
const LETTERS: &str = r#"{"version": "1.0", "truncation": null, "padding": null, "normalizer": null, "post_processor": null,
    "added_tokens": [{"id": 4, "content": "<|im_end|>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
        "special": true}],
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
    "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
    "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
        "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
        "vocab": {"a": 0, "b": 1, "\u0120": 2, "\u010a": 3}, "merges": []}}"#;

/// A student with the teacher's tokenizer and rows of its embedding rounded up.
pub fn rounded(folder: &Path, name: &str, seed: u32) -> TransformerConfig {
    let config = TransformerConfig::llama(4224, 64, 12, 2, [2, 2], 16);
    model_of(folder, name, &config, seed, (&tokenizer(), 4100));
    config
}

/// A GPT-2 with another tokenizer, some rows to spare.
pub fn other(folder: &Path, name: &str) -> TransformerConfig {
    let config = TransformerConfig { tied: true, ..TransformerConfig::gpt2(8, 64, 12, 2, 2) };
    model_of(folder, name, &config, 3, (JOINING, 6));
    config
}

pub fn jsonl(folder: &Path) {
    let lines = "{\"prompt\": \"ab\", \"completion\": \"ba ab\"}\n{\"prompt\": \"b\", \"completion\": \"a bb\"}\n".repeat(8);
    fs::write(folder.join("text.txt"), lines).unwrap();
}

/// Leaves the newest of the checkpoints up to step 3, and goes on.
pub fn stopped_and_resumed(folder: &Path, name: &str) {
    let directory = folder.join(name);
    for checkpoint in checkpoints(&directory).iter().filter(|checkpoint| *checkpoint != "step-000003.safetensors") {
        fs::remove_file(directory.join("checkpoints").join(checkpoint)).unwrap();
    }
    fs::remove_dir_all(directory.join("student")).unwrap();
    succeeded(cli(folder, &["resume", name]));
}

#[test]
fn both_students_start_as_the_checkpoint_and_are_written_with_all_its_rows() {
    let folder = workplace();
    let folder = folder.path();
    let config = rounded(folder, "small", 2);
    let run = |out: &str| distil(folder, &["--student", "small", "--out", out]);
    let said = stderr(&succeeded(run("whole")));
    assert!(said.contains("4101 rows") && said.contains("4224"), "what is cut is said: {said}");
    let whole = folder.join("whole");
    let first = &evaluated(&whole)[0]["networks"];
    assert_eq!(
        first[1],
        Value::Object({
            let mut alone = first[2].as_object().unwrap().clone();
            alone.insert("role".into(), "alone".into());
            alone
        }),
        "both begin alike"
    );
    let (before, after) = (loaded(&folder.join("small")), loaded(&whole.join("student")));
    assert_eq!(after.config, config);
    let row = |model: &distillery::model::LanguageModel, id: usize| model.values[0][id * 12..(id + 1) * 12].to_vec();
    assert_eq!(row(&before, 4200), row(&after, 4200), "a row that names no token is as it was");
    assert_ne!(row(&before, 0), row(&after, 0), "a row that names one has learned");
    let report = fs::read_to_string(whole.join("report.html")).unwrap();
    assert!(report.contains("--student") && report.contains("student.start=file"), "the command that repeats it");

    succeeded(run("resumed"));
    let card = fs::read_to_string(whole.join("student/README.md")).unwrap();
    assert!(card.contains("began as `small`") && !card.contains(folder.to_str().unwrap()), "{card}");
    stopped_and_resumed(folder, "resumed");
    same(&folder.join("resumed"), &whole);
    rounded(folder, "another", 5);
    unfinish(&whole);
    refused(&cli(folder, &["resume", "whole", "--student", "another"]), &["the student is not the model that this run began with"]);
    fs::rename(folder.join("small"), folder.join("moved")).unwrap();
    refused(&cli(folder, &["resume", "whole"]), &["small"]);
    succeeded(cli(folder, &["resume", "whole", "--student", "moved"]));
}

/// The teacher is 8 wide, the checkpoint 12: a projection between them learns with the run and is in no folder that it writes.
#[test]
fn a_checkpoint_of_another_width_is_led_by_hints_and_written_as_it_was_read() {
    const HINTS: [&str; 2] = ["--set", "distill.hint_weight=1"];
    const ADAPTERS: [&str; 2] = ["--set", "student.lora_rank=2"];
    let folder = workplace();
    let folder = folder.path();
    let config = rounded(folder, "small", 2);
    let run = |more: &[&[&str]]| distil(folder, &[&HINTS[..], &more.concat()].concat());
    succeeded(run(&[&["--student", "small", "--out", "whole"]]));
    let whole = folder.join("whole");
    let hints: Vec<f64> = metrics(&whole).iter().filter_map(|line| line["losses"][1]["hint"].as_f64()).collect();
    assert!(hints.len() > 1 && hints.last() < hints.first(), "{hints:?}");
    let student = loaded(&whole.join("student"));
    assert_eq!(student.config, config);
    let file = decode(&fs::read(whole.join("student/model.safetensors")).unwrap()).unwrap();
    assert!(file.has("model.norm.weight") && !file.has("projection.weight"));
    let checkpoint = decode(&fs::read(whole.join("checkpoints/step-000008.safetensors")).unwrap()).unwrap();
    assert!(checkpoint.has("distilled.projection.weight"));
    succeeded(run(&[&["--student", "small", "--out", "stopped"]]));
    stopped_and_resumed(folder, "stopped");
    same(&folder.join("stopped"), &whole);

    let no = ["--out", "no"];
    refused(&run(&[&["--student", "small"], &ADAPTERS, &no]), &["distill.hint_weight", "the teacher is 8 wide and the student 12"]);
    refused(&run(&[&["--teacher-cache", "words.topk"], &no]), &["distill.access", "set it to top_k"]);
    refused(
        &run(&[&["--teacher-cache", "words.topk", "--set", "distill.access=top_k"], &no]),
        &["distill.access", "set it to hidden, or distill.hint_weight to 0"],
    );
    assert!(!folder.join("no").exists(), "nothing was begun");
    // Layers of the teacher are as wide as it is.
    succeeded(run(&[&ADAPTERS, &["--out", "adapted"]]));
}

#[test]
fn a_method_that_takes_two_vocabularies_for_one_is_refused_with_the_ways_out() {
    let folder = workplace();
    let folder = folder.path();
    other(folder, "small");
    for method in ["token_kd", "gkd", "distillm", "distillm2", "minillm", "dpkd"] {
        let set = format!("text.method={method}");
        let output = distil(folder, &["--student", "small", "--set", &set, "--out", "no"]);
        refused(
            &output,
            &["(4101 tokens)", "(7 tokens)", "id 0 is \"a\" to the teacher and \"b\" to the student", "seq_kd", "text.method=uld"],
        );
    }
    assert!(!folder.join("no").exists(), "nothing was begun");
}

#[test]
fn texts_and_sorted_probabilities_bridge_two_vocabularies() {
    let folder = workplace();
    let folder = folder.path();
    let config = other(folder, "small");
    fs::write(folder.join("text.txt"), "ab ba a bab\nbaa ab abba ".repeat(60)).unwrap();
    for (method, task) in [("uld", "novel"), ("seq_kd", "novel"), ("seq_kd", "jsonl"), ("uld", "jsonl")] {
        if task == "jsonl" {
            jsonl(folder);
        }
        if method == "seq_kd" && task == "novel" {
            // Whose tokens are all letters that the student knows.
            fs::remove_dir_all(folder.join("model")).unwrap();
            model_of(folder, "model", &TransformerConfig::llama(5, 64, 8, 2, [2, 1], 12), 1, (LETTERS, 4));
        }
        let name = format!("{method}-{task}");
        let (set, task) = (format!("text.method={method}"), format!("task.name={task}"));
        let more = |out: &str| distil(folder, &["--student", "small", "--set", &set, "--set", &task, "--out", out]);
        let said = stderr(&succeeded(more(&name)));
        assert!(said.contains("its own tokenizer"), "{said}");
        let whole = folder.join(&name);
        let last = evaluated(&whole).pop().unwrap()["networks"].clone();
        assert!(last.as_array().unwrap().iter().all(|network| network["loss"].as_f64().unwrap() > 0.0));
        assert!(last[2]["agreement"].is_null() && last[2]["text"]["forward_kl"].is_null(), "token by token nothing can be compared");
        assert_ne!(last[1]["loss"], last[2]["loss"], "the teacher changes what is learned");
        let student = loaded(&whole.join("student"));
        assert_eq!(student.config, config);
        assert_eq!(fs::read_to_string(whole.join("student/tokenizer.json")).unwrap(), JOINING, "its own tokenizer");
        let again = format!("{name}-again");
        succeeded(more(&again));
        stopped_and_resumed(folder, &again);
        same(&folder.join(&again), &whole);
    }
}

#[test]
fn a_student_that_does_not_serve_is_said_before_the_run() {
    let folder = workplace();
    let folder = folder.path();
    rounded(folder, "small", 2);
    let short = TransformerConfig::llama(4101, 12, 8, 1, [2, 1], 12);
    model_of(folder, "short", &short, 1, (&tokenizer(), 4100));
    let refuse = |more: &[&str], parts: &[&str]| refused(&distil(folder, &[more, &["--out", "no"]].concat()), parts);
    refuse(&["--student", "nowhere"], &["nowhere"]);
    refuse(&["--student", "short"], &["the student can look at 12", "lower text.context"]);
    refuse(&["--set", "student.start=file"], &["student.start=file needs a model", "--student MODEL"]);
    refuse(&["--student", "small", "--set", "student.start=random"], &["--student names a model", "set student.start=file"]);
    let run = |args: &[&str]| cli(folder, &[&["run", "--device", "cpu", "--student", "small"], args].concat());
    refused(&run(&["grammar"]), &["student.start", "teacher.source=file"]);
    refused(&run(&["first-light"]), &["transformer", "smollm2"]);
    let weights = fs::read(folder.join("small/model.safetensors")).unwrap();
    fs::write(folder.join("small/model.safetensors"), &weights[..weights.len() - 9]).unwrap();
    refuse(&["--student", "small"], &["small", "model.safetensors", "download it again"]);
    assert!(!folder.join("no").exists(), "nothing was begun");
}

/// A Qwen2 has biases that LLaMA has not: of its layers is made a Qwen2, and adapters leave its biases as they are.
#[test]
fn a_qwen2_is_distilled_into_one() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let config = TransformerConfig { bias: Bias::QueryKeyValue, tied: false, ..TransformerConfig::llama(5, 64, 8, 3, [2, 1], 12) };
    let small = TransformerConfig { layers: 2, ..config.clone() };
    model_of(folder, "model", &config, 1, (LETTERS, 4));
    model_of(folder, "small", &small, 2, (LETTERS, 4));
    fs::write(folder.join("text.txt"), "ab ba a bab\nbaa ab abba ".repeat(60)).unwrap();
    let bias = |name: &str| {
        let file = decode(&fs::read(folder.join(name).join("student/model.safetensors")).unwrap()).unwrap();
        file.values("model.layers.1.self_attn.v_proj.bias").unwrap().to_vec()
    };
    succeeded(distil(folder, &["--out", "part"]));
    assert_eq!(loaded(&folder.join("part/student")).config, small);
    assert!(fs::read_to_string(folder.join("part/student/config.json")).unwrap().contains("\"Qwen2ForCausalLM\""));
    assert!(bias("part").iter().any(|value| *value != 0.0), "its biases learn");
    let adapters = ["--student", "small", "--set", "student.lora_rank=2", "--set", "train.precision=bf16", "--out", "adapted"];
    succeeded(distil(folder, &adapters));
    assert_eq!(loaded(&folder.join("adapted/student")).config, small);
    assert_eq!(bias("adapted"), [0.0; 4], "what has no adapter stands still");
    let adapter = decode(&fs::read(folder.join("adapted/student/adapter/adapter_model.safetensors")).unwrap()).unwrap();
    assert!(adapter.has("base_model.model.model.layers.1.self_attn.k_proj.lora_A.weight"));
    assert!(adapter.names().all(|name| name.ends_with("lora_A.weight") || name.ends_with("lora_B.weight")));
}
