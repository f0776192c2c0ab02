//! What the runs of one command share: the device and the files.

use std::path::{Path, PathBuf};

use pollster::block_on;

use super::data;
use super::error::Error;
use super::interrupt;
use crate::device::{self, Choice, Place};
use crate::spec::Experiment;
use crate::train::{Materials, Run};

/// The shipped teacher of the grammar: decoders are too large for the page's engine, which is handed it by the page.
const GRAMMAR: &[u8] = include_bytes!("../train/teachers/grammar.safetensors");

pub struct Session {
    pub place: Place,
    pub json: bool,
    /// Folder of the IDX files, absolute.
    pub data: Option<PathBuf>,
    materials: Materials,
}

impl Session {
    pub fn open(device: Choice, data: Option<&Path>, json: bool) -> Result<Self, Error> {
        let images = data.map(data::read).transpose()?;
        let data = data.map(|folder| std::path::absolute(folder).map_err(Error::read(folder))).transpose()?;
        let place = device::open(device)?;
        if let Some(note) = place.note() {
            eprintln!("note: {note}");
        }
        interrupt::listen();
        Ok(Self { place, json, data, materials: Materials { images, teacher: Some(GRAMMAR.into()), ..Materials::default() } })
    }

    /// Opens a run before its first step.
    pub fn begin(&self, experiment: Experiment) -> Result<Run, Error> {
        block_on(Run::new(experiment, &self.place, &self.materials)).map_err(data::blame(self.data.as_deref()))
    }

    /// Opens a run where a checkpoint left it.
    pub fn resume(&self, checkpoint: &[u8]) -> Result<Run, Error> {
        block_on(Run::resume(checkpoint, &self.place, &self.materials)).map_err(data::blame(self.data.as_deref()))
    }
}
