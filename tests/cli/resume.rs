//! Runs that are killed, stopped, damaged or out of space, and go on.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use super::*;

const LONG: [&str; 4] = ["--set", "train.steps=3000", "--checkpoint-every", "40"];

/// Starts a long race in `name` and waits for the checkpoint of that number. The process cannot run ahead: its pipe is not read any more.
fn begin(folder: &Path, name: &str, checkpoint: usize) -> Child {
    begin_with(folder, &tiny("first-light", &[&LONG[..], &["--json", "--out", name]].concat()), checkpoint)
}

/// The same with any arguments, `--json` among them.
pub fn begin_with(folder: &Path, args: &[&str], checkpoint: usize) -> Child {
    let mut child = command(folder, args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let seen = lines.map_while(Result::ok).filter(|line| line.contains("\"type\":\"checkpoint\"")).take(checkpoint).count();
    assert_eq!(seen, checkpoint, "the run ended before it was killed");
    child
}

pub fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The same race without a stop.
fn uninterrupted(folder: &Path) {
    succeeded(run(folder, "first-light", &[&LONG[..], &["--out", "whole"]].concat()));
}

#[test]
fn a_killed_run_resumes_to_the_very_same_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    uninterrupted(folder);
    for (name, checkpoint) in [("in-teacher-phase", 1), ("in-student-phase", 5)] {
        kill(begin(folder, name, checkpoint));
        let directory = folder.join(name);
        assert!(!directory.join("student.safetensors").exists());
        let said = stdout(&succeeded(cli(folder, &["resume", name])));
        assert!(said.contains("student distilled"), "{said}");
        assert_same_run(&directory, &folder.join("whole"));
        assert_eq!(checkpoints(&directory).len(), 3, "only the newest are kept");
    }
}

/// `kill -9` at five steps, drawn from a fixed seed, in one and the same run, which has all that a checkpoint must remember: gradients
/// of several micro-batches, early stopping, best students.
#[test]
fn a_run_that_is_killed_five_times_ends_as_if_it_never_was() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // Frequent events fill the pipe early: a killed process is at most some hundred steps ahead of what was read.
    let knobs = ["train.steps=4000", "train.accumulate=2", "train.batch_size=32", "train.eval_every=10", "train.patience=200"];
    let set: Vec<&str> = knobs.iter().flat_map(|knob| ["--set", knob]).collect();
    let more = [&set[..], &["--checkpoint-every", "30", "--keep-best", "2"]].concat();
    killed_five_times(folder, &tiny("first-light", &more), 300, "student.safetensors");
}

/// Runs `args` once to its end, and once with a kill in each of five spans of so many steps, which must make no difference. `student` is what an
/// ended run leaves.
pub fn killed_five_times(folder: &Path, args: &[&str], span: u32, student: &str) {
    succeeded(cli(folder, &[args, &["--out", "whole"]].concat()));
    let mut random = 20_261_127_u32;
    let mut command_line = [args, &["--json", "--out", "a"]].concat().into_iter().map(String::from).collect::<Vec<_>>();
    for round in 0..5 {
        // Marsaglia's xorshift.
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        let goal = u64::from(round * span + random % span);
        let args: Vec<&str> = command_line.iter().map(String::as_str).collect();
        let mut child = command(folder, &args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines().map_while(Result::ok);
        let reached = lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok()?["total_step"].as_u64()).find(|step| *step >= goal);
        assert!(reached.is_some(), "the run ended before step {goal}");
        kill(child);
        assert!(!folder.join("a").join(student).exists(), "it had come to its end when it was killed");
        command_line = ["resume", "a", "--json"].map(String::from).into();
    }
    succeeded(cli(folder, &["resume", "a"]));
    let (a, whole) = (folder.join("a"), folder.join("whole"));
    assert_eq!(metrics(&a), metrics(&whole));
    assert!(fs::read(a.join(student)).unwrap() == fs::read(whole.join(student)).unwrap(), "the students differ");
    let best = |directory: &Path| fs::read_to_string(directory.join("best/scores.json")).unwrap();
    assert_eq!(best(&a), best(&whole));
}

#[test]
fn a_run_killed_before_its_first_checkpoint_starts_anew() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    uninterrupted(folder);
    kill(begin(folder, "a", 1));
    fs::remove_dir_all(folder.join("a/checkpoints")).unwrap();
    succeeded(cli(folder, &["resume", "a"]));
    assert_same_run(&folder.join("a"), &folder.join("whole"));
}

#[test]
fn a_torn_line_and_a_damaged_checkpoint_are_mended() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    uninterrupted(folder);
    kill(begin(folder, "a", 4));
    let directory = folder.join("a");
    let newest = directory.join("checkpoints").join(checkpoints(&directory).pop().unwrap());
    let bytes = fs::read(&newest).unwrap();
    fs::write(&newest, &bytes[..bytes.len() / 2]).unwrap();
    let mut text = fs::read_to_string(directory.join("metrics.jsonl")).unwrap();
    text.push_str("{\"type\":\"progr");
    fs::write(directory.join("metrics.jsonl"), text).unwrap();
    let output = succeeded(cli(folder, &["resume", "a"]));
    assert!(stderr(&output).contains("trying the checkpoint before it"), "{}", stderr(&output));
    assert_same_run(&directory, &folder.join("whole"));
}

