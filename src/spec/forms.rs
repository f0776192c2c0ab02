//! The forms in which an experiment is read and written: a preset with knobs, JSON, a command.

use serde_json::Value;

use super::experiment::{VERSION, custom};
use super::{Experiment, SpecError, knobs, presets};

impl Experiment {
    /// A preset with some knobs set, each value in its text form (`distill.temperature`, `"8"`), as in a URL or on a command line.
    ///
    /// # Errors
    /// An unknown preset or key, a value that does not parse or is out of range, or knobs that contradict each other.
    pub fn from_preset<'a>(preset: &str, set: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, SpecError> {
        let mut experiment = presets::find(preset)?.experiment();
        for (key, text) in set {
            knobs::find(key)?.set_text(&mut experiment, text)?;
        }
        experiment.validate()?;
        Ok(experiment)
    }

    /// Reads the JSON form. What it does not say is as in the preset that it names.
    ///
    /// # Errors
    /// Text that is not JSON or not an experiment of this version, and everything [`Experiment::validate`] refuses. A value of another type, and
    /// a key that no experiment has, are named as knobs are.
    pub fn from_json(text: &str) -> Result<Self, SpecError> {
        let value: Value = serde_json::from_str(text).map_err(|error| SpecError::Json(error.to_string()))?;
        Self::from_value(value.clone()).map_err(|error| match error {
            SpecError::File(_) => knobs::fault(&value).unwrap_or(error),
            other => other,
        })
    }

    /// Reads an experiment from any self-describing format already parsed to a JSON value.
    ///
    /// # Errors
    /// As [`Experiment::from_json`].
    pub fn from_value(value: Value) -> Result<Self, SpecError> {
        check_version(&value)?;
        let base = match value.get("preset").and_then(Value::as_str) {
            Some(name) if name != custom() => presets::find(name)?.experiment(),
            _ => Self::default(),
        };
        let mut tree = serde_json::to_value(base).expect("an experiment is plain data");
        overlay(&mut tree, value);
        Self::checked(tree)
    }

    /// Reads the JSON form that was written whole, beside a run. What it does not say is younger than it: nothing was turned there, so it has the
    /// value that turns nothing, which is the default, or what the builds before did, and need not be the preset's of today.
    ///
    /// # Errors
    /// As [`Experiment::from_json`].
    pub fn from_record(text: &str) -> Result<Self, SpecError> {
        let value = serde_json::from_str(text).map_err(|e| SpecError::Json(e.to_string()))?;
        check_version(&value)?;
        Self::checked(value)
    }

    fn checked(tree: Value) -> Result<Self, SpecError> {
        let experiment: Self = serde_json::from_value(tree).map_err(|e| SpecError::File(e.to_string()))?;
        experiment.validate()?;
        Ok(experiment)
    }

    /// The JSON form, indented.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("an experiment is plain data")
    }

    /// The knobs whose values differ from the preset's, in table order, as text.
    pub fn differences(&self) -> Vec<(&'static str, String)> {
        let base = presets::find(&self.preset).map(presets::Preset::experiment).unwrap_or_default();
        knobs::TABLE.iter().filter(|knob| knob.get(self) != knob.get(&base)).map(|knob| (knob.key, knob.get_text(self))).collect()
    }

    /// The command that repeats this experiment natively. One that belongs to no preset is run from its file.
    pub fn command(&self) -> String {
        if presets::find(&self.preset).is_err() {
            return "distillery run experiment.json".into();
        }
        let mut command = format!("distillery run {}", self.preset);
        for (key, value) in self.differences() {
            command.push_str(&format!(" --set {key}={value}"));
        }
        command
    }
}

fn check_version(value: &Value) -> Result<(), SpecError> {
    match value.get("version").and_then(Value::as_u64) {
        Some(version) if version == u64::from(VERSION) => Ok(()),
        Some(version) => Err(SpecError::Version { found: version.to_string(), expected: VERSION }),
        None => Err(SpecError::NoVersion(VERSION)),
    }
}

/// Puts `over` on top of `base`, key by key.
fn overlay(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            over.into_iter().for_each(|(key, value)| overlay(base.entry(key).or_insert(Value::Null), value));
        }
        (base, over) => *base = over,
    }
}
