//! What Python's libraries find in what the program writes, where Python has them: `DISTILLERY_PYTHON` names another interpreter than the system's.
//! Without a library, or the model that a script needs, its test only says so.

use super::*;

/// What a script of tests/reference says, which fails for what it finds wrong; nothing where there is no Python.
pub fn checked(folder: &Path, script: &str, argument: &str) -> Option<String> {
    let python = std::env::var("DISTILLERY_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(script);
    let output = Command::new(python).current_dir(folder).arg(script).arg(argument).output().ok()?;
    let said = stdout(&output);
    assert!(output.status.success() && !said.is_empty(), "{said}{}", stderr(&output));
    println!("{said}");
    Some(said)
}

fn reads_what_the_program_writes(script: &str) {
    let folder = tempfile::tempdir().unwrap();
    checked(folder.path(), script, env!("CARGO_BIN_EXE_distillery"));
}

#[test]
fn transformers_loads_a_distilled_decoder() {
    reads_what_the_program_writes("check_transformers.py");
}

#[test]
fn transformers_loads_distilled_sentence_encoders() {
    reads_what_the_program_writes("check_encoder.py");
}

#[test]
fn transformers_loads_encoders_that_name_labels() {
    reads_what_the_program_writes("check_labels.py");
}

#[test]
fn peft_loads_adapters() {
    reads_what_the_program_writes("check_peft.py");
}
