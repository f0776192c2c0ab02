//! What a link, a file or a command line may say, and what it is told when it is wrong.

use super::knobs::{self, Kind};
use super::{Experiment, SpecError, VERSION, presets};
use crate::device::testing::test;
use proptest::prelude::*;

/// A text that the knob takes and that is not its default.
fn other_value(knob: &knobs::Knob) -> String {
    let default = knob.get_text(&Experiment::default());
    let candidates = match knob.kind {
        Kind::Choice { options } => options.iter().map(|o| (*o).to_owned()).collect(),
        Kind::Int { min, max, .. } => vec![min.to_string(), max.to_string()],
        Kind::Float { min, max, .. } => vec![min.to_string(), max.to_string()],
        Kind::Bool => vec!["true".into(), "false".into()],
        Kind::Widths { .. } => vec!["none".into(), "7".into()],
        Kind::Points { .. } => vec!["none".into(), "0.5_-0.25_3,0_0.125_1".into()],
    };
    candidates.into_iter().find(|text| *text != default).expect("a knob has two values")
}

#[test]
fn every_knob_is_a_field_that_can_be_read_and_set() {
    for knob in knobs::TABLE {
        let mut experiment = Experiment::default();
        let text = other_value(knob);
        knob.set_text(&mut experiment, &text).unwrap_or_else(|error| panic!("{}: {error}", knob.key));
        assert_eq!(knob.get_text(&experiment), text, "{} reads back what was set", knob.key);
        assert_eq!(experiment.differences().len(), 1, "{} changes nothing else", knob.key);
    }
}

#[test]
fn every_field_is_a_knob() {
    fn leaves(value: &serde_json::Value, path: &str, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(map) => {
                for (key, value) in map {
                    leaves(value, &if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, found);
                }
            }
            _ => found.push(path.into()),
        }
    }
    let mut found = Vec::new();
    leaves(&serde_json::to_value(Experiment::default()).unwrap(), "", &mut found);
    found.retain(|key| key != "version" && key != "preset");
    for key in &found {
        assert!(knobs::find(key).is_ok(), "{key} has no row in the knob table: it cannot be set from a link or a command line");
    }
    assert_eq!(found.len(), knobs::TABLE.len());
}

#[test]
fn needs_name_existing_knobs_and_values() {
    for (knob, (key, values)) in knobs::TABLE.iter().flat_map(|knob| knob.needs.iter().chain(knob.or_needs).map(move |need| (knob, need))) {
        let Kind::Choice { options } = knobs::find(key).expect("an existing knob").kind else { panic!("{key} is no choice") };
        assert!(values.iter().all(|value| options.contains(value)), "{} needs a value that {key} cannot have", knob.key);
    }
}

#[test]
fn every_preset_is_valid_and_survives_its_file_and_its_link() {
    for preset in presets::TABLE {
        let experiment = preset.experiment();
        experiment.validate().unwrap_or_else(|error| panic!("{}: {error}", preset.id));
        assert_eq!(Experiment::from_json(&experiment.to_json()).unwrap(), experiment, "{}: JSON", preset.id);
        assert!(experiment.differences().is_empty(), "{} does not differ from itself", preset.id);
        assert_eq!(experiment.command(), format!("distillery run {}", preset.id));
    }
}

