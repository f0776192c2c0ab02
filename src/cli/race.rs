//! One run in its directory, from wherever it stands to its end.

use std::fs;
use std::path::{Path, PathBuf};

use pollster::block_on;
use serde_json::json;

use super::allocator;
use super::best;
use super::card;
use super::error::Error;
use super::interrupt;
use super::measured::Measured;
use super::memory;
use super::metrics::{self, Metrics};
use super::output::quoted;
use super::progress::Progress;
use super::record::Record;
use super::report;
use super::rundir::RunDir;
use super::session::Session;
use super::settings::Settings;
use super::table::{percent, thousands};
use super::teacher_texts::{self, Keeper};
use super::texts;
use crate::device::DeviceError;
use crate::spec::TeacherSource;
use crate::train::{Event, NetworkSize, Phase, Role, Run, RunError};

pub struct Race {
    run: Run,
    directory: RunDir,
    settings: Settings,
    metrics: Metrics,
    /// Where the teacher's texts go, if the run has such.
    keeper: Option<Keeper>,
    progress: Progress,
    /// What `resume` is to be called with.
    resume_path: PathBuf,
    teacher_steps: usize,
    /// Steps made, the teacher's own phase counted.
    step: usize,
    /// Step of the newest checkpoint.
    saved: Option<usize>,
}

impl Race {
    /// Starts a run in a fresh directory.
    pub fn start(
        session: &Session,
        run: Run,
        directory: RunDir,
        settings: Settings,
        label: &str,
        resume_path: &Path,
    ) -> Result<Self, Error> {
        let settings = settings.of(&run);
        directory.describe(run.experiment(), &settings)?;
        let metrics = Metrics::open(&directory.file("metrics.jsonl"), None)?;
        let mut race = Self::assemble(session, run, directory, settings, metrics, label, resume_path, None)?;
        race.announce(session)?;
        let opened = race.run.opened();
        race.tell(&[opened])?;
        Ok(race)
    }

    /// Goes on with the run of a directory from its newest checkpoint that can be read; without any, from its start.
    pub fn resume(session: &Session, directory: RunDir, label: &str, resume_path: &Path) -> Result<Self, Error> {
        let (experiment, before) = (directory.experiment()?, directory.settings()?);
        let settings = before.clone().moved(session);
        let Some((step, run)) = newest(session, &directory)? else {
            let run = session.begin(experiment)?;
            return Self::start(session, run, directory, settings, label, resume_path);
        };
        if *run.experiment() != experiment {
            let path = directory.file("experiment.json");
            return Err(Error::input(format!(
                "{}: the checkpoint of step {step} is of another experiment. If this file was changed after the run began, put it back, or start a new \
                 run with it by `distillery run {}`; if the checkpoint is another run's, delete it",
                path.display(),
                quoted(&path)
            )));
        }
        let metrics = Metrics::open(&directory.file("metrics.jsonl"), Some(step))?;
        let settings = settings.of(&run);
        if settings != before {
            directory.remember(&settings)?;
        }
        let mut race = Self::assemble(session, run, directory, settings, metrics, label, resume_path, Some(step))?;
        race.announce(session)?;
        // The file has these lines already; a machine that listens has not.
        for event in race.run.restored() {
            race.progress.event(&event, step)?;
        }
        Ok(race)
    }

    #[expect(clippy::too_many_arguments, reason = "private: it only gathers the fields")]
    fn assemble(
        session: &Session,
        mut run: Run,
        directory: RunDir,
        settings: Settings,
        metrics: Metrics,
        label: &str,
        resume_path: &Path,
        saved: Option<usize>,
    ) -> Result<Self, Error> {
        let keeper = Keeper::open(&mut run, session.texts.as_deref(), &directory.file(teacher_texts::FILE))?;
        allocator::running(resume_path);
        allocator::saved(saved);
        let summary = run.summary();
        let step = saved.unwrap_or(0);
        let total = summary.teacher_steps + summary.student_steps;
        let progress = Progress::new(session.json, label.into(), run.experiment().seed, total, step);
        let teacher_steps = summary.teacher_steps;
        let resume_path = resume_path.into();
        Ok(Self { run, directory, settings, metrics, keeper, progress, resume_path, teacher_steps, step, saved })
    }