#[test]
fn when_no_checkpoint_can_be_read_nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeded(run(folder, "first-light", &["--out", "a"]));
    unfinish(&folder.join("a"));
    let before = metrics(&folder.join("a"));
    for name in checkpoints(&folder.join("a")) {
        fs::write(folder.join("a/checkpoints").join(name), b"no checkpoint at all").unwrap();
    }
    let output = cli(folder, &["resume", "a"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("delete the folder checkpoints/"), "{}", stderr(&output));
    assert_eq!(metrics(&folder.join("a")), before);
}

#[test]
fn a_finished_run_resumes_to_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeded(run(folder, "first-light", &["--out", "a"]));
    succeeded(run(folder, "first-light", &["--out", "b"]));
    fs::remove_file(folder.join("a/student.safetensors")).unwrap();
    let said = stdout(&succeeded(cli(folder, &["resume", "a", "--json"])));
    assert!(said.lines().last().unwrap().contains("\"type\":\"finished\""), "{said}");
    assert_same_run(&folder.join("a"), &folder.join("b"));
}

#[test]
fn an_experiment_that_was_changed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeded(run(folder, "first-light", &["--out", "a"]));
    let path = folder.join("a/experiment.json");
    let text = fs::read_to_string(&path).unwrap().replace("\"temperature\": 4.0", "\"temperature\": 2.0");
    fs::write(&path, text).unwrap();
    let output = cli(folder, &["resume", "a"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("changed after the run began"), "{}", stderr(&output));
}

#[test]
fn seeds_go_on_where_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let whole = stdout(&succeeded(run(folder, "first-light", &["--seeds", "3", "--out", "a"])));
    for name in ["summary.json", "report.html"] {
        fs::remove_file(folder.join("a").join(name)).unwrap();
    }
    fs::remove_dir_all(folder.join("a/seed-2")).unwrap();
    fs::remove_file(folder.join("a/seed-1/report.html")).unwrap();
    assert_eq!(cli(folder, &["report", "a"]).status.code(), Some(2), "there is nothing to report yet");
    assert_eq!(cli(folder, &["compare", "a"]).status.code(), Some(2), "there is nothing to compare yet");
    assert_eq!(stdout(&succeeded(cli(folder, &["resume", "a"]))), whole);
}

#[cfg(unix)]
mod unix {
    use std::process::Command;

    use super::*;

    /// Of the terminal, and of whatever runs jobs.
    #[test]
    fn a_signal_saves_a_checkpoint_and_says_how_to_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        uninterrupted(folder);
        for signal in ["INT", "TERM"] {
            let args = tiny("first-light", &[&LONG[..], &["--json", "--out", signal]].concat());
            let mut child = command(folder, &args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            lines.by_ref().map_while(Result::ok).find(|line| line.contains("\"total_step\":100,")).unwrap();
            assert!(Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap().success());
            let last = lines.map_while(Result::ok).last().unwrap();
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(130));
            assert!(stderr(&output).contains(&format!("go on with: distillery resume {signal}")), "{}", stderr(&output));
            assert!(last.contains("\"code\":\"interrupted\""), "{last}");
            succeeded(cli(folder, &["resume", signal]));
            assert_same_run(&folder.join(signal), &folder.join("whole"));
        }
    }

    /// `distillery run ... --json | head`, or a program behind the pipe that has died.
    #[test]
    fn a_run_whose_reader_has_gone_saves_and_is_no_success() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        uninterrupted(folder);
        let args = tiny("first-light", &[&LONG[..], &["--json", "--out", "a"]].concat());
        let mut child = command(folder, &args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        lines.by_ref().map_while(Result::ok).find(|line| line.contains("\"total_step\":100,")).unwrap();
        drop(lines);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(stderr(&output).contains("distillery resume a"), "{}", stderr(&output));
        assert!(folder.join("a/checkpoints").read_dir().unwrap().count() > 0, "what was trained is there");
        succeeded(cli(folder, &["resume", "a"]));
        assert_same_run(&folder.join("a"), &folder.join("whole"));
    }

    #[test]
    fn a_full_disk_leaves_the_last_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        // The default teacher: its checkpoint takes a megabyte, far more than the limit below and the metrics.
        let args = ["--set", "teacher.widths=256,256", "--set", "train.steps=300", "--checkpoint-every", "50"];
        succeeded(run(folder, "first-light", &[&args[..], &["--out", "whole"]].concat()));
        let args = tiny("first-light", &[&args[..], &["--json", "--out", "a"]].concat());
        let mut child = command(folder, &args).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        lines.map_while(Result::ok).find(|line| line.contains("\"type\":\"checkpoint\"")).unwrap();
        kill(child);
        let before = checkpoints(&folder.join("a"));
        // A file size limit is the full disk that a test can have.
        let limited = Command::new("sh")
            .current_dir(folder)
            .args(["-c", "trap '' XFSZ; ulimit -f 800; exec \"$0\" resume a", env!("CARGO_BIN_EXE_distillery")])
            .output()
            .unwrap();
        let said = stderr(&limited);
        assert_eq!(limited.status.code(), Some(1), "{said}");
        for part in ["cannot write", "checkpoints/step-", "free some space", "is safe", "distillery resume a"] {
            assert!(said.contains(part), "`{part}` is missing in: {said}");
        }
        assert_eq!(checkpoints(&folder.join("a")), before, "the old checkpoint survives, and nothing half-written stays");
        succeeded(cli(folder, &["resume", "a"]));
        assert_same_run(&folder.join("a"), &folder.join("whole"));
    }
}
