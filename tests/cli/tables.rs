//! Data in tables. `tests/reference/tables.py` wrote the Parquet files, with pyarrow.

use super::checkpoint::{SMALL, refused, same, workplace};
use super::*;

fn fixture(name: &str) -> String {
    format!("{}/tests/reference/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn distil(folder: &Path, data: &str, out: &str, more: &[&str]) -> Output {
    let args = ["run", "smollm2", "--device", "cpu", "--teacher", "model", "--data", data, "--out", out];
    cli(folder, &[&args[..], &SMALL, &["--set", "train.steps=2"], more].concat())
}

const JSONL: [&str; 2] = ["--set", "task.name=jsonl"];

/// The examples of all files of instructions.
fn lines() -> String {
    let line = |prompt: &str, response: &str| format!("{}\n", serde_json::json!({ "prompt": prompt, "completion": response }));
    [line("ab", "ba a"), line("b", "a\nbb"), line("a a", "b")].concat().repeat(4)
}

#[test]
fn csv_is_read_as_the_same_lines_of_json() {
    let folder = workplace();
    let folder = folder.path();
    fs::write(folder.join("pairs.jsonl"), lines()).unwrap();
    fs::write(folder.join("pairs.csv"), format!("response,prompt\n{}", "ba a,ab\n\"a\nbb\",b\nb,a a\n".repeat(4))).unwrap();
    succeeded(distil(folder, "pairs.jsonl", "a", &JSONL));
    succeeded(distil(folder, "pairs.csv", "b", &JSONL));
    same(&folder.join("a"), &folder.join("b"));
    let refuse = |text: &[u8], more: &[&str], parts: &[&str]| {
        fs::write(folder.join("bad.csv"), text).unwrap();
        refused(&distil(folder, "bad.csv", "no", more), &[&["bad.csv"], parts].concat());
    };
    refuse(b"", &JSONL, &["line 1", "empty", "prompt and response"]);
    refuse(b"ask,say\na,b\n", &JSONL, &["line 1", "\"ask\""]);
    refuse(b"prompt,response\na,b\n", &JSONL, &["1 examples are left", "at least 2"]);
    refuse(b"prompt,response\n\"a\nb\",b\n,a\n", &JSONL, &["line 4", "\"prompt\" is empty"]);
    refuse(b"prompt,response\na,b\na,\xff\n", &JSONL, &["line 3", "UTF-8"]);
    refuse(b"prompt,response\na,b\na,b\n", &[], &["task.name=jsonl"]);
    assert!(!folder.join("no").exists(), "nothing was begun");
}

#[test]
fn parquet_is_read_as_the_same_lines_of_json_and_the_same_text() {
    let folder = workplace();
    let folder = folder.path();
    fs::write(folder.join("pairs.jsonl"), lines()).unwrap();
    succeeded(distil(folder, "pairs.jsonl", "jsonl", &JSONL));
    succeeded(distil(folder, &fixture("pairs.parquet"), "pairs", &JSONL));
    same(&folder.join("jsonl"), &folder.join("pairs"));
    // Without ChatML a chat has the name of the role before the prompt.
    let chat = |prompt: &str, response: &str| {
        let message = |role: &str, content: &str| serde_json::json!({ "role": role, "content": content });
        format!("{}\n", serde_json::json!({ "messages": [message("user", prompt), message("assistant", response)] }))
    };
    fs::write(folder.join("chat.jsonl"), [chat("ab", "ba a"), chat("b", "a\nbb"), chat("a a", "b")].concat().repeat(4)).unwrap();
    succeeded(distil(folder, "chat.jsonl", "chat", &JSONL));
    succeeded(distil(folder, &fixture("messages.parquet"), "messages", &JSONL));
    same(&folder.join("chat"), &folder.join("messages"));
    fs::write(folder.join("texts.txt"), "a bab\n\nb a\n".repeat(40)).unwrap();
    succeeded(distil(folder, "texts.txt", "txt", &[]));
    succeeded(distil(folder, &fixture("texts.parquet"), "texts", &[]));
    same(&folder.join("txt"), &folder.join("texts"));
    // Held in memory, by a student with a tokenizer of its own.
    let own = ["--student", "model", "--set", "task.name=jsonl"];
    succeeded(distil(folder, "pairs.jsonl", "own-jsonl", &own));
    succeeded(distil(folder, &fixture("pairs.parquet"), "own-pairs", &own));
    assert_eq!(metrics(&folder.join("own-jsonl")), metrics(&folder.join("own-pairs")));
}

#[test]
fn what_is_wrong_with_parquet_is_said_with_its_column_or_row() {
    let folder = workplace();
    let folder = folder.path();
    let refuse = |data: &str, more: &[&str], parts: &[&str]| refused(&distil(folder, data, "no", more), parts);
    refuse(&fixture("pairs.parquet"), &[], &["pairs.parquet", "column text", "\"score\"", "task.name=jsonl"]);
    refuse(&fixture("texts.parquet"), &JSONL, &["texts.parquet", "from messages", "prompt and response", "[\"text\"]"]);
    refuse(&fixture("lz4.parquet"), &[], &["lz4.parquet", "column text", "LZ4", "zstd"]);
    let whole = fs::read(fixture("pairs.parquet")).unwrap();
    fs::write(folder.join("half.parquet"), &whole[..whole.len() / 2]).unwrap();
    refuse("half.parquet", &JSONL, &["half.parquet", "not the whole"]);
    fs::write(folder.join("no.parquet"), lines()).unwrap();
    refuse("no.parquet", &JSONL, &["no.parquet", "no Parquet file"]);
    refuse("missing.parquet", &JSONL, &["missing.parquet"]);
    assert!(!folder.join("no").exists(), "nothing was begun");
}
