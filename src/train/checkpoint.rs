//! A run as a file: every parameter and optimiser state as safetensors, the experiment and the place in the run as its metadata.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Learner, Optimizer, Run, RunError, event::*};
use crate::data::IdxFiles;
use crate::device::{Place, Reads, read};
use crate::model::{self, Decoded, Named, Net, Parameter, Trainable};
use crate::spec::{Experiment, TeacherSource};

/// Metadata key of [`Progress`].
const KEY: &str = "distillery.checkpoint";
/// Metadata key of the experiment in a file of weights.
const EXPERIMENT: &str = "distillery.experiment";
const VERSION: u32 = 1;

/// Where a run stood.
#[derive(Debug, Serialize, Deserialize)]
struct Progress {
    version: u32,
    experiment: Experiment,
    phase: Phase,
    step: usize,
    /// Steps of every network, in the order of [`Run::learners`].
    learner_steps: Vec<usize>,
}

/// Tensors waiting to be read, with the names and shapes under which they will be written.
#[derive(Default)]
struct Pending {
    names: Vec<(String, Vec<usize>)>,
    reads: Reads,
}

impl Pending {
    fn add_network(&mut self, prefix: &str, learner: &Learner, parameters: &[Parameter]) {
        for (parameter, tensor) in parameters.iter().zip(learner.net.parameters()) {
            self.names.push((format!("{prefix}{}", parameter.name), parameter.shape.clone()));
            self.reads.add(tensor);
        }
    }

    async fn read(self) -> Result<Vec<Named>, RunError> {
        let values = self.reads.run().await?;
        Ok(self.names.into_iter().zip(values).map(|((name, shape), values)| (name, shape, values)).collect())
    }
}

impl Run {
    /// Prefix in a checkpoint of every network that trains in this run, in the order of [`Run::learners`].
    fn prefixes(&self) -> Vec<String> {
        let teachers = (0..self.live_teachers()).map(|index| format!("teacher.{index}."));
        teachers.chain(["alone.".to_owned(), "distilled.".to_owned()]).collect()
    }

    fn learners(&self) -> Vec<&Learner> {
        self.teachers.learners[..self.live_teachers()].iter().chain([&self.alone, &self.distilled]).collect()
    }

    fn learners_mut(&mut self) -> Vec<&mut Learner> {
        let live = self.live_teachers();
        self.teachers.learners[..live].iter_mut().chain([&mut self.alone, &mut self.distilled]).collect()
    }

    /// A shipped teacher is not saved: every build has it.
    fn live_teachers(&self) -> usize {
        if self.experiment.teacher.source == TeacherSource::Live { self.teachers.learners.len() } else { 0 }
    }

    /// The run as bytes.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails.
    pub async fn save(&self) -> Result<Vec<u8>, RunError> {
        let mut pending = Pending::default();
        let mut learner_steps = Vec::new();
        for (prefix, learner) in self.prefixes().into_iter().zip(self.learners()) {
            learner_steps.push(learner.steps);
            let parameters = learner.layout.parameters();
            pending.add_network(&prefix, learner, &parameters);
            for (name, tensor) in learner.optimizer.state(&parameters) {
                pending.names.push((format!("{prefix}{name}"), tensor.dims().to_vec()));
                pending.reads.add(tensor);
            }
        }
        let progress =
            Progress { version: VERSION, experiment: self.experiment.clone(), phase: self.phase, step: self.step, learner_steps };
        let metadata = HashMap::from([(KEY.to_owned(), serde_json::to_string(&progress).expect("plain data"))]);
        Ok(model::encode(&pending.read().await?, metadata, false))
    }

