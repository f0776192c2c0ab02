//! `run.json`: what a run directory must remember besides the experiment, so that `resume` needs no arguments.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::args::OutputArgs;
use super::session::Session;
use crate::device::Choice;
use crate::train::{Run, Sources};

/// Steps between two checkpoints, unless it is said.
pub const EVERY: usize = 500;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Version of Distillery that made the directory.
    pub distillery: String,
    pub backend: String,
    pub adapter: String,
    /// Devices beside it, as `--device` has them.
    #[serde(default)]
    pub beside: Vec<String>,
    /// Folder of the IDX files or file of the text, absolute.
    pub data: Option<PathBuf>,
    /// The file of the texts to be tested on, absolute.
    #[serde(default)]
    pub test: Option<PathBuf>,
    /// The teacher's file or folder, absolute, or its id on the Hub.
    #[serde(default)]
    pub teacher: Option<PathBuf>,
    /// The student's, absolute.
    #[serde(default)]
    pub student: Option<PathBuf>,
    /// The file of the teacher's likeliest tokens, absolute.
    #[serde(default)]
    pub cache: Option<PathBuf>,
    /// The file of the teacher's texts that is not the run's own, absolute.
    #[serde(default)]
    pub texts: Option<PathBuf>,
    pub checkpoint_every: usize,
    /// Best students that are kept.
    #[serde(default)]
    pub keep_best: usize,
    /// Present in a directory of `--seeds`: how many.
    pub seeds: Option<u32>,
    /// Fingerprints of the files above. Directories of before have none.
    #[serde(default)]
    pub sources: Option<Sources>,
}

impl Settings {
    pub fn new(session: &Session, output: &OutputArgs, seeds: Option<u32>) -> Self {
        Self {
            distillery: env!("CARGO_PKG_VERSION").into(),
            checkpoint_every: output.checkpoint_every.unwrap_or(EVERY),
            keep_best: output.keep_best.unwrap_or(0),
            seeds,
            ..Self::default()
        }
        .moved(session)
    }

    /// The same with the places of a session: files may have moved, and the device be another.
    pub fn moved(self, session: &Session) -> Self {
        let place = &session.place;
        Self {
            backend: place.backend().into(),
            adapter: place.adapter().into(),
            beside: place.beside().iter().map(|place| named(place.backend(), place.adapter())).collect(),
            data: session.data.clone(),
            test: session.test.clone(),
            teacher: session.teacher.clone(),
            student: session.student.clone(),
            cache: session.cache.clone(),
            texts: session.texts.clone(),
            ..self
        }
    }

    /// The same, begun with what a run has.
    pub fn of(self, run: &Run) -> Self {
        Self { sources: Some(run.sources().clone()), ..self }
    }

    /// The device on which the run began: only there does it reach the very same numbers.
    pub fn choice(&self) -> Choice {
        self.device().parse().unwrap_or(Choice::Auto)
    }

    /// The same as `--device` has it.
    pub fn device(&self) -> String {
        [&[named(&self.backend, &self.adapter)], &self.beside[..]].concat().join(",")
    }
}

fn named(backend: &str, adapter: &str) -> String {
    if backend == "remote" { format!("remote:{adapter}") } else { backend.into() }
}
