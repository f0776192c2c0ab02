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
    refuse(b"prompt,response\na,b\n", &JSONL, &["1 example is left", "at least 2"]);
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

/// A corpus is the same run whatever its texts are packed in, in one file or in several.
#[test]
fn texts_are_read_out_of_jsonl_csv_and_the_files_of_a_folder() {
    let folder = workplace();
    let folder = folder.path();
    let line = |text: &str| format!("{}\n", serde_json::json!({ "id": 1, "text": text }));
    fs::write(folder.join("texts.txt"), "a bab\n\nb a\n".repeat(40)).unwrap();
    fs::write(folder.join("texts.jsonl"), (line("a bab\n") + &line("b a")).repeat(40)).unwrap();
    fs::write(folder.join("texts.csv"), format!("text,id\n{}", "\"a bab\n\",1\nb a,2\n".repeat(40))).unwrap();
    fs::create_dir_all(folder.join("texts/more")).unwrap();
    let part = |name: &str, text: String| fs::write(folder.join("texts").join(name), text).unwrap();
    // What a text lacks of its last line is made up for.
    part("1.txt", "a bab\n\nb a\n".repeat(9) + "a bab\n\nb a");
    part("2.ndjson", (line("a bab\n") + &line("b a")).repeat(10));
    part("3.csv", format!("text\n{}", "\"a bab\n\"\nb a\n".repeat(10)));
    part("4.tsv", format!("text\n{}", "a bab\nb a\n".repeat(10)));
    fs::write(folder.join("whole.txt"), "a bab\n\nb a\n".repeat(30) + &"a bab\nb a\n".repeat(10)).unwrap();
    for name in [".hidden.txt", "README.md"] {
        part(name, "not read".into());
    }
    succeeded(distil(folder, "texts.txt", "txt", &[]));
    for (data, name) in [("texts.jsonl", "jsonl"), ("texts.csv", "csv")] {
        succeeded(distil(folder, data, name, &[]));
        same(&folder.join("txt"), &folder.join(name));
    }
    let said = stderr(&succeeded(distil(folder, "texts", "several", &[])));
    assert!(said.contains("texts (4 files, 1.txt to 4.tsv) is tokenised once"), "{said}");
    succeeded(distil(folder, "whole.txt", "whole", &[]));
    same(&folder.join("whole"), &folder.join("several"));
    // Held in memory, by a student with a tokenizer of its own.
    let own = ["--student", "model"];
    succeeded(distil(folder, "texts", "held", &own));
    succeeded(distil(folder, "whole.txt", "held-whole", &own));
    assert_eq!(metrics(&folder.join("held")), metrics(&folder.join("held-whole")));
    let refuse = |name: &str, text: &str, parts: &[&str]| {
        fs::write(folder.join(name), text).unwrap();
        for more in [&[][..], &own] {
            refused(&distil(folder, name, "no", more), &[&[name], parts].concat());
        }
    };
    refuse("bad.jsonl", "{\"text\": \"a\"}\n{\"text\": 1}\n", &["line 2", "must be a text"]);
    refuse("pairs.jsonl", &lines(), &["line 1", "task.name=jsonl"]);
    refuse("bad.csv", "text,id\na\n", &["line 2", "1 fields"]);
    fs::write(folder.join("texts/0.jsonl"), "{}\n").unwrap();
    refused(&distil(folder, "texts", "no", &[]), &["texts/0.jsonl", "line 1", "column text"]);
    refused(&distil(folder, "texts", "no", &own), &["texts/0.jsonl", "line 1", "column text"]);
    refused(&distil(folder, "texts/more", "no", &[]), &["texts/more", "no text", ".jsonl"]);
    refused(&distil(folder, "texts", "no", &JSONL), &["--data texts", "one file"]);
    assert!(!folder.join("no").exists(), "nothing was begun");
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
