//! `list` and `describe`: presets and knobs, all from the tables of `spec`.

use serde_json::{Value, json};

use super::error::Error;
use super::output;
use super::suggest;
use super::table::Table;
use crate::spec::{Experiment, knobs, presets};

pub fn list(json: bool) -> Result<(), Error> {
    if json {
        let rows: Vec<_> = presets::TABLE.iter().map(|preset| json!({ "id": preset.id, "help": preset.help })).collect();
        return output::line(&json!({ "type": "presets", "presets": rows }).to_string());
    }
    let mut table = Table::new(["preset", ""]).left();
    for preset in presets::TABLE {
        table.row([preset.id, preset.help]);
    }
    output::line(&format!("{table}\n\nRun one: distillery run {}   Look into one: distillery describe {0}", presets::TABLE[0].id))
}

pub fn describe(what: Option<&str>, json: bool) -> Result<(), Error> {
    match what {
        None | Some("knobs") => all_knobs(json),
        Some(name) => {
            if let Some(preset) = presets::TABLE.iter().find(|preset| preset.id == name) {
                let experiment = preset.experiment();
                return output::line(&if json { experiment.to_json() } else { as_toml(preset, &experiment) });
            }
            match knobs::TABLE.iter().find(|knob| knob.key == name) {
                Some(found) => knob(found, json),
                None => Err(unknown(name)),
            }
        }
    }
}

fn unknown(name: &str) -> Error {
    // A preset has no dot.
    let near = if name.contains('.') { suggest::knob(name) } else { suggest::preset(name).or_else(|| suggest::knob(name)) };
    let near = near.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
    Error::input(format!("`{name}` is neither a preset nor a knob{near}; `distillery list` and `distillery describe knobs` show all"))
}

fn as_json(knob: &knobs::Knob) -> Value {
    let mut row = serde_json::to_value(knob).expect("plain data");
    row["default"] = json!(knob.get_text(&Experiment::default()));
    row["allowed"] = json!(knob.allowed());
    row
}

fn all_knobs(json: bool) -> Result<(), Error> {
    if json {
        let rows: Vec<_> = knobs::TABLE.iter().map(as_json).collect();
        return output::line(&json!({ "type": "knobs", "knobs": rows }).to_string());
    }
    let base = Experiment::default();
    let mut table = Table::new(["knob", "default", "allowed"]).left();
    for knob in knobs::TABLE {
        table.row([knob.key.to_owned(), knob.get_text(&base), knob.allowed()]);
    }
    output::line(&format!(
        "{table}\n\nTurn one: distillery run first-light --set distill.temperature=8   What one does: distillery describe distill.temperature"
    ))
}

fn knob(knob: &knobs::Knob, json: bool) -> Result<(), Error> {
    if json {
        return output::line(&as_json(knob).to_string());
    }
    let default = knob.get_text(&Experiment::default());
    output::line(&format!("{}: {}\n  allowed: {}\n  default: {default}", knob.key, knob.help, knob.allowed()))?;
    for (key, values) in knob.needs {
        output::line(&format!("  only acts with {key}={}", values.join(" or ")))?;
    }
    if !knob.or_needs.is_empty() {
        let needs: Vec<String> = knob.or_needs.iter().map(|(key, values)| format!("{key}={}", values.join(" or "))).collect();
        output::line(&format!("  or else with {}", needs.join(" and ")))?;
    }
    output::line(&format!("  use:     --set {}={default}", knob.key))
}

/// A preset as an experiment file that explains itself.
fn as_toml(preset: &presets::Preset, experiment: &Experiment) -> String {
    let mut text = format!("# {}: {}\n", preset.id, preset.help);
    for (key, value) in preset.set {
        text.push_str(&format!("# Differs from the defaults: {key}={value}\n"));
    }
    text.push_str("# Save this as FILE.toml, change what you like, then: distillery run FILE.toml\n");
    text.push_str(&format!("version = {}\npreset = \"{}\"\n", experiment.version, experiment.preset));
    let mut section = "";
    for knob in knobs::TABLE {
        let (table, name) = knob.key.split_once('.').unwrap_or(("", knob.key));
        if table != section {
            section = table;
            text.push_str(&format!("\n[{table}]\n"));
        }
        text.push_str(&format!("{name} = {}  # {} ({})\n", knob.get(experiment), knob.help, allowed_in_file(knob)));
    }
    text.trim_end().to_owned()
}

/// The range in words: lists are written otherwise in a file than after `--set`.
fn allowed_in_file(knob: &knobs::Knob) -> String {
    match knob.kind {
        knobs::Kind::Widths { max_len, min, max } => format!("a list of up to {max_len} whole numbers from {min} to {max}"),
        knobs::Kind::Points { max_len } => format!("up to {max_len} points x_y_class"),
        _ => knob.allowed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_described_preset_is_a_file_of_that_preset() {
        for preset in presets::TABLE {
            let text = as_toml(preset, &preset.experiment());
            let found: Experiment = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", preset.id));
            assert_eq!(found, preset.experiment());
        }
    }
}
