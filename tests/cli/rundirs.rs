//! What a run directory remembers: its files, by which runs are told apart and gone on with, and results that nothing takes back.

use std::fs;

use super::checkpoint::{self, refused, workplace};
use super::encoder;
use super::*;

/// A short run of a sentence encoder, with some words of the command in the place of others.
fn distil<'a>(folder: &Path, out: &'a str, swapped: &[(&'a str, &'a str)], more: &[&'a str]) -> String {
    let args = encoder::distil(&[&["--set", "train.steps=10", "--out", out], more].concat());
    let swap = |arg: &&'a str| swapped.iter().find(|(from, _)| from == arg).map_or(*arg, |(_, to)| *to);
    stdout(&succeeded(cli(folder, &args.iter().map(swap).collect::<Vec<_>>())))
}

fn compared(folder: &Path, runs: &[&str]) -> (String, Value) {
    let compare = |more: &[&str]| stdout(&succeeded(cli(folder, &[&["compare"], runs, more].concat())));
    (compare(&[]), serde_json::from_str(&compare(&["--json"])).unwrap())
}

#[test]
fn runs_are_told_apart_by_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    encoder::teacher(folder);
    let text = fs::read_to_string(folder.join("text.txt")).unwrap();
    fs::write(folder.join("other.txt"), text.replace("sat on", "slept beside")).unwrap();
    fs::create_dir(folder.join("copy")).unwrap();
    fs::write(folder.join("copy/text.txt"), &text).unwrap();
    distil(folder, "a", &[], &[]);
    distil(folder, "data", &[("text.txt", "other.txt")], &[]);
    distil(folder, "moved", &[("text.txt", "copy/text.txt")], &["--set", "seed=1"]);
    distil(folder, "again", &[], &[]);
    distil(folder, "taught", &[("teacher", "a/alone")], &[]);

    let (said, json) = compared(folder, &["a", "data"]);
    let parts = ["--data", "text.txt", "other.txt", "data and a are tested on different rows: their similarity to teacher cannot"];
    for part in parts.into_iter().chain(["points of similarity to teacher; one seed"]) {
        assert!(said.contains(part), "`{part}` is missing in: {said}");
    }
    assert!(!said.contains("accuracy"), "{said}");
    assert_eq!((&json["runs"][1]["differs"]["data"], json["between_runs"].as_array().unwrap().len()), (&"other.txt".into(), 0));
    assert_eq!(json["distilled_against_alone"][0]["measure"], "similarity to teacher");

    let (_, json) = compared(folder, &["a", "moved"]);
    let runs = json["runs"].as_array().unwrap();
    assert!(runs.len() == 1 && runs[0]["seeds"].as_object().unwrap().len() == 2, "the same text elsewhere is the same: {json}");

    let (said, json) = compared(folder, &["a", "again", "moved"]);
    assert!(said.contains("again and a are the same experiment on the same files, and both have seed 0"), "{said}");
    assert_eq!(json["runs"].as_array().unwrap().iter().map(|run| run["seeds"].as_object().unwrap().len()).collect::<Vec<_>>(), [2, 1]);

    let (said, json) = compared(folder, &["a", "taught"]);
    assert!(said.contains("--teacher") && said.contains("taught and a are measured against different teachers"), "{said}");
    assert_eq!(json["runs"].as_array().unwrap().len(), 2);

    // Of what is called alike the whole path is shown, of the same path the content.
    fs::write(folder.join("copy/text.txt"), text.replace("sat on", "fell off")).unwrap();
    distil(folder, "changed", &[("text.txt", "copy/text.txt")], &[]);
    let (_, json) = compared(folder, &["a", "changed"]);
    assert!(json["runs"][1]["differs"]["data"].as_str().unwrap().ends_with("copy/text.txt"), "{json}");
    let (_, json) = compared(folder, &["moved", "changed"]);
    let data = |run: usize| json["runs"][run]["differs"]["data"].as_str().unwrap();
    assert!(data(0).ends_with(')') && data(0) != data(1), "{json}");
    refused(&cli(folder, &["compare", "a", "./a"]), &["named twice"]);
}

#[test]
fn a_run_goes_on_with_the_data_that_it_began_with() {
    let folder = workplace();
    let folder = folder.path();
    succeeded(checkpoint::distil(folder, &["--out", "a"]));
    let directory = folder.join("a");
    let text = fs::read_to_string(folder.join("text.txt")).unwrap();
    fs::write(folder.join("text.txt"), text.replace("abba", "abab")).unwrap();
    unfinish(&directory);
    let before = metrics(&directory);
    for _ in 0..2 {
        let output = cli(folder, &["resume", "a"]);
        refused(&output, &["--data", "text.txt", "the data are not those that this run began with", "put them back"]);
        assert!(!stderr(&output).contains("tokenised"), "{}", stderr(&output));
        assert_eq!(metrics(&directory), before, "nothing was overwritten");
        // The second time without a checkpoint.
        let _ = fs::remove_dir_all(directory.join("checkpoints"));
    }
    fs::create_dir(folder.join("elsewhere")).unwrap();
    fs::write(folder.join("elsewhere/mine.txt"), &text).unwrap();
    fs::remove_dir_all(directory.join("student")).unwrap();
    succeeded(cli(folder, &["resume", "a", "--data", "elsewhere/mine.txt"]));
    assert!(fs::read_to_string(directory.join("run.json")).unwrap().contains("elsewhere/mine.txt"));
    assert!(fs::read_to_string(directory.join("student/README.md")).unwrap().contains("--data mine.txt"));
    unfinish(&directory);
    succeeded(cli(folder, &["resume", "a"]));
    assert_eq!(metrics(&directory), before);
}

