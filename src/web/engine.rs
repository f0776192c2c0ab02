//! What a command does. Nothing in here knows JavaScript, so that tests run it natively.

use std::collections::BTreeMap;

use serde_json::Value;

use super::protocol::{Command, EngineEvent, Reply};
use crate::device::{Place, self_test};
use crate::spec::{Experiment, SpecError, VERSION, presets};
use crate::train::{Cohort, Materials, Modes, Run, RunError};

/// Values of knobs that need a file of the visitor's own.
pub(super) const NATIVE: &[(&str, &str)] =
    &[("teacher.source", "file"), ("student.start", "file"), ("task.name", "jsonl"), ("task.name", "labels")];

/// A device and the run on it.
pub struct Engine {
    place: Place,
    run: Option<Run>,
    cohort: Option<Cohort>,
    modes: Option<Modes>,
    materials: Materials,
}

impl Engine {
    pub fn new(place: Place) -> Self {
        Self { place, run: None, cohort: None, modes: None, materials: Materials::default() }
    }

    /// Says which device this is.
    pub fn ready(&self) -> Reply {
        Reply::Engine(EngineEvent::Ready { backend: self.place.backend().into(), adapter: self.place.adapter().into() })
    }

    /// Carries out a command. A refused command leaves the run as it was.
    pub async fn send(&mut self, command: Command) -> Vec<Reply> {
        match self.carry_out(command).await {
            Ok(replies) => replies,
            Err(error) => vec![Reply::Engine(error_event(&error))],
        }
    }

    async fn carry_out(&mut self, command: Command) -> Result<Vec<Reply>, RunError> {
        let run_events = match command {
            Command::Open { preset, version, set } => {
                vec![self.open(read(&preset, version, &set)?).await?]
            }
            Command::OpenCohort { preset, version, set, students } => {
                let of = |own: &BTreeMap<_, _>| read(&preset, version, &set.clone().into_iter().chain(own.clone()).collect());
                let experiments: Vec<_> = students.iter().map(of).collect::<Result<_, _>>()?;
                // One that has ended makes room; one under way stays where this one is refused.
                self.cohort.take_if(|cohort| cohort.finished());
                let cohort = Cohort::new(&experiments, &self.place, &self.materials).await?;
                let opened = cohort.opened();
                self.cohort = Some(cohort);
                vec![opened]
            }
            Command::AdvanceCohort { steps } => {
                let none = RunError::Unavailable("no students learn together: open them first");
                vec![self.cohort.as_mut().ok_or(none)?.advance(steps).await?]
            }
            Command::OpenFile { json } => {
                // Text that is no JSON is refused below, with its place.
                let tree: Value = serde_json::from_str(&json).unwrap_or_default();
                let text = |key: &str| tree.pointer(&format!("/{}", key.replace('.', "/"))).and_then(Value::as_str);
                refuse_native(text("preset").unwrap_or_default(), text)?;
                vec![self.open(Experiment::from_json(&json)?).await?]
            }
            Command::Advance { steps } => self.running()?.advance(steps).await?,
            Command::StepOnly { role } => self.running()?.step_only(role).await?,
            Command::Set { key, value } => vec![self.running()?.set(&key, &value)?],
            Command::Inspect { index } => vec![self.running()?.inspect(index)?],
            Command::Plane { resolution } => vec![self.running()?.plane(resolution).await?],
            Command::Ask { input } => vec![self.running()?.ask(input).await?],
            Command::Study => vec![self.running()?.study()?],
            Command::Calibration => vec![self.running()?.calibration()?],
            Command::Dissect { row } => vec![self.running()?.dissect(row).await?],
            Command::Modes { spec, steps } => {
                if let Some(spec) = spec {
                    self.modes = Some(Modes::new(spec, &self.place)?);
                }
                let none = RunError::Unavailable("no fit is open: give a spec first");
                vec![self.modes.as_mut().ok_or(none)?.advance(steps).await?]
            }
            Command::Read { prompt } => vec![self.running()?.read(prompt).await?],
            Command::Bring { part, bytes } => {
                self.materials.shipped.bring(part, bytes.into_vec());
                return Ok(vec![Reply::Engine(EngineEvent::Brought)]);
            }
            Command::SelfTest => {
                let test = self_test(&self.place).await?;
                let (worst, limit, passed, milliseconds) = (test.worst, test.limit, test.passed, test.milliseconds);
                return Ok(vec![Reply::Engine(EngineEvent::SelfTested { worst, limit, passed, milliseconds })]);
            }
            Command::Save => {
                let run = self.running()?;
                let name = format!("{}-seed{}.checkpoint.safetensors", run.experiment().preset, run.experiment().seed);
                return Ok(vec![Reply::Engine(EngineEvent::File { name, bytes: run.save().await?.into() })]);
            }
            Command::Resume { bytes } => {
                let run = Run::resume(&bytes, &self.place, &self.materials).await?;
                let events = run.restored();
                self.run = Some(run);
                events
            }
            Command::Weights { role } => {
                let run = self.running()?;
                let who = role.name().replace(' ', "-");
                let name = format!("{}-{who}.safetensors", run.experiment().preset);
                return Ok(vec![Reply::Engine(EngineEvent::File { name, bytes: run.weights(role, false).await?.into() })]);
            }
            Command::LoadWeights { role, bytes } => vec![self.running()?.load_weights(role, &bytes).await?],
        };
        Ok(run_events.into_iter().map(Reply::Run).collect())
    }

