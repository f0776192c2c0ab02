//! What can be wrong with an experiment. Every message names the thing and the remedy; the page translates by [`SpecError::code`].

use std::borrow::Cow;

use thiserror::Error;

use super::presets;

/// An experiment that cannot be run as written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SpecError {
    #[error("unknown knob `{key}`{}; `distillery describe knobs` lists all", hint(.nearest))]
    UnknownKey { key: String, nearest: Option<&'static str> },
    #[error("unknown preset `{name}`; the presets are {allowed}")]
    UnknownPreset { name: String, allowed: String },
    #[error("{key}: `{value}` is not allowed; it must be {allowed}")]
    OutOfRange { key: &'static str, value: String, allowed: String },
    #[error("{key}: {message}")]
    Conflict { key: &'static str, message: Cow<'static, str> },
    #[error("this is an experiment of version {found}; this build reads version {expected}")]
    Version { found: String, expected: u32 },
    #[error("not an experiment: it has no `version`; this build reads \"version\": {0}")]
    NoVersion(u32),
    #[error("not readable as JSON: {0}")]
    Json(String),
    #[error("not a readable experiment: {0}")]
    File(String),
    /// A preset or a value that needs a file of the visitor's own, in the page.
    #[error("{}`{value}` needs a file that only the native program reads", key.map(|key| format!("{key}=")).unwrap_or_default())]
    Native { key: Option<&'static str>, value: String },
}

fn hint(nearest: &Option<&'static str>) -> String {
    nearest.map(|key| format!(" (did you mean `{key}`?)")).unwrap_or_default()
}

impl SpecError {
    /// That a knob contradicts another: `message` begins behind its key, and says the remedy.
    pub fn conflict(key: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Conflict { key, message: message.into() }
    }

    pub(super) fn preset(name: &str) -> Self {
        let allowed = presets::TABLE.iter().map(|p| p.id).collect::<Vec<_>>().join(", ");
        Self::UnknownPreset { name: name.into(), allowed }
    }

    /// Stable id for translation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownKey { .. } => "unknown_key",
            Self::UnknownPreset { .. } => "unknown_preset",
            Self::OutOfRange { .. } => "out_of_range",
            Self::Conflict { .. } => "conflict",
            Self::Version { .. } => "version",
            Self::NoVersion(_) => "no_version",
            Self::Json(_) => "not_json",
            Self::File(_) => "bad_file",
            Self::Native { key: Some(_), .. } => "native_value",
            Self::Native { key: None, .. } => "native_preset",
        }
    }

    /// The knob, value and allowed range concerned, for the page to name in its own words.
    pub fn parts(&self) -> (Option<String>, Option<String>, Option<String>) {
        match self {
            Self::UnknownKey { key, nearest } => (Some(key.clone()), None, nearest.map(Into::into)),
            Self::UnknownPreset { name, allowed } => (None, Some(name.clone()), Some(allowed.clone())),
            Self::OutOfRange { key, value, allowed } => (Some((*key).into()), Some(value.clone()), Some(allowed.clone())),
            Self::Conflict { key, .. } => (Some((*key).into()), None, None),
            Self::Version { found, expected } => (None, Some(found.clone()), Some(expected.to_string())),
            Self::NoVersion(expected) => (None, None, Some(expected.to_string())),
            Self::Json(_) | Self::File(_) => (None, None, None),
            Self::Native { key, value } => (key.map(Into::into), Some(value.clone()), None),
        }
    }
}
