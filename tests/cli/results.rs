//! What a run leaves, and what is said about it.

use std::fs;

use distillery::spec::{Experiment, presets};

use super::*;

#[test]
fn a_run_leaves_a_directory_that_tells_all() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let output = succeeded(run(folder, "first-light", &[]));
    let said = stdout(&output);
    for part in ["teacher", "student alone", "student distilled", "1,210", "4.7 KiB", "runs/first-light-seed0-1", "--seeds 5"] {
        assert!(said.contains(part), "`{part}` is missing in: {said}");
    }
    assert!(stderr(&output).contains("step 100/100"), "plain progress without a terminal: {}", stderr(&output));
    let directory = folder.join("runs/first-light-seed0-1");
    let lines = metrics(&directory);
    assert_eq!(lines.first().unwrap()["type"], "opened");
    assert_eq!(lines.last().unwrap()["type"], "finished");
    assert!(lines.iter().all(|line| line["seed"] == 0 && line["total_step"].is_u64()), "each line stands for itself");
    assert_eq!(checkpoints(&directory), ["step-000100.safetensors"]);
    for name in ["student", "alone", "teacher"] {
        let bytes = fs::read(directory.join(format!("{name}.safetensors"))).unwrap();
        assert!(bytes.windows(21).any(|window| window == b"distillery.experiment"), "{name} carries its experiment");
    }
    let card = fs::read_to_string(directory.join("README.md")).unwrap();
    for part in ["distillery run first-light --set teacher.source=live", "| student alone |", "To be filled in", "\"temperature\": 4.0"] {
        assert!(card.contains(part), "`{part}` is missing in the card: {card}");
    }
    let report = fs::read_to_string(directory.join("report.html")).unwrap();
    for part in [
        "of teacher",
        "latency",
        " µs</td>",
        "<svg",
        "prefers-color-scheme",
        "#0072B2",
        "#D55E00",
        "#009E73",
        "stroke-dasharray",
        "1,210",
        "10.24432/C50P49",
        "distillery run first-light --set teacher.source=live",
    ] {
        assert!(report.contains(part), "`{part}` is missing in the report");
    }
    for part in ["<script", "<link", " src=", "@import", "NaN"] {
        assert!(!report.contains(part), "`{part}` in a report that must need nothing else");
    }
    succeeded(run(folder, "first-light", &[]));
    assert!(folder.join("runs/first-light-seed0-2/report.html").exists(), "a second run takes the next number");
    fs::remove_file(directory.join("report.html")).unwrap();
    succeeded(cli(folder, &["report", "runs/first-light-seed0-1"]));
    assert_eq!(fs::read_to_string(directory.join("report.html")).unwrap(), report);
}

#[test]
fn a_run_that_ends_early_says_so_and_keeps_its_best_students() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let knobs = ["train.lr=1", "train.steps=1000", "train.eval_every=5", "train.patience=2"];
    let set: Vec<&str> = knobs.iter().flat_map(|knob| ["--set", knob]).collect();
    let said = stdout(&succeeded(run(folder, "first-light", &[&set[..], &["--keep-best", "2", "--out", "a"]].concat())));
    assert!(said.contains("ended early, at step") && said.contains("of 1,000") && said.contains("Best student:"), "{said}");
    let scores: Vec<Value> = serde_json::from_str(&fs::read_to_string(folder.join("a/best/scores.json")).unwrap()).unwrap();
    let accuracy = |score: &Value| score["accuracy"].as_f64().unwrap();
    assert!(scores.len() == 2 && accuracy(&scores[0]) >= accuracy(&scores[1]), "{scores:?}");
    let lines = metrics(&folder.join("a"));
    let early = &lines.last().unwrap()["early"];
    assert_eq!(early["best_step"], scores[0]["step"]);
    let best = lines.iter().filter(|line| line["type"] == "evaluated").flat_map(|line| line["networks"].as_array().unwrap());
    let best = best.filter(|network| network["role"] == "distilled" && network["step"] != 0).map(accuracy).reduce(f64::max).unwrap();
    assert_eq!(accuracy(&scores[0]), best, "no evaluation was better");
    assert!(folder.join("a").join(scores[1]["folder"].as_str().unwrap()).join("student.safetensors").exists());
    let said = stdout(&succeeded(cli(folder, &["compare", "a"])));
    assert!(!said.contains("not finished"), "{said}");
}