    async fn open(&mut self, experiment: Experiment) -> Result<crate::train::Event, RunError> {
        let run = Run::new(experiment, &self.place, &self.materials).await?;
        let opened = run.opened();
        self.run = Some(run);
        Ok(opened)
    }

    fn running(&mut self) -> Result<&mut Run, RunError> {
        self.run.as_mut().ok_or(RunError::Unavailable("no run is open: open one first"))
    }
}

/// A preset with the knobs that differ, if the page can run it.
fn read(preset: &str, version: u32, set: &BTreeMap<String, String>) -> Result<Experiment, SpecError> {
    if version != VERSION {
        return Err(SpecError::Version { found: version.to_string(), expected: VERSION });
    }
    refuse_native(preset, |key| set.get(key).map(String::as_str))?;
    Experiment::from_preset(preset, set.iter().map(|(key, value)| (key.as_str(), value.as_str())))
}

/// What needs a file that the page cannot read. Said before an experiment is read whole, which would find contradictions in what is beside the
/// point here.
fn refuse_native<'a>(preset: &str, value: impl Fn(&str) -> Option<&'a str>) -> Result<(), SpecError> {
    if presets::find(preset).is_ok_and(presets::Preset::is_native) {
        return Err(SpecError::Native { key: None, value: preset.into() });
    }
    let wanted = |(key, native): &(&'static str, &str)| value(key) == Some(native);
    match NATIVE.iter().find(|pair| wanted(pair)) {
        Some(&(key, native)) => Err(SpecError::Native { key: Some(key), value: native.into() }),
        None => Ok(()),
    }
}

/// An error as the page gets it.
pub fn error_event(error: &RunError) -> EngineEvent {
    let (key, value, allowed) = error.parts();
    EngineEvent::Error { code: error.code().into(), message: error.to_string(), key, value, allowed, fatal: error.is_fatal() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test_async;

    fn refusal(replies: &[Reply]) -> (String, Option<String>, Option<String>) {
        match replies {
            [Reply::Engine(EngineEvent::Error { code, key, value, .. })] => (code.clone(), key.clone(), value.clone()),
            other => panic!("a refusal was expected: {other:?}"),
        }
    }

    #[test_async]
    async fn what_needs_files_is_refused_as_native_whatever_else_contradicts_it() {
        let mut engine = Engine::new(Place::cpu());
        let text = |text: &str| Some(text.to_owned());
        for (key, value) in NATIVE {
            let set = [((*key).to_owned(), (*value).to_owned())].into();
            let replies = engine.send(Command::Open { preset: "first-light".into(), version: VERSION, set }).await;
            assert_eq!(refusal(&replies), ("native_value".into(), text(key), text(value)));
        }
        for preset in presets::TABLE.iter().filter(|preset| preset.is_native()) {
            let json = preset.experiment().to_json();
            let replies = engine.send(Command::OpenFile { json }).await;
            assert_eq!(refusal(&replies), ("native_preset".into(), None, text(preset.id)));
        }
    }
}
