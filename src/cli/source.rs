//! The experiment that the user names: a preset, or a JSON or TOML file; and turned knobs.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::error::Error;
use super::files::read_text;
use super::output::quoted;
use super::recipe::{self, Places, Written};
use super::suggest;
use crate::spec::knobs::{self, Kind, Knob, Need};
use crate::spec::{Experiment, SpecError};

#[derive(Clone, Copy)]
enum Format {
    Json,
    Toml,
}

/// The experiment of `what`, and what else its file says.
pub fn experiment(what: &str) -> Result<(Experiment, Places), Error> {
    let path = Path::new(what);
    let format = match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => Some(Format::Json),
        Some("toml") => Some(Format::Toml),
        _ => None,
    };
    match format {
        Some(format) => file(path, format),
        None if fs::metadata(path).is_ok_and(|found| found.is_dir()) && path.join("experiment.json").exists() => {
            Err(Error::input(format!(
                "{what} is a run directory: go on with it by `distillery resume {}`, or repeat it by `distillery run {}`",
                quoted(path),
                quoted(&path.join("experiment.json"))
            )))
        }
        None if fs::metadata(path).is_ok_and(|found| found.is_file()) => {
            Err(Error::input(format!("{what}: the name of an experiment file must end in .json or .toml")))
        }
        None => Ok((Experiment::from_preset(what, [])?, Places::default())),
    }
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

/// A line for everything that differs from the preset, in a file or by `--set`, and that the experiment does not look at.
pub fn without_effect(experiment: &Experiment, set: &[String]) -> Vec<String> {
    // A file may be of none.
    let preset = Experiment::from_preset(&experiment.preset, []).unwrap_or_default();
    let by_hand = |key: &str| set.iter().find(|assignment| assignment.split_once('=').is_some_and(|(set, _)| set.trim() == key));
    let way = |needs: &Vec<Need>| needs.iter().map(|(key, values)| format!("{key}={}", values.join("|"))).collect::<Vec<_>>().join(" and ");
    let line = |knob: &Knob| {
        let turned = match by_hand(knob.key) {
            Some(assignment) => format!("--set {assignment}"),
            None if knob.get(experiment) == knob.get(&preset) => return None,
            None => format!("{}={}", knob.key, knob.get_text(experiment)),
        };
        let ways: Vec<_> = knob.unmet(experiment).iter().map(way).collect();
        (!ways.is_empty()).then(|| format!("note: {turned} has no effect here: it needs {}", ways.join(", or ")))
    };
    knobs::TABLE.iter().filter_map(line).collect()
}

fn file(path: &Path, format: Format) -> Result<(Experiment, Places), Error> {
    let text = read_text(path)?;
    let wrong = |message: String| Error::input(format!("{}: {message}", path.display()));
    let tree = match format {
        Format::Json => serde_json::from_str::<Value>(&text).map_err(|error| wrong(format!("not readable as JSON: {error}")))?,
        Format::Toml => {
            toml::from_str::<Value>(&text).map_err(|error| wrong(format!("not readable as TOML: {}", toml_error(&text, &error))))?
        }
    };
    let mut experiment = tree.clone();
    let places = experiment.as_object_mut().and_then(|tree| tree.remove("run"));
    // The tree has no places any more: read the text again, typed, for line and column.
    let place = |message: String| {
        let place = match format {
            Format::Json => serde_json::from_str::<Written>(&text).err().map(|error| error.to_string()),
            Format::Toml => toml::from_str::<Written>(&text).err().map(|error| toml_error(&text, &error)),
        };
        let place = place.unwrap_or(message);
        match mistaken(&experiment) {
            Some(what) => wrong(format!("{what} ({place})")),
            None => wrong(format!("not an experiment: {place}{}", unknown_hint(&tree))),
        }
    };
    let experiment = Experiment::from_value(experiment.clone()).map_err(|error| match error {
        SpecError::NoVersion(_) => wrong("it has no `version`: add the line `version = 1` at its top (in JSON, \"version\": 1)".into()),
        SpecError::File(message) => place(message),
        other => wrong(super::error::Error::Spec(other).to_string()),
    })?;
    let places: Places =
        places.map_or(Ok(Places::default()), |table| serde_json::from_value(table).map_err(|error| place(error.to_string())))?;
    places.check().map_err(wrong)?;
    Ok((experiment, places.seen_from(path.parent().unwrap_or(Path::new("")))))
}

/// The first knob whose value is of another kind, and what it must be.
fn mistaken(experiment: &Value) -> Option<String> {
    let error = knobs::fault(experiment)?;
    let SpecError::OutOfRange { key, .. } = error else { return None };
    let value = key.split('.').try_fold(experiment, |tree, part| tree.get(part))?;
    let quoted = value.is_string() && !matches!(knobs::find(key).ok()?.kind, Kind::Choice { .. });
    Some(format!("{error}{}", if quoted { ", without quotes" } else { "" }))
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
    let mut known = serde_json::to_value(Experiment::default()).expect("an experiment is plain data");
    known["run"] = recipe::KEYS.into_iter().map(|key| (key.to_owned(), Value::Null)).collect::<Map<_, _>>().into();
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