/// What accuracy is a share of is said wherever it stands; and of answers in many words ROUGE-L says which student is the best.
#[test]
fn written_answers_are_said_to_be_as_many_as_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let line = |number: usize| format!("{{\"prompt\": \"say {number}\", \"completion\": \"it is {number}\"}}\n");
    fs::write(folder.join("open.jsonl"), (0..60).map(line).collect::<String>()).unwrap();
    let knobs = [
        "task.name=jsonl",
        "teacher.source=live",
        "teacher.layers=1",
        "teacher.dim=16",
        "teacher.heads=2",
        "teacher.steps=10",
        "student.dim=8",
        "text.context=20",
        "text.sft_steps=0",
        "text.samples=3",
        "train.steps=4",
        "train.batch_size=4",
        "train.eval_every=2",
        "train.validation=0.2",
    ];
    let set: Vec<&str> = knobs.iter().flat_map(|knob| ["--set", knob]).collect();
    let said =
        stdout(&succeeded(run(folder, "grammar", &[&set[..], &["--data", "open.jsonl", "--keep-best", "2", "--out", "a"]].concat())));
    assert!(said.contains("points of accuracy on 3 written answers") && said.contains("chosen by ROUGE-L on 3 validation rows"), "{said}");
    for file in ["a/report.html", "a/README.md"] {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        assert!(text.contains("share of 3 test cases (Wilson)") && text.contains("test examples, 3 written answers"), "{file}: {text}");
    }
    let scores: Vec<Value> = serde_json::from_str(&fs::read_to_string(folder.join("a/best/scores.json")).unwrap()).unwrap();
    let written = |score: &Value| score["validation"]["rouge_l"].as_f64().unwrap();
    assert!(scores.len() == 2 && written(&scores[0]) >= written(&scores[1]), "{scores:?}");
}

/// Without a validation part the test rows choose, and a note says so; with one it decides, and the test rows are measured alone.
#[test]
fn the_best_student_is_chosen_by_what_is_held_out() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let set = ["--set", "train.steps=60", "--set", "train.eval_every=10", "--keep-best", "9"];
    let flattered = succeeded(run(folder, "first-light", &[&set[..], &["--out", "a"]].concat()));
    assert!(stderr(&flattered).contains("train.validation=0.1") && stdout(&flattered).contains("chosen on the test rows"));
    let honest = succeeded(run(folder, "first-light", &[&set[..], &["--set", "train.validation=0.3", "--out", "b"]].concat()));
    assert!(
        !stderr(&honest).contains("train.validation") && stdout(&honest).contains("chosen on 30 validation rows"),
        "{}",
        stdout(&honest)
    );
    let scores: Vec<Value> = serde_json::from_str(&fs::read_to_string(folder.join("b/best/scores.json")).unwrap()).unwrap();
    let held = |score: &Value| (score["validation"]["accuracy"].as_f64().unwrap(), -score["validation"]["loss"].as_f64().unwrap());
    assert!(scores.len() == 6 && scores.windows(2).all(|pair| held(&pair[0]) >= held(&pair[1])), "{scores:?}");
    let refused = run(folder, "first-light", &["--set", "train.validation=0.1", "--set", "task.labels_per_class=1"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("train.validation: leaves nothing"), "{}", stderr(&refused));
}

#[test]
fn a_machine_hears_events_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let output = succeeded(run(folder.path(), "first-light", &["--json", "--out", "a"]));
    let said = stdout(&output);
    let events: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[..3], ["started", "opened", "evaluated"]);
    assert!(kinds.contains(&"progress") && kinds.contains(&"finished"), "{kinds:?}");
    assert_eq!(events[0]["backend"], "cpu");
    assert_eq!(stderr(&output), "");
    let failed = run(folder.path(), "first-light", &["--json", "--out", "a"]);
    let error: Value = serde_json::from_str(stdout(&failed).trim()).unwrap();
    assert_eq!((error["type"].as_str(), error["code"].as_str()), (Some("error"), Some("bad_input")));
}