    fn announce(&self, session: &Session) -> Result<(), Error> {
        let place = &session.place;
        self.progress.machine(&json!({
            "type": "started", "directory": self.directory.path(), "from_step": self.step,
            "backend": place.backend(), "adapter": place.adapter(), "note": place.note(),
        }))?;
        let from = if self.step > 0 { format!("from step {}, ", self.step) } else { String::new() };
        let devices: Vec<_> =
            [place].into_iter().chain(place.beside()).map(|place| format!("{} ({})", place.backend(), place.adapter())).collect();
        self.progress.person(&format!("{from}on {}, into {}", devices.join(" and "), self.directory.path().display()));
        if let Some(text) = adapters(&self.run.summary().networks) {
            self.progress.person(&text);
        }
        // What a GPU has free is not told.
        if place.backend() == "cpu"
            && let Some(text) = memory::announcement(self.run.memory(), memory::free())
        {
            self.progress.person(&text);
        }
        Ok(())
    }

    /// Runs to the end, then writes weights and report.
    pub fn finish(mut self) -> Result<Record, Error> {
        while !self.run.finished() {
            if let Err(error) = self.pump() {
                if error.is_broken_pipe() {
                    // It would be told to nobody; the checkpoint is there before it is told.
                    let _ = self.save();
                }
                return Err(self.stopped(error));
            }
            if interrupt::asked() && !self.run.finished() {
                self.save().map_err(|error| self.stopped(error))?;
                self.progress.clear();
                let (step, directory) = (self.step, quoted(&self.resume_path));
                return Err(Error::Interrupted(format!("stopped at step {step}; go on with: distillery resume {directory}")));
            }
        }
        self.write_results().map_err(|error| self.stopped(error))?;
        self.progress.clear();
        Record::read(&self.directory)
    }

    fn pump(&mut self) -> Result<(), Error> {
        // Up to the next readback, which comes at the same steps in a resumed run as in one that was never stopped, and no further than an
        // evaluation: the student that was evaluated is there to be kept.
        let stride = self.run.stride();
        let steps = (stride - self.step % stride).min(self.run.until_evaluation());
        let events = block_on(self.run.advance(steps));
        // What the teacher has written is there, whatever came after it.
        if let Some(keeper) = &mut self.keeper {
            keeper.keep(&mut self.run)?;
        }
        let events = events?;
        self.tell(&events)?;
        self.keep_best(&events)?;
        let every = self.settings.checkpoint_every;
        if self.run.finished() || self.step / every > self.saved.unwrap_or(0) / every {
            self.save()?;
        }
        Ok(())
    }

    fn tell(&mut self, events: &[Event]) -> Result<(), Error> {
        let seed = self.run.experiment().seed;
        for event in events {
            self.step = metrics::total_step(event, self.teacher_steps, self.step);
            self.metrics.append(&metrics::line(event, seed, self.step))?;
            self.progress.event(event, self.step)?;
        }
        Ok(())
    }

    /// Keeps the student of an evaluation among the events, if it is good enough. The first one has learned nothing yet.
    fn keep_best(&self, events: &[Event]) -> Result<(), Error> {
        let most = self.settings.keep_best;
        for event in events {
            if let Event::Evaluated { phase: Phase::Students, step: 1.., networks } = event
                && let Some(found) = networks.iter().find(|network| network.role == Role::Distilled)
            {
                best::offer(&self.directory, most, found, || self.files(Role::Distilled))?;
            }
        }
        Ok(())
    }

