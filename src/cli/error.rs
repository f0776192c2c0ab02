//! What ends a command: one message that names the thing and the remedy, and an exit code. 2 = the command line or an input is wrong,
//! 1 = a run failed, 3 = there is no memory left (`allocator.rs`), 130 = stopped by Ctrl-C.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use thiserror::Error;

use super::output::quoted;
use super::{memory, suggest};
use crate::data::DataError;
use crate::device::DeviceError;
use crate::generate::GenerateError;
use crate::spec::SpecError;
use crate::train::RunError;

#[derive(Debug, Error)]
pub enum Error {
    /// The command line or a file is not what it must be.
    #[error("{0}")]
    Input(String),
    #[error("{}", spec_message(.0))]
    Spec(SpecError),
    #[error("{}", run_message(.0))]
    Run(RunError),
    #[error("{}: {error}{}{}", .path.display(), disk_hint(.error), suggest::path(.path, .error))]
    Read { error: io::Error, path: PathBuf },
    #[error("cannot write {}: {error}{}", .path.display(), disk_hint(.error))]
    Write { error: io::Error, path: PathBuf },
    /// A run that stopped before its end and can be gone on with.
    #[error("{cause}\n{}", resume_hint(.directory, *.checkpoint))]
    Stopped { cause: Box<Error>, directory: PathBuf, checkpoint: Option<usize> },
    /// A run whose training diverged: from its checkpoints it would diverge again.
    #[error("{cause}\n{}", anew_hint(.directory, .key, *.value))]
    Diverged { cause: Box<Error>, directory: PathBuf, key: &'static str, value: f64 },
    /// A file on the network that cannot be had.
    #[error("{0}")]
    Unreachable(String),
    /// Ctrl-C.
    #[error("{0}")]
    Interrupted(String),
    #[error("the self-test failed on {device}: worst difference from the CPU backend {worst:.1e}, limit {limit:.1e}; use --device cpu")]
    SelfTest { device: String, worst: f64, limit: f64 },
    #[error("cannot write to stdout: {0}")]
    Stdout(io::Error),
}

impl Error {
    pub fn input(message: impl Into<String>) -> Self {
        Self::Input(message.into())
    }

    pub fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Read { error, path }
    }

    pub fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Write { error, path }
    }

    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Input(_) | Self::Spec(_) | Self::Read { .. } => 2,
            Self::Run(RunError::Device(
                DeviceError::NoAdapter { .. } | DeviceError::NotBuilt { .. } | DeviceError::Several | DeviceError::Server { .. },
            )) => 2,
            Self::Run(RunError::Spec(_) | RunError::Data(_) | RunError::Model(_)) => 2,
            Self::Run(error) if error.is_of_checkpoint() => 2,
            Self::Run(_) | Self::Diverged { .. } | Self::Unreachable(_) | Self::Write { .. } | Self::SelfTest { .. } | Self::Stdout(_) => 1,
            Self::Stopped { cause, .. } => cause.exit_code(),
            Self::Interrupted(_) => 130,
        }
    }

    /// Whoever read the output has gone; of a run that was stopped by it that is no end to be content with.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Stdout(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Input(_) => "bad_input",
            Self::Spec(error) => error.code(),
            Self::Run(error) => error.code(),
            Self::Read { .. } => "unreadable",
            Self::Write { .. } | Self::Stdout(_) => "unwritable",
            Self::Stopped { cause, .. } => cause.code(),
            Self::Diverged { cause, .. } => cause.code(),
            Self::Unreachable(_) => "unreachable",
            Self::Interrupted(_) => "interrupted",
            Self::SelfTest { .. } => "self_test_failed",
        }
    }

    /// The error as the last event of a `--json` stream.
    pub fn to_json(&self) -> Value {
        json!({ "type": "error", "code": self.code(), "message": self.to_string() })
    }
}

impl From<SpecError> for Error {
    fn from(error: SpecError) -> Self {
        Self::Spec(error)
    }
}

impl From<RunError> for Error {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

impl From<DeviceError> for Error {
    fn from(error: DeviceError) -> Self {
        Self::Run(RunError::Device(error))
    }
}

impl From<GenerateError> for Error {
    fn from(error: GenerateError) -> Self {
        match error {
            GenerateError::Device(error) => error.into(),
            error => Self::Input(error.to_string()),
        }
    }
}

fn spec_message(error: &SpecError) -> String {
    let near = match error {
        SpecError::UnknownPreset { name, .. } => suggest::preset(name),
        SpecError::UnknownKey { key, nearest: None } => suggest::knob(key),
        _ => None,
    };
    near.map_or_else(|| error.to_string(), |near| format!("{error}. Did you mean `{near}`?"))
}

fn run_message(error: &RunError) -> String {
    match error {
        RunError::Spec(error) | RunError::Data(DataError::Task(error)) => spec_message(error),
        // Drivers have no code for it that reaches us.
        RunError::Device(DeviceError::Lost(message)) if message.to_lowercase().contains("memory") => {
            format!("{error}\nOut of memory: {}", memory::KNOBS)
        }
        _ => error.to_string(),
    }
}

fn disk_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "; free some space, or choose another --out for a new run"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "; check its permissions or choose another folder",
        _ => "",
    }
}

fn resume_hint(directory: &Path, checkpoint: Option<usize>) -> String {
    let directory = quoted(directory);
    match checkpoint {
        Some(step) => format!("the checkpoint of step {step} is safe; once that is mended, go on with: distillery resume {directory}"),
        None => format!("no checkpoint was saved yet; once that is mended, start anew with: distillery resume {directory}"),
    }
}

/// A changed experiment is another run.
fn anew_hint(directory: &Path, key: &str, value: f64) -> String {
    // The shortest decimal number.
    let less = (value / 10.0) as f32;
    let file = directory.join("experiment.json");
    format!(
        "resume would take the same steps; a new run, with the --teacher, --student and --data of this one: distillery run {} --set {key}={less}",
        quoted(&file)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_out_of_memory_names_the_knobs_to_turn() {
        let said = |message: &str| Error::from(DeviceError::Lost(message.into())).to_string();
        assert!(said("Out of Memory").contains("train.accumulate"), "{}", said("Out of Memory"));
        assert!(!said("unplugged").contains("train.accumulate"));
    }
}