#[test]
fn the_seeds_of_a_run_have_the_same_data() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    encoder::teacher(folder);
    let whole = distil(folder, "a", &[], &["--seeds", "2"]);
    assert_eq!(stdout(&succeeded(cli(folder, &["resume", "a"]))), whole, "they are finished");
    fs::remove_dir_all(folder.join("a/seed-1")).unwrap();
    let text = fs::read_to_string(folder.join("text.txt")).unwrap();
    fs::write(folder.join("text.txt"), text.replace("sat on", "fell off")).unwrap();
    refused(&cli(folder, &["resume", "a"]), &["text.txt", "not those that this run began with"]);
    assert!(!folder.join("a/seed-1").exists());
    fs::write(folder.join("moved.txt"), text).unwrap();
    assert_eq!(stdout(&succeeded(cli(folder, &["resume", "a", "--data", "moved.txt"]))), whole);
    for run in ["a", "a/seed-1"] {
        assert!(fs::read_to_string(folder.join(run).join("run.json")).unwrap().contains("moved.txt"), "{run}");
    }
}

#[test]
fn a_finished_run_is_only_shown() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    encoder::teacher(folder);
    let said = distil(folder, "a", &[], &[]);
    let directory = folder.join("a");
    let [card, measured] = [directory.join("student/README.md"), directory.join("measured.json")];
    fs::write(&card, "# Mine").unwrap();
    let before = fs::read(&measured).unwrap();
    let kept = || assert!(fs::read_to_string(&card).unwrap() == "# Mine" && fs::read(&measured).unwrap() == before);
    // Nothing has to be there for it.
    fs::rename(folder.join("teacher"), folder.join("away")).unwrap();
    assert_eq!(stdout(&succeeded(cli(folder, &["resume", "a"]))), said);
    let json = stdout(&succeeded(cli(folder, &["resume", "a", "--json"])));
    let events: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        events.iter().map(|event| event["type"].as_str().unwrap()).collect::<Vec<_>>(),
        ["started", "opened", "evaluated", "finished"]
    );
    let noted = stderr(&succeeded(cli(folder, &["resume", "a", "--teacher", "away"])));
    assert!(noted.contains("is finished") && noted.contains("--teacher changes nothing"), "{noted}");
    kept();
    // Nor is what was written by hand lost where there is something left to do.
    unfinish(&directory);
    fs::remove_file(directory.join("alone/model.safetensors")).unwrap();
    assert_eq!(stdout(&succeeded(cli(folder, &["resume", "a", "--teacher", "away"]))), said);
    assert!(directory.join("alone/model.safetensors").exists());
    kept();
}

#[test]
fn where_a_run_cannot_go_is_known_before_anything_is_read() {
    let folder = workplace();
    let folder = folder.path();
    fs::write(folder.join("file"), b"").unwrap();
    fs::create_dir_all(folder.join("my run/checkpoints")).unwrap();
    let cached = ["--set", "distill.access=top_k", "--set", "distill.top_k=4", "--teacher-cache", "words"];
    for more in [&cached[..], &["--seeds", "2"]] {
        let refuse = |out: &str, parts: &[&str]| refused(&checkpoint::distil(folder, &[more, &["--out", out]].concat()), parts);
        refuse("file", &["cannot write file", "is a file", "choose another --out"]);
        refuse("my run", &["my run holds a run already", "choose another --out", "`distillery resume 'my run'`"]);
    }
    assert!(!folder.join("tokens").exists() && !folder.join("words").exists(), "nothing was tokenised, and no teacher asked");
}

#[test]
fn commands_can_be_pasted() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    encoder::teacher(folder);
    fs::rename(folder.join("text.txt"), folder.join("it's my text.txt")).unwrap();
    distil(folder, "my run", &[("text.txt", "it's my text.txt")], &[]);
    let card = fs::read_to_string(folder.join("my run/student/README.md")).unwrap();
    assert!(card.contains(r"--data 'it'\''s my text.txt' --teacher teacher"), "{card}");
    refused(&cli(folder, &["run", "my run"]), &["`distillery resume 'my run'`", "`distillery run 'my run/experiment.json'`"]);
}
