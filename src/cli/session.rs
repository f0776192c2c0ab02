//! What the runs of one command share: the device and the files.

use std::path::{Path, PathBuf};

use pollster::block_on;

use super::data::{self, Data};
use super::error::Error;
use super::models::{self, Model};
use super::{interrupt, teacher_cache};
use crate::device::{self, Choice, Place};
use crate::spec::{Experiment, TaskName};
use crate::train::{Materials, Run};

/// The shipped teacher of the grammar: decoders are too large for the page's engine, which is handed it by the page.
const GRAMMAR: &[u8] = include_bytes!("../train/teachers/grammar.safetensors");

/// Files that are read before anything is made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files<'a> {
    pub data: Option<&'a Path>,
    pub teacher: Option<&'a Path>,
    pub student: Option<&'a Path>,
    pub cache: Option<&'a Path>,
}

pub struct Session {
    pub place: Place,
    pub json: bool,
    /// Folder of the IDX files or file of the text, absolute.
    pub data: Option<PathBuf>,
    /// The teacher's file or folder, absolute.
    pub teacher: Option<PathBuf>,
    /// The student's, absolute.
    pub student: Option<PathBuf>,
    /// The file of the teacher's likeliest tokens, absolute.
    pub cache: Option<PathBuf>,
    materials: Materials,
}

impl Session {
    pub fn open(device: Choice, files: Files, json: bool) -> Result<Self, Error> {
        let mut materials = Materials { teacher: Some(GRAMMAR.into()), ..Materials::default() };
        match files.data.map(data::read).transpose()? {
            Some(Data::Images(images)) => materials.images = Some(images),
            Some(Data::Text(text)) => materials.text = Some(text),
            None => {}
        }
        match files.teacher.map(models::any).transpose()? {
            Some(Model::Decoder(model)) => materials.model = Some(*model),
            Some(Model::Encoder(model)) => materials.encoder = Some(*model),
            None => {}
        }
        materials.student = files.student.map(models::decoder).transpose()?;
        let absolute = |path: Option<&Path>| path.map(|path| std::path::absolute(path).map_err(Error::read(path))).transpose();
        let [data, teacher, student, cache] = [files.data, files.teacher, files.student, files.cache].map(absolute);
        let place = device::open(device)?;
        if let Some(note) = place.note() {
            eprintln!("note: {note}");
        }
        interrupt::listen();
        Ok(Self { place, json, data: data?, teacher: teacher?, student: student?, cache: cache?, materials })
    }

    /// Opens a run before its first step.
    pub fn begin(&self, experiment: Experiment) -> Result<Run, Error> {
        if let Some(path) = self.data.as_deref().filter(|path| data::is_csv(path) && experiment.task.name != TaskName::Jsonl) {
            return Err(Error::input(format!("--data {}: CSV holds instructions: add --set task.name=jsonl", path.display())));
        }
        let mut run = block_on(Run::new(experiment, &self.place, &self.materials)).map_err(data::blame(self.data.as_deref()))?;
        for note in run.notes() {
            eprintln!("note: {note}");
        }
        self.equip(&mut run)?;
        Ok(run)
    }

    /// Opens a run where a checkpoint left it.
    pub fn resume(&self, checkpoint: &[u8]) -> Result<Run, Error> {
        let mut run = block_on(Run::resume(checkpoint, &self.place, &self.materials)).map_err(data::blame(self.data.as_deref()))?;
        self.equip(&mut run)?;
        Ok(run)
    }

    fn equip(&self, run: &mut Run) -> Result<(), Error> {
        self.cache.as_deref().map_or(Ok(()), |path| teacher_cache::equip(run, path))
    }
}
