//! A run as a file: every parameter and optimiser state as safetensors, the experiment and the place in the run as its metadata.

use std::collections::HashMap;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::{Learner, Materials, Run, RunError, Sources, contest::Contest, event::*, patience::Best, scale::LossScale};
use crate::device::{Place, Reads};
use crate::method::text::Memory;
use crate::model::encoder::EncoderConfig;
use crate::model::formats::{self, Sentences, bert, huggingface, peft};
use crate::model::lora::is_factor;
use crate::model::{self, Decoded, Named, Parameter, Trainable, TransformerConfig};
use crate::spec::{Experiment, Train};

/// Metadata key of [`Progress`].
const KEY: &str = "distillery.checkpoint";
/// Metadata key of the experiment in a file of weights.
const EXPERIMENT: &str = "distillery.experiment";
const VERSION: u32 = 1;
/// Name of a network's loss scale.
const SCALE: &str = "loss_scale";

/// What every version of [`Progress`] begins with: the rest of another one may read otherwise.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Where a run stood.
#[derive(Debug, Serialize, Deserialize)]
struct Progress {
    version: u32,
    experiment: Experiment,
    phase: Phase,
    step: usize,
    /// Steps of every network that trains.
    learner_steps: Vec<usize>,
    /// Steps that the optimiser of each knows of: it starts afresh with weights from a file, and is not told of steps that were left out. Files of
    /// before have it not.
    #[serde(default)]
    optimizer_steps: Vec<usize>,
    /// What the method remembers (text only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    memory: Option<Memory>,
    /// Of the data and of the texts to be tested on, where they came from files. Files of before do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<[Option<String>; 2]>,
    /// Of the teacher from a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    teacher: Option<String>,
    /// Of the student that began as a model from a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    student: Option<String>,
    /// Of the chat templates by which instructions are put. Files of before followed none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    templates: Option<String>,
    /// What early stopping remembers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    best: Option<Best>,
}

/// Tensors waiting to be read, with the names and shapes under which they will be written.
#[derive(Default)]
pub(super) struct Pending {
    names: Vec<(String, Vec<usize>)>,
    reads: Reads,
}

impl Pending {
    fn add(&mut self, name: String, shape: Vec<usize>, tensor: Tensor<1>) {
        self.names.push((name, shape));
        self.reads.add(tensor);
    }

    async fn read(self) -> Result<Vec<Named>, RunError> {
        let values = self.reads.run().await?;
        Ok(self.names.into_iter().zip(values).map(|((name, shape), values)| (name, shape, values)).collect())
    }
}

/// A network that a checkpoint holds, whichever its kind.
pub(super) trait Saved {
    fn steps(&self) -> usize;
    /// Those that its optimiser knows of.
    fn optimizer_steps(&self) -> usize;
    /// All its weights, adapters merged into them.
    fn add_parameters(&self, prefix: &str, pending: &mut Pending);
    /// What learns, and with `whole` what is frozen too.
    fn add_learned(&self, prefix: &str, whole: bool, pending: &mut Pending);
    /// The state of its optimiser.
    fn add_state(&self, prefix: &str, pending: &mut Pending);
    /// Other values for all parameters; its optimiser starts afresh.
    fn replace(&mut self, values: &[Vec<f32>], train: &Train, place: &Place);
    /// Puts saved parameters and state back: what [`Saved::add_learned`] and [`Saved::add_state`] wrote. `steps` are its own and, where they are
    /// known, its optimiser's.
    fn restore(
        &mut self,
        prefix: &str,
        steps: (usize, Option<usize>),
        whole: bool,
        place: &Place,
        file: &mut Decoded,
    ) -> Result<(), RunError>;
}

impl<N: Trainable> Saved for Learner<N> {
    fn steps(&self) -> usize {
        self.steps
    }

    fn optimizer_steps(&self) -> usize {
        self.optimizer.steps()
    }

    fn add_parameters(&self, prefix: &str, pending: &mut Pending) {
        for (parameter, tensor) in N::shapes(&self.layout).into_iter().zip(self.merged().parameters()) {
            pending.add(format!("{prefix}{}", parameter.name), parameter.shape, tensor);
        }
    }

    fn add_learned(&self, prefix: &str, whole: bool, pending: &mut Pending) {
        for (parameter, tensor) in self.stored() {
            if whole || self.lora().is_none() || is_factor(&parameter.name) {
                pending.add(format!("{prefix}{}", parameter.name), parameter.shape, tensor);
            }
        }
    }

    fn add_state(&self, prefix: &str, pending: &mut Pending) {
        for (name, tensor) in self.optimizer.state(&self.learning()) {
            pending.add(format!("{prefix}{name}"), tensor.dims().to_vec(), tensor);
        }
        if let Some(scale) = &self.scale {
            let numbers = scale.numbers();
            let device = self.net.parameters().first().expect("a network has parameters").device();
            pending.add(format!("{prefix}{SCALE}"), vec![numbers.len()], Tensor::from_floats(numbers, &device));
        }
    }