    /// A student as files: a Hugging Face folder where the teacher came from one, otherwise weights alone.
    fn files(&self, role: Role) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
        Ok(match block_on(self.run.folder(role))? {
            Some(files) => files,
            None => vec![("student.safetensors", block_on(self.run.weights(role, false))?)],
        })
    }

    fn save(&mut self) -> Result<(), Error> {
        if self.saved == Some(self.step) {
            return Ok(());
        }
        let bytes = block_on(self.run.save())?;
        self.metrics.sync()?;
        self.keeper.as_ref().map_or(Ok(()), Keeper::sync)?;
        let path = self.directory.save_checkpoint(self.step, &bytes)?;
        self.saved = Some(self.step);
        allocator::saved(self.saved);
        self.progress.machine(&json!({ "type": "checkpoint", "path": path, "total_step": self.step }))
    }

    /// Writes what [`complete`] looks for. What was measured, and a card that may have been edited since, stay.
    fn write_results(&self) -> Result<(), Error> {
        if Measured::read(&self.directory).ok().flatten().is_none() {
            let (measured, written) = Measured::of(&self.run)?;
            texts::write(&self.directory, written)?;
            measured.write(&self.directory)?;
        }
        for (name, role) in [("student", Role::Distilled), ("alone", Role::Alone)] {
            let Some(files) = block_on(self.run.folder(role))? else { break };
            self.directory.write_folder(name, &files)?;
            let base = card::file_name(self.settings.student.as_deref()).unwrap_or_default();
            if let Some(files) = block_on(self.run.adapters(role, &base.to_string_lossy()))? {
                self.directory.write_folder(&format!("{name}/adapter"), &files)?;
            }
        }
        let source = self.run.experiment().teacher.source;
        if source != TeacherSource::File {
            let weights = |role: Role| block_on(self.run.weights(role, false)).map_err(Error::from);
            self.directory.write("student.safetensors", &weights(Role::Distilled)?)?;
            self.directory.write("alone.safetensors", &weights(Role::Alone)?)?;
            if source == TeacherSource::Live {
                self.directory.write("teacher.safetensors", &weights(Role::Teacher)?)?;
            }
        }
        card::write(&self.directory)?;
        report::write(&self.directory)
    }

    /// Says how to go on, unless the same steps would lead to the same end.
    fn stopped(&self, cause: Error) -> Error {
        self.progress.clear();
        let place = self.run.place();
        let cause = match cause {
            Error::Run(cause @ RunError::NotFinite { key, value, .. }) => {
                return Error::Diverged { cause: Box::new(cause.into()), directory: self.directory.path().to_owned(), key, value };
            }
            Error::Run(RunError::Device(DeviceError::Lost(why))) if place.backend() == "remote" => {
                let why = why.lines().last().unwrap_or_default().trim();
                DeviceError::Lost(format!("the server at {} went away, or its device failed ({why})", place.adapter())).into()
            }
            cause => cause,
        };
        Error::Stopped { cause: Box::new(cause), directory: self.resume_path.clone(), checkpoint: self.saved }
    }
}

/// The record of a run that has come to its end and left all its results: nothing is to be done about it any more. One whose experiment was changed
/// since is not what its results are of.
pub fn complete(directory: &RunDir) -> Option<Record> {
    let record = Record::read(directory).ok().filter(|record| record.finished && record.measured.is_some() && record.is_as_it_began())?;
    let weights: &[&str] = match record.experiment.teacher.source {
        TeacherSource::File => &["student/config.json", "student/model.safetensors", "alone/config.json", "alone/model.safetensors"],
        TeacherSource::Live => &["student.safetensors", "alone.safetensors", "teacher.safetensors"],
        TeacherSource::Pretrained => &["student.safetensors", "alone.safetensors"],
    };
    let there = |name: &str| directory.file(name).exists();
    (weights.iter().all(|name| there(name)) && there(&card::path(&record.settings)) && there(report::NAME)).then_some(record)
}

/// What learns where not all does.
fn adapters(networks: &[NetworkSize]) -> Option<String> {
    let student = networks.iter().find(|size| size.role == Role::Distilled)?;
    let (learn, all) = (student.adapters?, student.parameters);
    Some(format!(
        "adapters (LoRA): {} parameters of each student learn, its other {} stand still ({})",
        thousands(learn),
        thousands(all),
        percent(learn as f64 / all as f64)
    ))
}

/// The newest checkpoint that can be read. A damaged one is passed by with a note: the one before leads to the same numbers.
fn newest(session: &Session, directory: &RunDir) -> Result<Option<(usize, Run)>, Error> {
    let mut last_error = None;
    for (step, path) in directory.checkpoints()? {
        let bytes = fs::read(&path).map_err(Error::read(&path))?;
        match session.resume(&bytes) {
            Ok(run) => return Ok(Some((step, run))),
            Err(Error::Run(error)) if error.is_of_checkpoint() => {
                eprintln!("note: {}: {error}; trying the checkpoint before it", path.display());
                last_error = Some(Error::input(format!(
                    "{}: {error}. No checkpoint of this run can be read: delete the folder checkpoints/ to start it anew",
                    path.display()
                )));
            }
            Err(error) => return Err(error),
        }
    }
    last_error.map_or(Ok(None), Err)
}