    /// Goes on from a checkpoint.
    ///
    /// # Errors
    /// A file that is no checkpoint of this version, or whose tensors do not fit its experiment; and everything [`Run::new`] refuses.
    pub async fn resume(bytes: &[u8], place: &Place, files: Option<&IdxFiles>) -> Result<Self, RunError> {
        let mut file = model::decode(bytes)?;
        let wrong = |message: String| RunError::Checkpoint(message);
        let text = file.metadata.get(KEY).ok_or_else(|| wrong(format!("its metadata has no `{KEY}`")))?;
        let progress: Progress = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if progress.version != VERSION {
            return Err(wrong(format!("it is of version {}, this build reads {VERSION}", progress.version)));
        }
        let mut run = Self::new(progress.experiment, place, files).await?;
        let prefixes = run.prefixes();
        if prefixes.len() != progress.learner_steps.len() {
            return Err(wrong("it holds another number of networks".into()));
        }
        for ((prefix, learner), steps) in prefixes.into_iter().zip(run.learners_mut()).zip(progress.learner_steps) {
            restore(&prefix, learner, steps, place, &mut file)?;
        }
        run.phase = progress.phase;
        run.step = progress.step;
        if run.phase != Phase::Teacher {
            run.keep_teacher();
        }
        run.look_again().await?;
        Ok(run)
    }

    /// The weights of one network alone, for other programs. Several teachers get the prefixes `0.`, `1.`, ...
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails.
    pub async fn weights(&self, role: Role, half: bool) -> Result<Vec<u8>, RunError> {
        let mut pending = Pending::default();
        let mut add = |prefix: &str, learner: &Learner| {
            let mut parameters = learner.layout.parameters();
            parameters.retain(|parameter| !parameter.name.starts_with("projection"));
            pending.add_network(prefix, learner, &parameters);
        };
        match role {
            Role::Alone => add("", &self.alone),
            Role::Distilled => add("", &self.distilled),
            Role::Teacher if self.teachers.learners.len() == 1 => add("", &self.teachers.learners[0]),
            Role::Teacher => self.teachers.learners.iter().enumerate().for_each(|(index, learner)| add(&format!("{index}."), learner)),
        }
        let metadata = HashMap::from([(EXPERIMENT.to_owned(), serde_json::to_string(&self.experiment).expect("plain data"))]);
        Ok(model::encode(&pending.read().await?, metadata, half))
    }

    /// Puts the weights of a file, as [`Run::weights`] writes them, into a student and evaluates it. Its optimiser starts afresh.
    ///
    /// # Errors
    /// A file that is not the weights of a network of this shape (the run is then as it was), and a teacher.
    pub async fn load_weights(&mut self, role: Role, bytes: &[u8]) -> Result<Event, RunError> {
        let learner = match role {
            Role::Alone => &mut self.alone,
            Role::Distilled => &mut self.distilled,
            Role::Teacher => return Err(RunError::Unavailable("weights can be put into a student only: the teacher's logits are kept")),
        };
        let mut file = model::decode(bytes)?;
        let shapes = learner.layout.parameters();
        let own = learner.net.parameters();
        let mut values = Vec::new();
        for (shape, own) in shapes.iter().zip(own) {
            // A projection is thrown away with the run that learned it.
            let kept = shape.name.starts_with("projection");
            values.push(if kept { read(own).await? } else { file.take(&shape.name, &shape.shape)? });
        }
        learner.net = Net::new(&learner.layout, &values, &self.place.autodiff());
        learner.optimizer = Optimizer::new(&self.experiment.train);
        self.evaluate().await
    }
}

fn restore(prefix: &str, learner: &mut Learner, steps: usize, place: &Place, file: &mut Decoded) -> Result<(), RunError> {
    let parameters = learner.layout.parameters();
    let values = parameters.iter().map(|p| file.take(&format!("{prefix}{}", p.name), &p.shape)).collect::<Result<Vec<_>, _>>()?;
    learner.net = Net::new(&learner.layout, &values, &place.autodiff());
    learner.optimizer.restore(&parameters, steps, place, |name, count| file.take(&format!("{prefix}{name}"), &[count]))?;
    learner.steps = steps;
    Ok(())
}
