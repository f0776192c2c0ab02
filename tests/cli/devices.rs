//! Several devices of which each takes its share of a step: here the CPU backend twice (`remote.rs` has devices of other processes).

use super::checkpoint::workplace;
use super::encoder;
use super::*;

fn two_make_the_run_of_one(folder: &Path, run: &[&str]) {
    let shared = ["train.accumulate=2", "train.batch_size=4", "train.steps=6", "train.eval_every=3", "student.layers=2", "text.context=16"];
    let set: Vec<&str> = shared.iter().flat_map(|knob| ["--set", knob]).collect();
    let run = |device: &str, out: &str| succeeded(cli(folder, &[run, &set, &["--device", device, "--out", out]].concat()));
    run("cpu", "one");
    let said = stderr(&run("cpu,cpu", "two"));
    assert!(said.contains("on cpu (burn-flex) and cpu (burn-flex)"), "{said}");
    assert_eq!(metrics(&folder.join("one")), metrics(&folder.join("two")));
    unfinish(&folder.join("two"));
    let again = stderr(&succeeded(cli(folder, &["resume", "two"])));
    assert!(again.contains("and cpu (burn-flex)"), "a run goes on with the devices that it had: {again}");
    let [one, two] = ["one", "two"].map(|run| fs::read(folder.join(run).join("student/model.safetensors")).unwrap());
    assert!(one == two, "the students differ");
}

#[test]
fn adapters_of_a_decoder_learn_on_two_devices_as_on_one() {
    let folder = workplace();
    let adapted = ["run", "smollm2", "--teacher", "model", "--data", "text.txt", "--set", "student.lora_rank=2", "--set", "text.samples=2"];
    two_make_the_run_of_one(folder.path(), &adapted);
}

#[test]
fn a_sentence_encoder_learns_on_two_devices_as_on_one() {
    let folder = tempfile::tempdir().unwrap();
    encoder::teacher(folder.path());
    two_make_the_run_of_one(folder.path(), &["run", "minilm", "--teacher", "teacher", "--data", "text.txt"]);
}
