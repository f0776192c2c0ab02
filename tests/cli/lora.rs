//! Students of which adapters alone learn (LoRA): decoders and encoders, stopped and gone on with, merged at the end.

use distillery::model::decode;

use super::checkpoint::{distil, evaluated, refused, same, workplace};
use super::encoder;
use super::resume::{begin_with, kill};
use super::student::{rounded, stopped_and_resumed};
use super::*;

const LORA: [&str; 4] = ["--set", "student.lora_rank=2", "--set", "student.lora_alpha=4"];

fn size(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

#[test]
fn adapters_alone_learn_and_are_merged_into_the_student() {
    let folder = workplace();
    let folder = folder.path();
    rounded(folder, "small", 2);
    let run = |more: &[&str]| succeeded(distil(folder, &[&["--student", "small"], more].concat()));
    run(&["--out", "full"]);
    let said = stderr(&run(&[&LORA[..], &["--out", "whole"]].concat()));
    assert!(said.contains("adapters (LoRA): 576 parameters of each student learn"), "{said}");
    let [full, whole] = ["full", "whole"].map(|name| folder.join(name));

    let at = |directory: &Path, index: usize| evaluated(directory)[index]["networks"].clone();
    assert_eq!(at(&full, 0), at(&whole, 0), "with adapters that add nothing yet the students are the checkpoint");
    for student in [1, 2] {
        let loss = |networks: &Value| networks[student]["loss"].as_f64().unwrap();
        assert!(loss(&at(&whole, 2)) < loss(&at(&whole, 0)), "student {student} learned nothing");
    }

    let weights = |path: &Path| decode(&fs::read(path).unwrap()).unwrap();
    let (mut before, mut after) = (weights(&folder.join("small/model.safetensors")), weights(&whole.join("student/model.safetensors")));
    let mut adapter = weights(&whole.join("student/adapter/adapter_model.safetensors"));
    for (name, shape) in [("model.embed_tokens.weight", &[4224, 12][..]), ("model.layers.0.input_layernorm.weight", &[12])] {
        assert!(before.take(name, shape).unwrap() == after.take(name, shape).unwrap(), "{name} is frozen");
    }
    // W + α/r·B·A in the numbers of the files, of a matrix that stands in a larger one.
    let module = "model.layers.1.self_attn.v_proj";
    let [old, new] = [&mut before, &mut after].map(|file| file.take(&format!("{module}.weight"), &[12, 12]).unwrap());
    let a = adapter.take(&format!("base_model.model.{module}.lora_A.weight"), &[2, 12]).unwrap();
    let b = adapter.take(&format!("base_model.model.{module}.lora_B.weight"), &[12, 2]).unwrap();
    assert!(b.iter().any(|value| *value != 0.0), "the adapter learned nothing");
    for (at, (old, new)) in old.iter().zip(&new).enumerate() {
        let (row, column) = (at / 12, at % 12);
        let expected = old + 4.0 / 2.0 * (b[2 * row] * a[column] + b[2 * row + 1] * a[12 + column]);
        assert!((new - expected).abs() < 1e-6, "{module}[{row}, {column}] is {new} instead of {expected}");
    }

    let checkpoint = |directory: &Path| size(&directory.join("checkpoints/step-000008.safetensors"));
    assert!(checkpoint(&whole) * 20 < checkpoint(&full), "{} bytes of {}", checkpoint(&whole), checkpoint(&full));
    run(&[&LORA[..], &["--out", "stopped"]].concat());
    stopped_and_resumed(folder, "stopped");
    same(&folder.join("stopped"), &whole);
}

/// The teacher first learns to foretell masked words, so that what is frozen under the adapters is in no file but the checkpoint.
#[test]
fn an_encoder_with_adapters_goes_on_as_if_it_was_never_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    encoder::teacher(folder);
    let masked = ["encoder.objective=masked", "encoder.adapt_steps=20", "train.steps=300", "student.lora_targets=attention"];
    let set: Vec<&str> = masked.iter().flat_map(|knob| ["--set", knob]).collect();
    let knobs = [&set[..], &LORA, &["--checkpoint-every", "10"]].concat();
    let said = stderr(&succeeded(cli(folder, &encoder::distil(&[&knobs[..], &["--out", "whole"]].concat()))));
    // Two layers, qkv 16 × 48 and out 16 × 16.
    assert!(said.contains("adapters (LoRA): 384 parameters"), "{said}");
    kill(begin_with(folder, &encoder::distil(&[&knobs[..], &["--json", "--out", "stopped"]].concat()), 3));
    assert!(!folder.join("stopped/student").exists());
    succeeded(cli(folder, &["resume", "stopped"]));
    assert_eq!(metrics(&folder.join("whole")), metrics(&folder.join("stopped")));
    let [a, b] = ["whole", "stopped"].map(|run| fs::read(folder.join(run).join("student/model.safetensors")).unwrap());
    assert!(a == b, "the students differ");
}

#[test]
fn adapters_without_a_checkpoint_are_refused() {
    let folder = workplace();
    let folder = folder.path();
    refused(&distil(folder, &["--set", "student.start=random", "--set", "student.lora_rank=4"]), &["student.lora_rank", "teacher_layers"]);
    refused(&run(folder, "first-light", &["--set", "student.lora_rank=4"]), &["student.lora_rank", "checkpoint"]);
    refused(&distil(folder, &["--set", "student.lora_rank=4000"]), &["student.lora_rank", "1024"]);
    refused(&distil(folder, &["--set", "student.lora_targets=head"]), &["feed_forward"]);
}

/// Where Python has the libraries; `DISTILLERY_PYTHON` names another interpreter than the system's.
#[test]
fn peft_reads_the_adapters_and_gives_the_logits_of_the_merged_student() {
    let python = std::env::var("DISTILLERY_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/check_peft.py");
    let Ok(output) = Command::new(python).args([script, env!("CARGO_BIN_EXE_distillery")]).output() else { return };
    let said = stdout(&output);
    assert!(output.status.success() && (said.contains("gpt2-feed_forward") || said.starts_with("SKIPPED")), "{said}{}", stderr(&output));
}
