//! The page's protocol: one command in, events out. TypeScript types are generated from these (`web/generate.rs`).

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::collections::BTreeMap;

use crate::data::Part;
use crate::train::{Event, ModesSpec, Role};

/// What the page may ask of the engine.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Opens a run: a preset and the knobs that differ, each as text.
    Open { preset: String, version: u32, set: BTreeMap<String, String> },
    /// Opens a run from an experiment file.
    OpenFile { json: String },
    /// Opens a race of students that learn together, each an open run's knobs and those that it sets besides. Independent of the run.
    OpenCohort { preset: String, version: u32, set: BTreeMap<String, String>, students: Vec<BTreeMap<String, String>> },
    /// The students that learn together make that many steps (fewer at the end of a phase).
    AdvanceCohort { steps: usize },
    /// Makes that many steps (fewer at the end).
    Advance { steps: usize },
    /// Makes one step of the teacher alone, or of both students alone.
    StepOnly { role: Role },
    /// Turns a live knob of the open run.
    Set { key: String, value: String },
    /// What every network said of a test row at the last evaluation.
    Inspect { index: usize },
    /// Draws the decision surfaces (plane only).
    Plane { resolution: usize },
    /// Asks every network about an input of the visitor's own.
    Ask { input: Vec<f32> },
    /// Looks at the answers on all test rows.
    Study,
    /// How far each network's confidence can be trusted.
    Calibration,
    /// Takes the next step of the distilled student apart; a row of its batch is followed.
    Dissect { row: usize },
    /// Fits one Gaussian to two: begins anew with a spec, or goes on without one. Independent of the run.
    Modes { spec: Option<ModesSpec>, steps: usize },
    /// Lets the networks write after a prompt (text only).
    Read { prompt: usize },
    /// Gives the engine a shipped file that it does not carry, after a run was refused for want of it (`not_brought`).
    Bring {
        part: Part,
        #[cfg_attr(test, ts(type = "Uint8Array"))]
        bytes: ByteBuf,
    },
    /// Compares this device with the CPU backend on a fixed problem.
    SelfTest,
    /// Writes a checkpoint of the run: safetensors bytes.
    Save,
    /// Goes on from a checkpoint.
    Resume {
        #[cfg_attr(test, ts(type = "Uint8Array"))]
        bytes: ByteBuf,
    },
    /// Writes one network's weights: safetensors bytes.
    Weights { role: Role },
    /// Puts weights of the same shape into a student of the open run and evaluates it.
    LoadWeights {
        role: Role,
        #[cfg_attr(test, ts(type = "Uint8Array"))]
        bytes: ByteBuf,
    },
}

/// What comes back.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(untagged)]
pub enum Reply {
    Run(Event),
    Engine(EngineEvent),
}

/// Replies that are not about a run's progress.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EngineEvent {
    /// The engine has a device.
    Ready { backend: String, adapter: String },
    /// The worst relative difference from the CPU backend over a forward, loss, backward and optimiser step.
    SelfTested { worst: f64, limit: f64, passed: bool, milliseconds: f64 },
    /// The engine has what was brought.
    Brought,
    /// Bytes asked for: a checkpoint or a network's weights.
    File {
        name: String,
        #[cfg_attr(test, ts(type = "Uint8Array"))]
        bytes: ByteBuf,
    },
    /// A command was refused or failed. The run stays as it was unless `fatal`, or its networks are no numbers any more (`not_finite`).
    Error { code: String, message: String, key: Option<String>, value: Option<String>, allowed: Option<String>, fatal: bool },
}
