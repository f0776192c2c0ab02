//! Data that fills a model's context to the last token, and data of unequal lengths.

use super::checkpoint::{SMALL, distil, evaluated, workplace};
use super::*;

/// Of the longest prompt and the longest response together there would be twice the model's 64 tokens.
#[test]
fn what_fits_into_the_model_is_learned_from() {
    let folder = workplace();
    let folder = folder.path();
    fs::write(folder.join("text.txt"), "ab ba a bab\nbaa ab abba ".repeat(60)).unwrap();
    let line = |(prompt, completion): (usize, usize)| {
        format!("{{\"prompt\": \"{}\", \"completion\": \"{}\"}}\n", "a".repeat(prompt), "b".repeat(completion))
    };
    let lines: String = [(60, 3), (3, 60), (5, 5), (30, 33)].iter().cycle().take(16).map(|lengths| line(*lengths)).collect();
    fs::write(folder.join("lines.jsonl"), lines).unwrap();
    let learned = |data: &str, more: &[&str]| {
        let args = ["run", "smollm2", "--device", "cpu", "--teacher", "model", "--data", data, "--out", "out"];
        let said =
            stderr(&succeeded(cli(folder, &[&args[..], &SMALL, &["--set", "train.steps=4", "--set", "text.context=64"], more].concat())));
        assert!(!said.contains("left out"), "{said}");
        let last = evaluated(&folder.join("out")).pop().unwrap()["networks"].clone();
        assert!(last.as_array().unwrap().iter().all(|network| network["loss"].as_f64().unwrap() > 0.0));
        fs::remove_dir_all(folder.join("out")).unwrap();
    };
    learned("text.txt", &[]);
    learned("lines.jsonl", &["--set", "task.name=jsonl"]);
    learned("lines.jsonl", &["--set", "task.name=jsonl", "--set", "text.method=minillm"]);
    let said = stderr(&distil(folder, &["--set", "text.context=65", "--out", "out"]));
    assert!(said.contains("the longest texts take 65 tokens and the teacher can look at 64"), "{said}");
}
