//! Writes what the page shares with the crate: TypeScript types, the knob table and the presets. The test fails when the committed files are
//! out of date, and `DISTILLERY_GENERATE=1 cargo test --release generated` rewrites them.

use std::path::Path;

use serde_json::{Value, json};
use ts_rs::{Config, TS};

use super::engine::NATIVE;
use super::protocol::{Command, EngineEvent, Reply};
use crate::data::Part;
use crate::eval::study;
use crate::spec::{Divergence, Experiment, knobs, presets};
use crate::train;

fn types() -> String {
    let config = Config::default().with_large_int("number");
    let mut out = String::from("// Generated from the Rust types by src/web/generate.rs. Do not edit.\n");
    macro_rules! declare {
        ($($kind:ty),* $(,)?) => { $(out.push_str(&format!("\nexport {}\n", <$kind>::decl(&config)));)* };
    }
    declare!(
        train::Role,
        train::Phase,
        train::Layers,
        train::NetworkSize,
        train::BitsPerExample,
        train::Summary,
        train::LossParts,
        train::OmittedClass,
        train::Validation,
        train::Evaluation,
        train::TextMeasures,
        train::EncoderMeasures,
        train::SampleView,
        study::Confusion,
        study::Bin,
        study::Seen,
        train::Study,
        train::Calibration,
        train::Dispute,
        train::Pull,
        train::Followed,
        train::WrittenToken,
        train::Writing,
        train::KnownAnswer,
        Divergence,
        train::ModesSpec,
        train::ModeFit,
        train::Surface,
        train::Point,
        train::Outcome,
        train::CohortStudent,
        train::Early,
        train::Flops,
        train::Event,
        EngineEvent,
        Reply,
        Part,
        Command,
        knobs::Kind,
        knobs::Knob,
    );
    out
}

fn knob_table() -> String {
    let base = Experiment::default();
    let rows: Vec<Value> = knobs::TABLE
        .iter()
        .map(|knob| {
            let mut row = serde_json::to_value(knob).expect("plain data");
            row["default"] = json!(knob.get_text(&base));
            row
        })
        .collect();
    format!("{}\n", serde_json::to_string_pretty(&rows).expect("plain data"))
}

fn preset_table() -> String {
    let rows: Vec<Value> = presets::TABLE
        .iter()
        .filter(|preset| !preset.is_native())
        .map(|preset| {
            let experiment = preset.experiment();
            let set: serde_json::Map<_, _> =
                preset.base.iter().chain(preset.set).map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
            let values: serde_json::Map<_, _> = knobs::TABLE.iter().map(|k| (k.key.to_owned(), json!(k.get_text(&experiment)))).collect();
            json!({ "id": preset.id, "help": preset.help, "set": set, "values": values })
        })
        .collect();
    format!("{}\n", serde_json::to_string_pretty(&rows).expect("plain data"))
}

/// Names of the presets that the page does not have.
fn native_presets() -> String {
    let ids: Vec<&str> = presets::TABLE.iter().filter(|preset| preset.is_native()).map(|preset| preset.id).collect();
    format!("{}\n", serde_json::to_string_pretty(&ids).expect("plain data"))
}

/// A knob and a value of it.
type Choice = (&'static str, &'static str);

/// Choices that the engine takes and the controls of the page do not offer: what only a model from a file can learn, and numbers in which
/// browsers do not compute. Encoders that are made here have layers to start from; a decoder's come from a file.
const UNOFFERED: &[(Choice, Option<Choice>)] = &[
    (("encoder.objective", "embeddings"), None),
    (("train.precision", "bf16"), None),
    (("train.precision", "f16"), None),
    (("student.start", "teacher_layers"), Some(("student.kind", "decoder"))),
];

/// Choices of the native program alone; some only `beside` another knob's value.
fn native_choices() -> String {
    let files = NATIVE.iter().map(|&choice| (choice, None));
    let rows: Vec<Value> = files
        .chain(UNOFFERED.iter().copied())
        .map(|((key, value), beside)| {
            let known = matches!(knobs::find(key).expect("a knob").kind, knobs::Kind::Choice { options } if options.contains(&value));
            assert!(known, "{key} has no {value}");
            json!({ "key": key, "value": value, "beside": beside })
        })
        .collect();
    format!("{}\n", serde_json::to_string_pretty(&rows).expect("plain data"))
}

#[test]
fn generated_files_of_the_page_are_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/src/engine/generated");
    let files = [
        ("types.ts", types()),
        ("knobs.json", knob_table()),
        ("presets.json", preset_table()),
        ("native_presets.json", native_presets()),
        ("native_choices.json", native_choices()),
    ];
    for (name, text) in files {
        let path = folder.join(name);
        if std::env::var_os("DISTILLERY_GENERATE").is_some() {
            std::fs::create_dir_all(&folder).expect("the folder can be made");
            std::fs::write(&path, text).expect("the file can be written");
        } else {
            let found = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(found == text, "{name} is out of date: run `DISTILLERY_GENERATE=1 cargo test --release generated`");
        }
    }
}