    fn replace(&mut self, values: &[Vec<f32>], train: &Train, place: &Place) {
        self.start_from(values, train, place);
    }

    fn restore(
        &mut self,
        prefix: &str,
        (steps, seen): (usize, Option<usize>),
        whole: bool,
        place: &Place,
        file: &mut Decoded,
    ) -> Result<(), RunError> {
        let mut take = |parameters: &[Parameter]| {
            parameters.iter().map(|p| file.take(&format!("{prefix}{}", p.name), &p.shape)).collect::<Result<Vec<_>, _>>()
        };
        let frozen = if whole && self.lora().is_some() { Some(take(&N::shapes(&self.layout))?) } else { None };
        let learning = self.learning();
        let learned = take(&learning)?;
        self.put(frozen.as_deref(), learned, place);
        if self.scale.is_some() {
            self.scale = LossScale::from_numbers(&file.take(&format!("{prefix}{SCALE}"), &[3])?);
        }
        // Of a file of before: it did not see the steps that were left out.
        let seen = seen.unwrap_or_else(|| steps - self.scale.map_or(0, |scale| scale.skipped()).min(steps));
        self.optimizer.restore(&learning, seen, place, |name, count| file.take(&format!("{prefix}{name}"), &[count]))?;
        self.steps = steps;
        Ok(())
    }
}

/// What stands before the names of a network's tensors.
fn prefix(role: Role, index: usize) -> String {
    match role {
        Role::Teacher => format!("teacher.{index}."),
        Role::Alone => "alone.".into(),
        Role::Distilled => "distilled.".into(),
    }
}

