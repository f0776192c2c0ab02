//! What the runs of one command share: the device and the files.

use std::path::{Path, PathBuf};

use pollster::block_on;

use super::corpus;
use super::data;
use super::error::Error;
use super::models::{self, Model};
use super::{hub, interrupt, teacher_cache, teacher_texts, template};
use crate::data::{Fingerprint, Shipped, Tokenizer};
use crate::device::{self, Choice, Place};
use crate::spec::{Experiment, TaskName};
use crate::train::{Materials, Run, RunError, Sources, placed};

/// Files that are read before anything is made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files<'a> {
    pub data: Option<&'a Path>,
    pub test: Option<&'a Path>,
    pub teacher: Option<&'a Path>,
    pub student: Option<&'a Path>,
    pub cache: Option<&'a Path>,
    pub texts: Option<&'a Path>,
    /// What a run that is gone on with began with, as far as it is known.
    pub before: Option<&'a Sources>,
    /// Whether it is gone on with and began without chat templates.
    pub untemplated: bool,
}

pub struct Session {
    pub place: Place,
    pub json: bool,
    /// Folder of the IDX files or file of the text, absolute.
    pub data: Option<PathBuf>,
    /// File of the texts to be tested on, absolute.
    pub test: Option<PathBuf>,
    /// The teacher's file or folder, absolute, or its id on the Hub.
    pub teacher: Option<PathBuf>,
    /// The student's, absolute.
    pub student: Option<PathBuf>,
    /// The file of the teacher's likeliest tokens, absolute.
    pub cache: Option<PathBuf>,
    /// The file of the teacher's texts that is not the run's own, absolute.
    pub texts: Option<PathBuf>,
    materials: Materials,
    before: Option<Sources>,
}

impl Session {
    /// What `experiment`, and the same with other seeds, needs.
    pub fn open(device: Choice, experiment: &Experiment, files: Files, json: bool) -> Result<Self, Error> {
        let text = files.data.filter(|path| data::is_text(path, experiment.task.name));
        let columns = corpus::columns(experiment);
        if let Some(path) = files.test.filter(|_| experiment.task.name != TaskName::Labels) {
            return Err(Error::input(format!(
                "--test {}: only labelled texts have a file to be tested on: task.name=labels",
                path.display()
            )));
        }
        files.data.map_or(Ok(()), |path| readable(path, experiment.task.name))?;
        let mut materials = Materials { shipped: Shipped::all(), ..Materials::default() };
        match files.teacher.map(models::any).transpose()? {
            Some(Model::Decoder(model)) => materials.model = Some(*model),
            Some(Model::Encoder(model)) => materials.encoder = Some(*model),
            None => {}
        }
        match files.student.map(models::any).transpose()? {
            Some(Model::Decoder(model)) => materials.student = Some(*model),
            Some(Model::Encoder(model)) => materials.student_encoder = Some(*model),
            None => {}
        }
        if experiment.task.name == TaskName::Jsonl {
            let mut models = [&mut materials.model, &mut materials.student].into_iter().flatten();
            if !files.untemplated {
                models.try_for_each(template::follow)?;
            } else if models.into_iter().any(|model| model.chat.template().is_some()) {
                eprintln!("note: this run began without the model's chat template, and its instructions stay as they were");
            }
        }
        let place = device::open_all(device)?;
        shared(&place, experiment)?;
        placed(experiment, &place).map_err(RunError::from)?;
        materials.check(experiment)?;
        interrupt::listen();
        // Before anything is tokenised.
        let same = |prints: &[Option<String>; 2]| match files.before.map(|before| before.same_data(prints)) {
            Some(Err(error)) => Err(data::blame(files.data, files.test)(error.into())),
            _ => Ok(()),
        };
        match (files.data, text) {
            (Some(folder), None) => {
                let images = data::images(folder)?;
                materials.prints = [Some(data::images_print(&images)), None];
                same(&materials.prints)?;
                materials.images = Some(images);
            }
            (_, Some(path)) => {
                let source = corpus::source(path, columns)?;
                let test = files.test.map(|path| Ok::<_, Error>((path, corpus::source(path, columns)?))).transpose()?;
                materials.prints = [Some(print_of(&source)), test.as_ref().map(|(_, source)| print_of(source))];
                same(&materials.prints)?;
                match reader(experiment, &materials) {
                    Some((tokenizer, json)) => {
                        materials.corpus = Some(corpus::open((path, source), test, experiment, tokenizer, json)?);
                    }
                    None => materials.text = Some(data::text(path, columns)?),
                }
            }
            (None, None) => {}
        }
        let absolute = |path: Option<&Path>| path.map(|path| std::path::absolute(path).map_err(Error::read(path))).transpose();
        // A model's id on the Hub is no path.
        let model = |path: Option<&Path>| match path.filter(|path| hub::is_id(path)) {
            Some(id) => Ok(Some(id.into())),
            None => absolute(path),
        };
        let [data, test, cache, texts] = [files.data, files.test, files.cache, files.texts].map(absolute);
        let [teacher, student] = [files.teacher, files.student].map(model);
        if let Some(note) = place.note() {
            eprintln!("note: {note}");
        }
        if files.data.is_none() && files.teacher.is_some() && experiment.task.name == TaskName::Novel {
            eprintln!("note: without --data the text is the program's own, two chapters of Moby Dick");
        }
        let before = files.before.cloned();
        let (cache, texts) = (cache?, texts?);
        Ok(Self { place, json, data: data?, test: test?, teacher: teacher?, student: student?, cache, texts, materials, before })
    }