#[test]
fn seeds_are_paired_and_judged() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let said = stdout(&succeeded(run(folder, "first-light", &["--seeds", "3", "--out", "a", "--set", "seed=5"])));
    assert!(said.contains("95 % interval") && said.contains("3 paired seeds"), "{said}");
    let summary: Value = serde_json::from_str(&fs::read_to_string(folder.join("a/summary.json")).unwrap()).unwrap();
    let seeds = summary["seeds"].as_array().unwrap();
    assert_eq!(seeds.iter().map(|seed| seed["seed"].as_u64().unwrap()).collect::<Vec<_>>(), [5, 6, 7]);
    let gaps: Vec<f64> = seeds
        .iter()
        .map(|seed| {
            let accuracy = |role: &str| seed["networks"][role]["accuracy"].as_f64().unwrap();
            accuracy("distilled") - accuracy("alone")
        })
        .collect();
    let mean = gaps.iter().sum::<f64>() / 3.0;
    let deviation = (gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / 2.0).sqrt();
    // t(0.975, 2) = 4.302653
    let half = 4.302_653 * deviation / 3.0_f64.sqrt();
    assert!((summary["difference"]["mean"].as_f64().unwrap() - mean).abs() < 1e-9);
    assert!((summary["difference"]["half_width"].as_f64().unwrap() - half).abs() < 1e-6);
    let verdict = if mean - half > 0.0 {
        "beats"
    } else if mean + half < 0.0 {
        "worse"
    } else {
        "no_difference"
    };
    assert_eq!(summary["verdict"], verdict);
    let report = fs::read_to_string(folder.join("a/report.html")).unwrap();
    for part in ["3 paired seeds", "<circle", "<polygon", "means over the seeds", "href=\"seed-6/report.html\"", "stroke-dasharray"] {
        assert!(report.contains(part), "`{part}` is missing in the report of the seeds");
    }
    assert!(folder.join("a/seed-6/report.html").exists());

    let alone = stdout(&succeeded(run(folder, "first-light", &["--set", "seed=6", "--json", "--out", "six"])));
    let last: Value = serde_json::from_str(alone.lines().last().unwrap()).unwrap();
    let last = if last["type"] == "checkpoint" { metrics(&folder.join("six")).pop().unwrap() } else { last };
    assert_eq!(last["outcome"]["distilled"], seeds[1]["networks"]["distilled"]["accuracy"], "a seed is a run like any other");

    let json = stdout(&succeeded(run(folder, "first-light", &["--seeds", "2", "--json", "--out", "b"])));
    let events: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.last().unwrap()["type"], "summary");
}

#[test]
fn an_omitted_class_is_in_the_words_and_in_the_summary() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["--seeds", "2", "--out", "a"];
    let said = stdout(&succeeded(run(folder.path(), "omitted-class", &args)));
    assert!(said.contains("recall of omitted"), "{said}");
    let one = stdout(&succeeded(run(folder.path(), "omitted-class", &["--out", "b"])));
    assert!(one.contains("Class 3, which the students never saw"), "{one}");
}

#[test]
fn runs_are_compared_by_knobs_numbers_and_shared_seeds() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeded(run(folder, "first-light", &["--seeds", "2", "--out", "hot"]));
    succeeded(run(folder, "first-light", &["--seeds", "3", "--out", "cold", "--set", "distill.temperature=1"]));
    succeeded(run(folder, "first-light", &["--out", "other", "--set", "task.split_seed=1"]));
    let said = stdout(&succeeded(cli(folder, &["compare", "hot", "cold", "other"])));
    for part in [
        "distill.temperature",
        "task.split_seed",
        "distilled of cold",
        "2 paired seeds",
        "3 paired seeds",
        "other and hot are tested on different rows",
    ] {
        assert!(said.contains(part), "`{part}` is missing in: {said}");
    }
    let json: Value = serde_json::from_str(&stdout(&succeeded(cli(folder, &["compare", "hot", "cold", "--json"])))).unwrap();
    assert_eq!(json["between_runs"][0]["seeds"], serde_json::json!([0, 1]));
    assert_eq!(json["runs"][1]["differs"]["distill.temperature"], "1");
}

