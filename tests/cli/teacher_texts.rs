//! What the teacher writes for SeqKD is kept: asked for once, by no `resume` and no other run again.

use std::collections::BTreeSet;

use super::checkpoint::{distil, model, refused, same, workplace};
use super::*;

const KEPT: &str = "teacher_texts.jsonl";

fn written(folder: &Path, out: &str, more: &[&str]) -> Output {
    distil(folder, &[&["--set", "text.method=seq_kd", "--out", out], more].concat())
}

/// Leaves the first checkpoint of a run and takes a result away.
fn stopped_early(run: &Path) {
    for checkpoint in checkpoints(run).iter().skip(1) {
        fs::remove_file(run.join("checkpoints").join(checkpoint)).unwrap();
    }
    unfinish(run);
}

#[test]
fn a_run_that_goes_on_reads_what_the_teacher_wrote_before() {
    let folder = workplace();
    let folder = folder.path();
    succeeded(written(folder, "whole", &[]));
    succeeded(written(folder, "again", &[]));
    let (whole, again) = (folder.join("whole"), folder.join("again"));
    let kept = fs::read_to_string(whole.join(KEPT)).unwrap();
    let texts = kept.lines().count() - 1;
    assert!(texts >= 8 && texts.is_multiple_of(8), "a header, then groups of texts: {texts}");
    stopped_early(&again);
    // As a kill in the middle of a line leaves it.
    fs::write(again.join(KEPT), format!("{kept}{{\"exam")).unwrap();
    let said = stderr(&succeeded(cli(folder, &["resume", "again"])));
    assert!(said.contains(&format!("{texts} texts of the teacher are taken from")), "{said}");
    assert!(said.contains(&format!("line {} is torn", texts + 2)), "{said}");
    assert_eq!(fs::read_to_string(again.join(KEPT)).unwrap(), kept, "nothing was asked for twice");
    same(&whole, &again);

    let damaged = kept.replacen("\"example\"", "\"ex", 1);
    stopped_early(&again);
    fs::write(again.join(KEPT), &damaged).unwrap();
    refused(&cli(folder, &["resume", "again"]), &[KEPT, "line 2: it is no text", "delete this one"]);
    assert_eq!(fs::read_to_string(again.join(KEPT)).unwrap(), damaged, "it is left as it is");
    // A run that began before texts were kept.
    fs::remove_file(again.join(KEPT)).unwrap();
    succeeded(cli(folder, &["resume", "again"]));
    same(&whole, &again);

    succeeded(written(folder, "kd", &["--set", "text.method=token_kd"]));
    assert!(!folder.join("kd").join(KEPT).exists(), "there is nothing to keep");
}

#[test]
fn another_run_learns_from_the_texts_of_a_file() {
    let folder = workplace();
    let folder = folder.path();
    let shared = |out: &str, more: &[&str]| written(folder, out, &[&["--teacher-texts", "words.jsonl"], more].concat());
    let words = folder.join("words.jsonl");
    succeeded(shared("first", &[]));
    let kept = fs::read_to_string(&words).unwrap();
    assert!(!folder.join("first").join(KEPT).exists(), "they are in one place");
    let said = stderr(&succeeded(shared("second", &["--set", "student.layers=1"])));
    assert!(said.contains("texts of the teacher are taken from") && fs::read_to_string(&words).unwrap() == kept, "{said}");
    // Of half of it the rest is asked for.
    fs::write(&words, &kept[..kept.len() / 2]).unwrap();
    succeeded(shared("half", &[]));
    // Those that are there are not asked for, so that others may come sooner.
    let sorted = |text: &str| text.lines().map(String::from).collect::<BTreeSet<_>>();
    assert_eq!(sorted(&fs::read_to_string(&words).unwrap()), sorted(&kept), "the same texts, whenever they were asked for");
    same(&folder.join("first"), &folder.join("half"));
    stopped_early(&folder.join("half"));
    succeeded(cli(folder, &["resume", "half"]));
    same(&folder.join("first"), &folder.join("half"));
    // What is in the file is what is learned from.
    fs::write(folder.join("others.jsonl"), kept.replace("\"tokens\":[", "\"tokens\":[1,1,").replace(",4100]", "]")).unwrap();
    let others = written(folder, "others", &["--teacher-texts", "others.jsonl", "--set", "text.context=16"]);
    refused(&others, &["others.jsonl", "line 2: it has", "there is room for 14"]);
    let one = |line: &str| {
        if line.contains("\"tokens\"") { line.split(",\"tokens\"").next().unwrap().to_owned() + ",\"tokens\":[1]}" } else { line.into() }
    };
    fs::write(folder.join("others.jsonl"), kept.lines().map(|line| one(line) + "\n").collect::<String>()).unwrap();
    succeeded(written(folder, "others", &["--teacher-texts", "others.jsonl"]));
    assert_ne!(metrics(&folder.join("first")), metrics(&folder.join("others")));

    refused(&shared("no", &["--set", "text.sampling_temperature=0.5"]), &["words.jsonl", "text.sampling_temperature=1, which is 0.5 here"]);
    refused(&shared("no", &["--set", "seed=5"]), &["words.jsonl", "drawn by seed=0, which is 5 here"]);
    refused(&shared("no", &["--set", "text.context=8"]), &["words.jsonl", "other data"]);
    refused(&shared("no", &["--set", "text.method=token_kd"]), &["text.method", "seq_kd alone"]);
    refused(&shared("no", &["--seeds", "2"]), &["words.jsonl", "--seeds 2", "in its directory"]);
    fs::write(&words, kept.replacen("\"turn\":0", "\"turn\":", 1)).unwrap();
    refused(&shared("no", &[]), &["words.jsonl", "line 2: it is no text"]);
    fs::write(&words, &kept).unwrap();
    model(folder, "other", 2);
    fs::rename(folder.join("model"), folder.join("mine")).unwrap();
    fs::rename(folder.join("other"), folder.join("model")).unwrap();
    refused(&shared("no", &[]), &["words.jsonl", "another teacher"]);
    assert!(fs::read_to_string(&words).unwrap() == kept && !folder.join("no").exists(), "nothing was overwritten, nothing begun");
}
