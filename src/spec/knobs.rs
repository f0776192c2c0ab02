//! The knob table: one row per number or choice of an experiment.
//!
//! It drives the page's controls, URL parsing, CLI help, validation and the reference docs. A knob's value is reached by its dotted key
//! through the experiment's JSON form, so a row cannot disagree with the struct: a test reads and writes every row.

mod table;
mod words;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Experiment, SpecError};
pub use table::TABLE;

/// What a knob can be set to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Kind {
    Choice {
        options: &'static [&'static str],
    },
    Int {
        min: i64,
        max: i64,
        log: bool,
    },
    Float {
        min: f64,
        max: f64,
        log: bool,
    },
    Bool,
    /// A list such as `256,256`; `none` is the empty list.
    Widths {
        max_len: usize,
        min: usize,
        max: usize,
    },
    /// Labelled points within −1..1, each `x_y_class`, such as `0.5_-0.25_3,0_0.1_1`; `none` is the empty list.
    Points {
        max_len: usize,
    },
}

/// A knob, and the values of it that another one needs.
pub type Need = (&'static str, &'static [&'static str]);

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Knob {
    /// Dotted path in the experiment; also the id of its label in the catalogues.
    pub key: &'static str,
    pub kind: Kind,
    /// A live knob acts at once; the others need a new run.
    pub live: bool,
    /// Shown first; the others stand behind "more".
    pub main: bool,
    /// Only meaningful while each of these other knobs has one of its values.
    pub needs: &'static [Need],
    /// Or, where this is not empty, while each of these has.
    pub or_needs: &'static [Need],
    /// One line of English for `describe`; empty in the page, which has its own catalogues.
    pub help: &'static str,
}

/// A text of the command line. The page does not show it, and so need not load it.
pub(super) const fn english(text: &'static str) -> &'static str {
    if cfg!(target_family = "wasm") { "" } else { text }
}

/// The knob of that key.
///
/// # Errors
/// [`SpecError::UnknownKey`], with the nearest key when one is close.
pub fn find(key: &str) -> Result<&'static Knob, SpecError> {
    TABLE.iter().find(|knob| knob.key == key).ok_or_else(|| {
        let last = key.rsplit('.').next().unwrap_or(key);
        let nearest =
            TABLE.iter().map(|k| k.key).find(|k| k.rsplit('.').next().is_some_and(|l| l.starts_with(last) || last.starts_with(l)));
        SpecError::UnknownKey { key: key.into(), nearest }
    })
}

/// What is wrong with an experiment file that has the form of one: the first key that is no knob, or whose value is of another type.
pub fn fault(file: &Value) -> Option<SpecError> {
    let check = |key: &str, value: &Value| find(key).and_then(|knob| knob.check(value)).err();
    let is_section = |key: &str| TABLE.iter().any(|knob| knob.key.split_once('.').is_some_and(|(section, _)| section == key));
    file.as_object()?.iter().find_map(|(key, value)| match value {
        Value::Object(section) => section.iter().find_map(|(name, value)| check(&format!("{key}.{name}"), value)),
        _ if is_section(key) || key == "version" || key == "preset" => None,
        value => check(key, value),
    })
}

impl Knob {
    fn pointer(&self) -> String {
        format!("/{}", self.key.replace('.', "/"))
    }

    /// The value of this knob.
    pub fn get(&self, experiment: &Experiment) -> Value {
        let tree = serde_json::to_value(experiment).expect("an experiment is plain data");
        tree.pointer(&self.pointer()).cloned().unwrap_or(Value::Null)
    }

    /// The value of this knob as it stands in a URL.
    pub fn get_text(&self, experiment: &Experiment) -> String {
        text_of(&self.get(experiment))
    }

    /// What this knob needs and does not find in the experiment, so that it has no effect there: by each of the ways in which it could have one.
    /// Empty where it has one.
    pub fn unmet(&self, experiment: &Experiment) -> Vec<Vec<Need>> {
        let is_met = |(key, values): &Need| find(key).is_ok_and(|other| values.contains(&other.get_text(experiment).as_str()));
        let ways = std::iter::once(self.needs).chain((!self.or_needs.is_empty()).then_some(self.or_needs));
        let missing: Vec<Vec<Need>> = ways.map(|needs| needs.iter().filter(|need| !is_met(need)).copied().collect()).collect();
        if missing.iter().any(Vec::is_empty) { Vec::new() } else { missing }
    }

    /// Sets this knob from text.
    ///
    /// # Errors
    /// Text that is no value of this kind, or out of range.
    pub fn set_text(&self, experiment: &mut Experiment, text: &str) -> Result<(), SpecError> {
        let text = text.trim();
        let value = match self.kind {
            Kind::Choice { .. } => Some(json!(text)),
            Kind::Int { .. } => text.parse::<i64>().ok().map(|v| json!(v)),
            Kind::Float { .. } => text.parse::<f64>().ok().filter(|v| v.is_finite()).map(|v| json!(v)),
            Kind::Bool => text.parse::<bool>().ok().map(|v| json!(v)),
            Kind::Widths { .. } | Kind::Points { .. } if text == "none" => Some(json!([])),
            Kind::Widths { .. } => text.split(',').map(|w| w.trim().parse::<u64>().ok()).collect::<Option<Vec<_>>>().map(|v| json!(v)),
            Kind::Points { .. } => text.split(',').map(parse_point).collect::<Option<Vec<_>>>().map(|v| json!(v)),
        };
        let value = value.ok_or_else(|| self.out_of_range(text.into()))?;
        self.check(&value)?;
        let mut tree = serde_json::to_value(&*experiment).expect("an experiment is plain data");
        *tree.pointer_mut(&self.pointer()).expect("every knob is a field") = value;
        *experiment = serde_json::from_value(tree).map_err(|_| self.out_of_range(text.into()))?;
        Ok(())
    }

    /// Whether a value is of this kind and within its range.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] with the range.
    pub fn check(&self, value: &Value) -> Result<(), SpecError> {
        let fits = match self.kind {
            Kind::Choice { options } => value.as_str().is_some_and(|v| options.contains(&v)),
            Kind::Int { min, max, .. } => value.as_i64().is_some_and(|v| (min..=max).contains(&v)),
            Kind::Float { min, max, .. } => value.as_f64().is_some_and(|v| (min..=max).contains(&v)),
            Kind::Bool => value.is_boolean(),
            Kind::Widths { max_len, min, max } => value.as_array().is_some_and(|list| {
                list.len() <= max_len && list.iter().all(|w| w.as_u64().is_some_and(|w| (min as u64..=max as u64).contains(&w)))
            }),
            Kind::Points { max_len } => value.as_array().is_some_and(|list| list.len() <= max_len && list.iter().all(is_point)),
        };
        if fits { Ok(()) } else { Err(self.out_of_range(text_of(value))) }
    }

    fn out_of_range(&self, value: String) -> SpecError {
        SpecError::OutOfRange { key: self.key, value, allowed: self.allowed() }
    }

    /// The range in words.
    pub fn allowed(&self) -> String {
        match self.kind {
            Kind::Choice { options } => format!("one of {}", options.join(", ")),
            Kind::Int { min, max, .. } => format!("a whole number from {min} to {max}"),
            Kind::Float { min, max, .. } => format!("a number from {min} to {max}"),
            Kind::Bool => "true or false".into(),
            Kind::Widths { max_len, min, max } => {
                let example = if min == 0 { "0,2" } else { "64,32" };
                format!("`none` or up to {max_len} whole numbers from {min} to {max}, such as {example}")
            }
            Kind::Points { max_len } => {
                format!("`none` or up to {max_len} points x_y_class, x and y from -1 to 1, such as 0.5_-0.25_3,0_0.1_1")
            }
        }
    }
}

/// `0.5_-0.25_3`.
fn parse_point(text: &str) -> Option<Value> {
    let [x, y, class] = text.trim().split('_').collect::<Vec<_>>().try_into().ok()?;
    let coordinate = |text: &str| text.parse::<f64>().ok().filter(|v| v.is_finite());
    Some(json!([coordinate(x)?, coordinate(y)?, class.parse::<u64>().ok()?]))
}

fn is_point(value: &Value) -> bool {
    let inside = |at: usize| value[at].as_f64().is_some_and(|v| (-1.0..=1.0).contains(&v));
    value.as_array().is_some_and(|point| point.len() == 3) && inside(0) && inside(1) && value[2].as_u64().is_some_and(|class| class < 10)
}

/// A value as it stands in a URL: `4` for 4.0, `256,256` for a list, `none` for an empty one, `0.5_-0.25_3` for a point.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) if list.is_empty() => "none".into(),
        Value::Array(list) => {
            let inner = |value: &Value| match value {
                Value::Array(point) => point.iter().map(text_of).collect::<Vec<_>>().join("_"),
                plain => text_of(plain),
            };
            list.iter().map(inner).collect::<Vec<_>>().join(",")
        }
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => float.to_string(),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}