impl Run {
    /// The roles whose networks train in this run. A shipped teacher is not saved (every build has it), nor one from a file that stays as it is.
    fn trained(&self) -> &'static [Role] {
        if self.experiment.teacher_learns() { &ROLES } else { &ROLES[1..] }
    }

    /// Whether what is frozen under adapters has to be saved: it is in the models from files, unless the students began as a teacher that had
    /// first to learn.
    fn saves_whole(&self) -> bool {
        self.experiment.teacher_learns()
    }

    /// The run as bytes.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails.
    pub async fn save(&self) -> Result<Vec<u8>, RunError> {
        let mut pending = Pending::default();
        let (mut learner_steps, mut optimizer_steps) = (Vec::new(), Vec::new());
        for &role in self.trained() {
            for (index, learner) in self.contest.networks(role).into_iter().enumerate() {
                learner_steps.push(learner.steps());
                optimizer_steps.push(learner.optimizer_steps());
                learner.add_learned(&prefix(role, index), self.saves_whole(), &mut pending);
                learner.add_state(&prefix(role, index), &mut pending);
            }
        }
        let Sources { data, test, teacher, student, templates } = self.sources.clone();
        let progress = Progress {
            version: VERSION,
            experiment: self.experiment.clone(),
            phase: self.phase,
            step: self.step,
            learner_steps,
            optimizer_steps,
            memory: self.contest.memory().cloned(),
            data: Some([data, test]),
            teacher,
            student,
            templates,
            best: self.best,
        };
        let metadata = HashMap::from([(KEY.to_owned(), serde_json::to_string(&progress).expect("plain data"))]);
        Ok(model::encode(&pending.read().await?, metadata, false))
    }

    /// Goes on from a checkpoint.
    ///
    /// # Errors
    /// A file that is no checkpoint of this version, or whose tensors do not fit its experiment; and everything [`Run::new`] refuses.
    pub async fn resume(bytes: &[u8], place: &Place, materials: &Materials) -> Result<Self, RunError> {
        let mut file = model::decode(bytes)?;
        let wrong = |message: String| RunError::Checkpoint(message);
        let text = file.metadata.get(KEY).ok_or(RunError::NoCheckpoint(KEY))?;
        let unreadable = |error: serde_json::Error| wrong(error.to_string());
        let Versioned { version } = serde_json::from_str(text).map_err(unreadable)?;
        if version != VERSION {
            return Err(RunError::CheckpointVersion { found: version, expected: VERSION });
        }
        let progress: Progress = serde_json::from_str(text).map_err(unreadable)?;
        let [data, test] = progress.data.unwrap_or_else(|| materials.prints.clone());
        let before = Sources { data, test, teacher: progress.teacher, student: progress.student, templates: progress.templates };
        before.same_data(&materials.prints)?;
        let mut run = Self::new(progress.experiment, place, materials).await?;
        before.same_models(&run.sources)?;
        // Its own knows whether the backward pass computes anew.
        let place = run.place.clone();
        let (mut steps, mut seen) = (progress.learner_steps.into_iter(), progress.optimizer_steps.into_iter());
        let whole = run.saves_whole();
        for &role in run.trained() {
            let count = run.contest.networks(role).len();
            for index in 0..count {
                let steps = steps.next().ok_or_else(|| wrong("it holds fewer networks than its experiment has".into()))?;
                run.contest.network_mut(role, index).restore(&prefix(role, index), (steps, seen.next()), whole, &place, &mut file)?;
            }
        }
        if let Some(memory) = progress.memory {
            run.contest.remember(memory);
        }
        run.best = progress.best;
        run.phase = progress.phase;
        run.step = progress.step;
        if run.step > run.phase_steps() {
            return Err(wrong(format!("it is at step {} of {}", run.step, run.phase_steps())));
        }
        if run.phase != Phase::Teacher {
            run.freeze_teacher();
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
        let networks = self.contest.networks(role);
        for (index, network) in networks.iter().enumerate() {
            let prefix = if networks.len() > 1 { format!("{index}.") } else { String::new() };
            network.add_parameters(&prefix, &mut pending);
        }
        let metadata = HashMap::from([(EXPERIMENT.to_owned(), serde_json::to_string(&self.experiment).expect("plain data"))]);
        let mut tensors = pending.read().await?;
        tensors.retain(|(name, ..)| !is_projection(name));
        Ok(model::encode(&tensors, metadata, half))
    }

    /// A student of a run whose teacher came from a file, as the files of a Hugging Face folder, with the tokenizer of the model that it
    /// began as; `None` in other runs.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails.
    pub async fn folder(&self, role: Role) -> Result<Option<Vec<formats::File>>, RunError> {
        let origins = self.contest.origins();
        let Some(origin) = origins.student.as_ref().or(origins.teacher.as_ref()) else { return Ok(None) };
        let files = match &self.contest {
            Contest::Classes(_) => return Ok(None),
            Contest::Texts(texts) => {
                let network = texts.nets.network(role);
                // A projection is thrown away with the run that learned it; it stands last.
                let layout = TransformerConfig { projection: None, ..network.layout.clone() };
                let mut values = values(network).await?;
                values.truncate(layout.parameters().len());
                // Of a part of the teacher nothing was cut.
                let (layout, values) = match &origin.spare {
                    Some(spare) => spare.mend(&layout, &values),
                    None => (layout, values),
                };
                let stop = texts.stops(&origin.stop);
                let files = huggingface::folder(&layout, &values, &origin.tokenizer_json, &stop, &origin.chat, false);
                files.map_err(|error| RunError::Model(error.to_string()))?
            }
            Contest::Encoders(encoders) => {
                let network = encoders.nets.network(role);
                let (values, passages) = (values(network).await?, &encoders.passages);
                // A projection is thrown away with the run that learned it.
                let layout = EncoderConfig { projection: None, ..network.layout.clone() };
                // What it learned to read it is not to be cut off.
                let longest = origin.longest.map_or(layout.context, |longest| longest.max(self.experiment.text.context));
                // Of no use is the length that its embeddings have: what it learned are their cosines.
                let sentences = Sentences { longest, normalised: true };
                bert::folder(&layout, &values, &origin.tokenizer_json, passages.marks, &passages.labels.names, sentences)
            }
        };
        Ok(Some(files))
    }

    /// The adapters of a student that began as a model from a file, for `peft`; `base` is that model's name. `None` in other runs.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails.
    pub async fn adapters(&self, role: Role, base: &str) -> Result<Option<Vec<formats::File>>, RunError> {
        let (Contest::Texts(texts), Some(_)) = (&self.contest, &self.contest.origins().student) else { return Ok(None) };
        let network = texts.nets.network(role);
        let Some(lora) = network.lora() else { return Ok(None) };
        let mut pending = Pending::default();
        network.add_learned("", false, &mut pending);
        let factors: Vec<Vec<f32>> = pending.read().await?.into_iter().map(|(_, _, values)| values).collect();
        let files = peft::folder(&network.layout, lora, &factors, base);
        files.map(Some).map_err(|error| RunError::Model(error.to_string()))
    }

    /// Puts the weights of a file, as [`Run::weights`] writes them, into a student and evaluates it. Its optimiser starts afresh.
    ///
    /// # Errors
    /// A file that is not the weights of a network of this shape (the run is then as it was), and a teacher.
    pub async fn load_weights(&mut self, role: Role, bytes: &[u8]) -> Result<Event, RunError> {
        if role == Role::Teacher {
            return Err(RunError::Unavailable("weights can be put into a student only: what the teacher says is kept"));
        }
        let mut file = model::decode(bytes)?;
        let mut own = Pending::default();
        for network in self.contest.networks(role) {
            network.add_parameters("", &mut own);
        }
        let mut values = Vec::new();
        for (name, shape, own) in own.read().await? {
            values.push(if is_projection(&name) { own } else { file.take(&name, &shape)? });
        }
        self.contest.network_mut(role, 0).replace(&values, &self.experiment.train, &self.place);
        self.evaluate().await
    }
}

/// Every parameter of a network, on the host.
async fn values<N: Trainable>(network: &Learner<N>) -> Result<Vec<Vec<f32>>, RunError> {
    let mut reads = Reads::default();
    network.merged().parameters().into_iter().for_each(|tensor| reads.add(tensor));
    Ok(reads.run().await?)
}

/// A projection is thrown away with the run that learned it.
pub(super) fn is_projection(name: &str) -> bool {
    name.starts_with("projection")
}
