//! The command line as its users meet it: the built binary, on the CPU backend, with few steps.
#![cfg(not(target_family = "wasm"))]

mod chat;
mod checkpoint;
mod corpus;
mod decoder;
mod devices;
mod encoder;
mod hub;
mod inputs;
mod lora;
#[cfg(target_os = "linux")]
mod memory;
mod pooling;
mod python;
#[cfg(feature = "remote")]
mod remote;
mod results;
mod resume;
mod room;
mod rundirs;
mod student;
mod tables;
mod teacher_texts;
mod tensorboard;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A race that takes a fraction of a second.
const TINY: [&str; 8] =
    ["--set", "teacher.source=live", "--set", "teacher.widths=32", "--set", "teacher.steps=40", "--set", "train.steps=60"];

/// The command in a folder, not started.
fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_distillery"));
    command.current_dir(folder).args(args).stdin(Stdio::null());
    // Nothing of this machine's user, and no network.
    command
        .env("DISTILLERY_CACHE", folder.join("tokens"))
        .env("HF_HOME", folder.join("hf"))
        .env("HF_HUB_OFFLINE", "1")
        .env_remove("HF_HUB_CACHE");
    command
}

/// Runs the command to its end. Whatever happens, nothing may panic.
fn cli(folder: &Path, args: &[&str]) -> Output {
    let output = command(folder, args).output().unwrap();
    assert!(!stderr(&output).contains("panicked"), "{args:?} panicked: {}", stderr(&output));
    output
}

/// `run PRESET` with the tiny race on the CPU backend and more arguments.
fn run(folder: &Path, preset: &str, more: &[&str]) -> Output {
    cli(folder, &tiny(preset, more))
}

fn tiny<'a>(preset: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["run", preset, "--device", "cpu"], &TINY[..], more].concat()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn succeeded(output: Output) -> Output {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    output
}

/// The lines of `metrics.jsonl` without what the clock decides.
fn metrics(directory: &Path) -> Vec<Value> {
    let text = fs::read_to_string(directory.join("metrics.jsonl")).unwrap();
    let timeless = |line| {
        let mut value: Value = serde_json::from_str(line).unwrap();
        value.as_object_mut().unwrap().remove("steps_per_second");
        value
    };
    text.lines().map(timeless).collect()
}

/// Takes one of its results from a finished run, so that there is something to go on with.
fn unfinish(directory: &Path) {
    fs::remove_file(directory.join("report.html")).unwrap();
}

/// Both directories hold the same run, to the last bit.
fn assert_same_run(a: &Path, b: &Path) {
    assert_eq!(metrics(a), metrics(b));
    for name in ["student.safetensors", "alone.safetensors", "teacher.safetensors", "experiment.json"] {
        assert!(fs::read(a.join(name)).unwrap() == fs::read(b.join(name)).unwrap(), "{name} differs");
    }
}

/// Steps of the checkpoints of a run, oldest first.
fn checkpoints(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory.join("checkpoints")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