/// A student of 16 hidden units takes 2·(64·16 + 16·10) FLOPs a row and three times that in training, the tiny teacher 2·(64·32 + 32·10).
#[test]
fn runs_say_what_their_training_took_and_those_of_before_are_read_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let set = ["--set", "train.steps=20", "--set", "train.eval_every=20", "--out"];
    let said = stdout(&succeeded(run(folder, "first-light", &[&set[..], &["one"]].concat())));
    let lines = metrics(&folder.join("one"));
    let flops = &lines.last().unwrap()["flops"];
    let rows = presets::find("first-light").unwrap().experiment().train.batch_size as f64 * 20.0;
    assert_eq!(flops["alone"].as_f64(), Some(rows * 3.0 * 2.0 * (64.0 * 16.0 + 16.0 * 10.0)));
    assert_eq!(flops["pass"][0].as_f64(), Some(2.0 * (64.0 * 32.0 + 32.0 * 10.0)));
    let [alone, asked] = ["alone", "asked"].map(|what| flops[what].as_f64().unwrap());
    assert_eq!(flops["distilled"].as_f64(), Some(alone + asked));
    assert!(said.contains("Training cost: alone ") && said.contains("4.74 kFLOP of the teacher"), "{said}");
    let report = || fs::read_to_string(folder.join("one/report.html")).unwrap();
    assert!(report().contains("Training cost: alone ") && report().contains("two for each multiply-add"));

    let said = stdout(&succeeded(run(folder, "first-light", &[&set[..], &["two", "--seeds", "2"]].concat())));
    assert!(said.contains("Training cost: alone "), "{said}");
    assert!(fs::read_to_string(folder.join("two/report.html")).unwrap().contains("Training cost: alone "));
    let compared = || stdout(&succeeded(cli(folder, &["compare", "one", "two"])));
    assert!(compared().contains("alone costs") && compared().matches("MFLOP").count() == 4, "{}", compared());
    let json: Value = serde_json::from_str(&stdout(&succeeded(cli(folder, &["compare", "two", "--json"])))).unwrap();
    assert_eq!(json["runs"][0]["flops"]["1"], *flops, "the same for every seed");

    // As they were written before there was a count.
    let kept = fs::read_to_string(folder.join("one/metrics.jsonl")).unwrap();
    let without = |text: &str| {
        let mut value: Value = serde_json::from_str(text).unwrap();
        value.as_object_mut().unwrap().remove("flops");
        value.to_string() + "\n"
    };
    fs::write(folder.join("one/metrics.jsonl"), kept.lines().map(without).collect::<String>()).unwrap();
    let mut summary: Value = serde_json::from_str(&fs::read_to_string(folder.join("two/summary.json")).unwrap()).unwrap();
    for seed in summary["seeds"].as_array_mut().unwrap() {
        seed.as_object_mut().unwrap().remove("flops");
    }
    fs::write(folder.join("two/summary.json"), summary.to_string()).unwrap();
    succeeded(cli(folder, &["report", "one"]));
    assert!(!report().contains("Training cost"));
    assert!(!compared().contains("costs"), "{}", compared());
}

