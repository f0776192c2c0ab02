//! The experiment that the user names: a preset, or a JSON or TOML file, with some knobs turned.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::error::Error;
use super::files::read_text;
use super::suggest;
use crate::spec::{Experiment, SpecError, knobs};

#[derive(Clone, Copy)]
enum Format {
    Json,
    Toml,
}

/// The experiment of `what`, with every `key=value` of `set` turned.
pub fn experiment(what: &str, set: &[String]) -> Result<Experiment, Error> {
    let path = Path::new(what);
    let format = match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => Some(Format::Json),
        Some("toml") => Some(Format::Toml),
        _ => None,
    };
    let base = match format {
        Some(format) => file(path, format)?,
        None if fs::metadata(path).is_ok_and(|found| found.is_dir()) && path.join("experiment.json").exists() => {
            return Err(Error::input(format!(
                "{what} is a run directory: go on with it by `distillery resume {what}`, or repeat it by `distillery run {}`",
                path.join("experiment.json").display()
            )));
        }
        None if fs::metadata(path).is_ok_and(|found| found.is_file()) => {
            return Err(Error::input(format!("{what}: the name of an experiment file must end in .json or .toml")));
        }
        None => Experiment::from_preset(what, [])?,
    };
    turned(base, set)
}

/// `base` with every `key=value` of `set` turned.
pub fn turned(mut base: Experiment, set: &[String]) -> Result<Experiment, Error> {
    for assignment in set {
        let Some((key, value)) = assignment.split_once('=') else {
            let near = suggest::knob(assignment).unwrap_or("distill.temperature");
            return Err(Error::input(format!(
                "--set {assignment}: write it as KEY=VALUE, such as --set {near}=...; `distillery describe knobs` lists the keys"
            )));
        };
        knobs::find(key.trim())?.set_text(&mut base, value)?;
    }
    base.validate()?;
    Ok(base)
}

/// A line for every `key=value` of `set` that the experiment does not look at.
pub fn without_effect(experiment: &Experiment, set: &[String]) -> Vec<String> {
    let line = |assignment: &String| {
        let knob = knobs::find(assignment.split_once('=')?.0.trim()).ok()?;
        let needs: Vec<_> = knob.unmet(experiment).iter().map(|(key, values)| format!("{key}={}", values.join("|"))).collect();
        (!needs.is_empty()).then(|| format!("note: --set {assignment} has no effect here: it needs {}", needs.join(" and ")))
    };
    set.iter().filter_map(line).collect()
}

fn file(path: &Path, format: Format) -> Result<Experiment, Error> {
    let text = read_text(path)?;
    let wrong = |message: String| Error::input(format!("{}: {message}", path.display()));
    let tree = match format {
        Format::Json => serde_json::from_str::<Value>(&text).map_err(|error| wrong(format!("not readable as JSON: {error}")))?,
        Format::Toml => {
            toml::from_str::<Value>(&text).map_err(|error| wrong(format!("not readable as TOML: {}", toml_error(&text, &error))))?
        }
    };
    Experiment::from_value(tree.clone()).map_err(|error| match error {
        SpecError::Version { found, .. } if found == "none" => {
            wrong("it has no `version`: add the line `version = 1` at its top (in JSON, \"version\": 1)".into())
        }
        // The tree has no places any more: read the text again, typed, for line and column.
        SpecError::File { message, .. } => {
            let place = match format {
                Format::Json => serde_json::from_str::<Experiment>(&text).err().map(|error| error.to_string()),
                Format::Toml => toml::from_str::<Experiment>(&text).err().map(|error| toml_error(&text, &error)),
            };
            wrong(format!("not an experiment: {}{}", place.unwrap_or(message), unknown_hint(&tree)))
        }
        other => wrong(super::error::Error::Spec(other).to_string()),
    })
}

/// The message on one line, its place at the end as serde_json has it.
fn toml_error(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().trim().replace('\n', " ");
    match error.span() {
        Some(span) => {
            let before = &text[..span.start.min(text.len())];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
            format!("{message} at line {line} column {column}")
        }
        None => message,
    }
}

/// A name for the first key of the file that no experiment has.
fn unknown_hint(tree: &Value) -> String {
    let known = serde_json::to_value(Experiment::default()).expect("an experiment is plain data");
    let Some((path, near)) = unknown(tree, &known, "") else { return String::new() };
    let near = near.or_else(|| suggest::knob(&path).map(Into::into));
    near.map(|near| format!(" (`{path}`: did you mean `{near}`?)")).unwrap_or_default()
}

fn unknown(tree: &Value, known: &Value, prefix: &str) -> Option<(String, Option<String>)> {
    let (tree, known) = (tree.as_object()?, known.as_object()?);
    tree.iter().find_map(|(key, value)| match known.get(key) {
        Some(known) => unknown(value, known, &format!("{prefix}{key}.")),
        None => {
            let near = suggest::nearest(key, known.keys().map(String::as_str)).map(|near| format!("{prefix}{near}"));
            Some((format!("{prefix}{key}"), near))
        }
    })
}