/// A recipe says what differs from its preset; a file that was written beside a run had all that there was then.
#[test]
fn what_a_recipe_leaves_out_is_its_presets_and_what_a_record_lacks_is_nothing() {
    let short = r#"{"version": 1, "preset": "omitted-class", "train": {"steps": 20}}"#;
    let turned = Experiment::from_preset("omitted-class", [("train.steps", "20")]).unwrap();
    assert_eq!(Experiment::from_json(short).unwrap(), turned);
    assert!(turned.task.omit_class >= 0, "the preset is another one than the default");
    let record = Experiment::from_record(short).unwrap();
    assert_eq!((record.task.omit_class, record.train.clip_by), (-1, crate::spec::ClipBy::Tensor), "an old run goes on as it began");
    assert_eq!(Experiment::from_record(&turned.to_json()).unwrap(), turned);
    for custom in [r#"{"version": 1}"#, r#"{"version": 1, "preset": "custom"}"#] {
        assert_eq!(Experiment::from_json(custom).unwrap(), Experiment::default());
    }
    let wrong = r#"{"version": 1, "preset": "plane", "train": 3}"#;
    assert!(matches!(Experiment::from_json(wrong), Err(SpecError::File(_))));
    let unknown = r#"{"version": 1, "preset": "plane", "train": {"step": 3}}"#;
    assert!(matches!(Experiment::from_json(unknown), Err(SpecError::UnknownKey { key, .. }) if key == "train.step"));
    assert!(matches!(Experiment::from_json(r#"{"version": 1, "preset": "plain"}"#), Err(SpecError::UnknownPreset { .. })));
}

#[test]
fn what_differs_is_enough_to_repeat_an_experiment() {
    let set = [("seed", "7"), ("distill.temperature", "12.5"), ("student.widths", "none"), ("task.label_noise", "0.25")];
    let experiment = Experiment::from_preset("first-light", set).unwrap();
    let differences = experiment.differences();
    let again = Experiment::from_preset("first-light", differences.iter().map(|(key, value)| (*key, value.as_str()))).unwrap();
    assert_eq!(experiment, again);
    assert_eq!(
        experiment.command(),
        "distillery run first-light --set seed=7 --set task.label_noise=0.25 --set student.widths=none --set distill.temperature=12.5"
    );
}

/// The error of a preset with one knob set.
fn refused(key: &str, value: &str) -> SpecError {
    Experiment::from_preset("first-light", [(key, value)]).expect_err("the value is refused")
}

#[test]
fn errors_name_the_knob_and_what_it_takes() {
    let text = refused("distill.temperature", "0").to_string();
    assert_eq!(text, "distill.temperature: `0` is not allowed; it must be a number from 0.5 to 50");
    let text = refused("distill.divergence", "kl").to_string();
    assert!(text.contains("`kl`") && text.contains("forward_kl"), "{text}");
    assert!(matches!(refused("distill.temperature", "NaN"), SpecError::OutOfRange { .. }));
    assert!(matches!(refused("train.steps", "1e3"), SpecError::OutOfRange { .. }));
    let text = refused("temperature", "4").to_string();
    assert!(text.contains("did you mean `distill.temperature`?"), "{text}");
    let text = Experiment::from_preset("first-ligth", []).unwrap_err().to_string();
    assert!(text.contains("`first-ligth`") && text.contains("first-light"), "{text}");
}

#[test]
fn contradictions_name_the_remedy() {
    let refused = |set: &[(&str, &str)]| Experiment::from_preset("all-labels", set.iter().copied()).unwrap_err().to_string();
    assert!(refused(&[("task.name", "plane")]).contains("teacher.source=live"));
    assert!(refused(&[("task.split_seed", "1")]).contains("teacher.source=live"));
    assert!(refused(&[("distill.attention_weight", "1")]).contains("cnn"));
    assert!(refused(&[("distill.hint_weight", "1"), ("student.widths", "none")]).contains("hidden"));
    let hinted = |preset, more: &[(&str, &str)]| {
        let set = [("distill.hint_weight", "1")].into_iter().chain(more.iter().copied());
        Experiment::from_preset(preset, set).map_err(|error| error.to_string())
    };
    assert!(hinted("grammar", &[]).is_ok() && hinted("smollm2", &[]).is_ok());
    for preset in ["sft", "seq-kd", "uld", "gkd", "distillm", "distillm-2", "minillm", "dpkd"] {
        let error = hinted(preset, &[]).unwrap_err();
        assert!(error.starts_with("distill.hint_weight") && error.contains("text.method=token_kd"), "{preset}: {error}");
    }
    for access in ["logits", "top_k"] {
        let error = hinted("grammar", &[("distill.access", access)]).unwrap_err();
        assert!(
            error.starts_with("distill.access") && error.contains("set it to hidden, or distill.hint_weight to 0"),
            "{access}: {error}"
        );
    }
    let error = Experiment::from_preset("grammar", [("distill.attention_weight", "1")]).unwrap_err().to_string();
    assert!(error.starts_with("distill.attention_weight") && error.contains("set it to 0"), "{error}");
    assert!(hinted("distilbert", &[]).unwrap_err().contains("encoder.hidden_weight"));
}

#[test]
fn files_of_another_version_or_with_unknown_fields_are_refused() {
    let json = Experiment::default().to_json();
    let other = json.replace(&format!("\"version\": {VERSION}"), "\"version\": 99");
    assert!(matches!(Experiment::from_json(&other), Err(SpecError::Version { .. })));
    for no_version in ["{}", "[1]", "3"] {
        assert!(matches!(Experiment::from_json(no_version), Err(SpecError::NoVersion(_))), "{no_version}");
    }
    let refused = |from: &str, to: &str| {
        assert!(json.contains(from), "{from} stands in the file");
        let error = Experiment::from_json(&json.replacen(from, to, 1)).unwrap_err();
        (error.code(), error.parts())
    };
    let part = |text: &str| Some(text.to_owned());
    assert_eq!(refused("\"seed\": 0", "\"seed\": 0, \"see\": 1"), ("unknown_key", (part("see"), None, part("seed"))));
    assert_eq!(refused("\"alpha\": 0.1", "\"alpah\": 0.1"), ("unknown_key", (part("distill.alpah"), None, None)));
    let temperature = knobs::find("distill.temperature").unwrap().allowed();
    assert_eq!(
        refused("\"temperature\": 4.0", "\"temperature\": \"warm\""),
        ("out_of_range", (part("distill.temperature"), part("warm"), Some(temperature))),
    );
    assert_eq!(refused("\"seed\": 0", "\"seed\": -1").1.0, part("seed"));
    assert_eq!(refused("\"preset\": \"custom\"", "\"preset\": 3").0, "bad_file");
    let text = Experiment::from_json("{\"version\": 1,").unwrap_err();
    assert!(text.code() == "not_json" && text.to_string().contains("line 1"), "{text}");
}

proptest! {
    #[test]
    fn no_text_makes_a_knob_panic(key in "[a-z_.]{0,24}", value in "\\PC{0,12}") {
        let _ = Experiment::from_preset("first-light", [(key.as_str(), value.as_str())]);
        for knob in knobs::TABLE {
            let _ = Experiment::from_preset("first-light", [(knob.key, value.as_str())]);
        }
    }

    #[test]
    fn no_text_makes_a_file_panic(text in "\\PC{0,64}") {
        let _ = Experiment::from_json(&text);
    }

    #[test]
    fn links_carry_every_number_exactly(temperature in 0.5_f64..50.0, alpha in 0.0_f64..1.0, seed: u32) {
        let [t, a, s] = [temperature.to_string(), alpha.to_string(), seed.to_string()];
        let set = [("distill.temperature", t.as_str()), ("distill.alpha", a.as_str()), ("seed", s.as_str())];
        let experiment = Experiment::from_preset("plane", set).unwrap();
        prop_assert_eq!(experiment.distill.temperature, temperature);
        let differences = experiment.differences();
        let again = Experiment::from_preset("plane", differences.iter().map(|(k, v)| (*k, v.as_str()))).unwrap();
        prop_assert_eq!(again, experiment);
    }
}