    /// Opens a run before its first step.
    pub fn begin(&self, experiment: Experiment) -> Result<Run, Error> {
        let mut run = block_on(Run::new(experiment, &self.place, &self.materials))
            .map_err(data::blame(self.data.as_deref(), self.test.as_deref()))?;
        // Without a checkpoint nothing else says what the run, or the one of another seed, began with.
        self.before.as_ref().map_or(Ok(()), |before| before.same_models(run.sources()))?;
        for note in run.notes() {
            eprintln!("note: {note}");
        }
        self.equip(&mut run)?;
        Ok(run)
    }

    /// Opens a run where a checkpoint left it.
    pub fn resume(&self, checkpoint: &[u8]) -> Result<Run, Error> {
        let mut run = block_on(Run::resume(checkpoint, &self.place, &self.materials))
            .map_err(data::blame(self.data.as_deref(), self.test.as_deref()))?;
        self.equip(&mut run)?;
        Ok(run)
    }

    fn equip(&self, run: &mut Run) -> Result<(), Error> {
        // Before a directory is made, and before the teacher is asked for anything.
        self.texts.as_deref().map_or(Ok(()), |path| teacher_texts::check(run, path))?;
        self.cache.as_deref().map_or(Ok(()), |path| teacher_cache::equip(run, path))
    }
}

/// One fingerprint for the files of a text.
fn print_of(source: &str) -> String {
    if source.contains(' ') { Fingerprint::of(source.as_bytes()).to_string() } else { source.to_owned() }
}

/// Whether a task reads data of this kind at all.
fn readable(path: &Path, task: TaskName) -> Result<(), Error> {
    let wrong = |problem: &str| Err(Error::input(format!("--data {}: {problem}", path.display())));
    match task {
        TaskName::Digits | TaskName::Plane | TaskName::Grammar | TaskName::Arithmetic => wrong(
            "this task takes no data files, it brings its own: leave them out, or --set task.name=fashion (or names, novel, jsonl, labels)",
        ),
        TaskName::Fashion if path.is_file() => wrong("the images are in four IDX files of one folder: name the folder"),
        TaskName::Fashion => Ok(()),
        TaskName::Names | TaskName::Novel | TaskName::Jsonl | TaskName::Labels => {
            std::fs::metadata(path).map_or_else(|error| wrong(&error.to_string()), |_| Ok(()))
        }
    }
}

/// Whether the devices can share the steps of a run.
fn shared(place: &Place, experiment: &Experiment) -> Result<(), Error> {
    let (devices, micro) = (1 + place.beside().len(), experiment.train.accumulate);
    match devices {
        1 => Ok(()),
        _ if !experiment.task.name.is_text() => {
            Err(Error::input("--device: decoders and encoders alone learn on several devices; name one here"))
        }
        _ if micro < devices => Err(Error::input(format!(
            "--device: {devices} devices share the micro-batches of a step, of which there is {micro}: --set train.accumulate={devices} or more"
        ))),
        _ => Ok(()),
    }
}

/// The one tokenizer by which a run reads its texts, and its file: they are kept as it reads them. A run whose student has a tokenizer of its own,
/// or that makes one out of the text, has them in memory.
fn reader<'a>(experiment: &Experiment, materials: &'a Materials) -> Option<(&'a Tokenizer, &'a str)> {
    if materials.student.is_some() || !matches!(experiment.task.name, TaskName::Novel | TaskName::Jsonl | TaskName::Labels) {
        return None;
    }
    let decoder = materials.model.as_ref().filter(|_| !experiment.is_encoder()).map(|model| (&model.tokenizer, &*model.tokenizer_json));
    let encoder = materials.encoder.as_ref().filter(|_| experiment.is_encoder()).map(|model| (&model.tokenizer, &*model.tokenizer_json));
    decoder.or(encoder)
}