#[test]
fn texts_are_kept_and_those_of_two_runs_fight_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let small =
        ["--set", "train.steps=4", "--set", "train.eval_every=4", "--set", "text.sft_steps=0", "--set", "text.samples=12", "--seeds", "2"];
    succeeded(run(folder, "grammar", &[&small[..], &["--out", "kd"]].concat()));
    succeeded(run(folder, "dpkd", &[&small[..], &["--out", "dpkd"]].concat()));
    let kept = fs::read_to_string(folder.join("kd/seed-1/texts.jsonl")).unwrap();
    let lines: Vec<Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3 * 12, "every network wrote");
    assert!(lines.iter().all(|line| line["prompt"].as_str().is_some_and(|text| text.ends_with('?')) && line["points"].is_f64()), "{kept}");
    let compare = ["compare", "kd", "dpkd", "--measure", "win-rate"];
    let said = stdout(&succeeded(cli(folder, &compare)));
    assert!(said.contains("of 12 texts after the same prompts") && said.contains("2 paired seeds"), "{said}");
    let json: Value = serde_json::from_str(&stdout(&succeeded(cli(folder, &[&compare[..], &["--json"]].concat())))).unwrap();
    assert_eq!((&json["texts"][0]["left"], &json["texts"][0]["seeds"]), (&"dpkd".into(), &serde_json::json!([0, 1])));
    let compare = ["compare", "kd", "dpkd", "--measure", "excess"];
    let said = stdout(&succeeded(cli(folder, &compare)));
    let between = |said: &str| said.lines().any(|line| line.contains("distilled of dpkd") && line.contains("distilled of kd"));
    assert!(between(&said) && said.contains("points of excess error at token 9"), "{said}");
    let file = folder.join("kd/summary.json");
    let kept = fs::read_to_string(&file).unwrap();
    assert!(kept.contains("\"excess_at\": 9"), "{kept}");
    fs::write(&file, kept.replace("\"excess_at\": 9", "\"excess_at\": 8")).unwrap();
    let said = stdout(&succeeded(cli(folder, &compare)));
    assert!(!between(&said), "sums of another number of tokens are no better or worse: {said}");
    let apart = "read up to different tokens: their excess error at token 9 and excess error at token 8 cannot be compared";
    assert!(said.contains(apart), "{said}");
}

#[test]
fn a_teacher_is_written_as_f16_with_its_accuracy_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let args = ["pretrain", "digits", "-o", "teacher.safetensors", "--device", "cpu", "--set", "teacher.steps=60"];
    let said = stdout(&succeeded(cli(folder, &args)));
    assert!(said.contains("64 → 256 → 256 → 10") && said.contains("on 539 test rows after 60 steps"), "{said}");
    let bytes = fs::read(folder.join("teacher.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert!(file.tensors().iter().all(|(_, view)| view.dtype() == safetensors::Dtype::F16));
    assert!((170_004..174_100).contains(&bytes.len()), "two bytes a parameter, and a header: {}", bytes.len());
    let output = cli(folder, &["pretrain", "digits", "-o", "no/such/folder.safetensors", "--device", "cpu", "--set", "teacher.steps=10"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no/such/folder.safetensors"), "{}", stderr(&output));
}

#[test]
fn every_preset_survives_a_file_in_both_formats() {
    for preset in presets::TABLE {
        let experiment = preset.experiment();
        assert_eq!(Experiment::from_json(&experiment.to_json()).unwrap(), experiment, "{} as JSON", preset.id);
        let text = toml::to_string(&experiment).unwrap();
        let tree: Value = toml::from_str(&text).unwrap();
        assert_eq!(Experiment::from_value(tree).unwrap(), experiment, "{} as TOML", preset.id);
    }
}

#[test]
fn a_described_preset_runs_as_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = stdout(&succeeded(cli(folder, &["describe", "first-light"])));
    fs::write(folder.join("mine.toml"), text).unwrap();
    succeeded(run(folder, "mine.toml", &["--out", "file"]));
    succeeded(run(folder, "first-light", &["--out", "preset"]));
    assert_same_run(&folder.join("file"), &folder.join("preset"));
    succeeded(cli(folder, &["run", "file/experiment.json", "--device", "cpu", "--out", "again"]));
    assert_same_run(&folder.join("again"), &folder.join("preset"));
}

#[test]
fn what_there_is_can_be_listed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert!(stdout(&succeeded(cli(folder, &["list"]))).contains("omitted-class"));
    assert!(stdout(&succeeded(cli(folder, &["describe", "knobs"]))).contains("distill.temperature"));
    assert!(stdout(&succeeded(cli(folder, &["describe", "distill.temperature"]))).contains("from 0.5 to 50"));
    assert!(stdout(&succeeded(cli(folder, &["devices"]))).contains("burn-flex"));
    assert!(stdout(&succeeded(cli(folder, &["self-test", "--device", "cpu"]))).contains("passed"));
    for args in [&["list", "--json"][..], &["describe", "knobs", "--json"], &["describe", "seed", "--json"], &["devices", "--json"]] {
        serde_json::from_str::<Value>(&stdout(&succeeded(cli(folder, args)))).unwrap();
    }
}
