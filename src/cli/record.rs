//! A run as its directory tells it: what `report`, `compare` and `--seeds` read.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::Error;
use super::files::read_text;
use super::measure::Measure;
use super::measured::Measured;
use super::output::quoted;
use super::rundir::RunDir;
use super::settings::{EVERY, Settings};
use super::table::thousands;
use crate::spec::{Experiment, Objective, TaskName};
use crate::train::{Early, Evaluation, Flops, Layers, LossParts, Phase, Role};

/// A run and all it said.
pub struct Record {
    pub experiment: Experiment,
    pub settings: Settings,
    pub facts: Facts,
    /// Once it is finished.
    pub measured: Option<Measured>,
    /// Evaluations with the steps of the whole run, in order.
    pub evaluations: Vec<(usize, Evaluation)>,
    /// Training losses with the steps of the whole run, in order.
    pub losses: Vec<(usize, LossParts)>,
    /// The last evaluation of every network.
    pub finals: BTreeMap<Role, Evaluation>,
    /// Median of the measured steps per second of the students' phase.
    pub steps_per_second: Option<f64>,
    pub finished: bool,
    /// Why it ended before its steps were up.
    pub early: Option<Early>,
    /// What its training took, once it is finished; runs of before do not say.
    pub flops: Option<Flops>,
}

/// The part of the opening event that a report shows.
#[derive(Debug, Default, Deserialize)]
pub struct Facts {
    pub networks: Vec<Size>,
    pub train_rows: usize,
    pub labelled_rows: usize,
    pub test_rows: usize,
    #[serde(default)]
    pub validation_rows: usize,
    pub teacher_steps: usize,
    pub student_steps: usize,
    /// The experiment that began.
    #[serde(default)]
    json: String,
}

#[derive(Debug, Deserialize)]
pub struct Size {
    pub role: Role,
    pub parameters: usize,
    pub bytes: usize,
    pub layers: Layers,
}

#[derive(Deserialize)]
struct Line {
    total_step: usize,
    #[serde(flatten)]
    event: Said,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    Opened {
        summary: Facts,
    },
    Progress {
        phase: Phase,
        losses: Vec<LossParts>,
        steps_per_second: f64,
    },
    Evaluated {
        phase: Phase,
        networks: Vec<Evaluation>,
    },
    Finished {
        #[serde(default)]
        early: Option<Early>,
        #[serde(default)]
        flops: Option<Flops>,
    },
    #[serde(other)]
    Other,
}

impl Record {
    pub fn read(directory: &RunDir) -> Result<Self, Error> {
        let mut record = Self {
            experiment: directory.experiment()?,
            settings: directory.settings()?,
            facts: Facts::default(),
            measured: Measured::read(directory)?,
            evaluations: Vec::new(),
            losses: Vec::new(),
            finals: BTreeMap::new(),
            steps_per_second: None,
            finished: false,
            early: None,
            flops: None,
        };
        let path = directory.file("metrics.jsonl");
        let text = read_text(&path)?;
        let mut rates = Vec::new();
        let mut lines = text.lines().enumerate().peekable();
        while let Some((index, line)) = lines.next() {
            match serde_json::from_str::<Line>(line) {
                Ok(line) => record.hear(line, &mut rates),
                // A kill may tear the last line.
                Err(_) if lines.peek().is_none() => {}
                Err(error) => {
                    return Err(Error::input(format!(
                        "{}: line {} is no event ({error}); `distillery resume` mends it",
                        path.display(),
                        index + 1
                    )));
                }
            }
        }
        rates.sort_by(f64::total_cmp);
        record.steps_per_second = rates.get(rates.len() / 2).copied();
        Ok(record)
    }

    fn hear(&mut self, line: Line, rates: &mut Vec<f64>) {
        match line.event {
            Said::Opened { summary } => self.facts = summary,
            Said::Progress { phase, losses, steps_per_second } => {
                self.losses.extend(losses.into_iter().map(|loss| (line.total_step, loss)));
                if phase != Phase::Teacher {
                    rates.push(steps_per_second);
                }
            }
            Said::Evaluated { phase, networks } => {
                for network in networks {
                    // During the teacher's own phase the students stand still: their curves begin at its end.
                    if phase == Phase::Teacher && network.role != Role::Teacher {
                        self.evaluations.retain(|(_, before)| before.role != network.role);
                    }
                    self.finals.insert(network.role, network.clone());
                    self.evaluations.push((line.total_step, network));
                }
            }
            Said::Finished { early, flops } => (self.finished, self.early, self.flops) = (true, early, flops),
            Said::Other => {}
        }
    }

    /// Whether its file still holds the experiment that began, as far as that is known.
    pub fn is_as_it_began(&self) -> bool {
        Experiment::from_record(&self.facts.json).map_or(true, |began| began == self.experiment)
    }

    /// As [`right`].
    pub fn right(&self) -> Measure {
        right(&self.experiment)
    }

    pub fn accuracy(&self, role: Role) -> Option<f64> {
        self.finals.get(&role).map(|found| found.accuracy)
    }

    /// What share of the teacher's accuracy a student has.
    pub fn retention(&self, role: Role) -> Option<f64> {
        retention(&self.finals, role)
    }

    /// What a run's data are counted by, and whether the students learn from their labels: running text has none.
    pub fn counted(&self) -> (&'static str, bool) {
        match self.experiment.task.name {
            TaskName::Labels => ("texts", true),
            name if name.is_text() => ("examples", false),
            _ => ("rows", true),
        }
    }

    /// Test rows, texts or written answers that the right ones are a share of; `None` where tokens or probabilities are, which are not as many.
    pub fn cases(&self) -> Option<usize> {
        self.answers().or((self.counted().1 && self.right() == Measure::Accuracy).then_some(self.facts.test_rows))
    }

    /// Answers that each network wrote for the right ones to be counted: one to each of so many test prompts.
    pub fn answers(&self) -> Option<usize> {
        let Experiment { task, text, .. } = &self.experiment;
        (task.name.has_references() && !self.experiment.is_encoder()).then(|| text.samples.min(self.facts.test_rows))
    }

    /// What accuracy was measured on, in words.
    pub fn tested(&self) -> String {
        match self.answers() {
            Some(1) => "1 written answer".into(),
            Some(count) => format!("{} written answers", thousands(count)),
            None => format!("{} test {}", thousands(self.asked()), self.counted().0),
        }
    }

    /// Test rows or texts that a network is asked about: of decoders the first `text.tests`, of the grammar all.
    pub fn asked(&self) -> usize {
        let Experiment { task, text, .. } = &self.experiment;
        let all = self.experiment.is_encoder() || !task.name.is_text() || task.name == TaskName::Grammar;
        if all { self.facts.test_rows } else { self.facts.test_rows.min(text.tests) }
    }

    /// How much data there is, in words.
    pub fn amounts(&self) -> String {
        let Facts { train_rows, labelled_rows, .. } = self.facts;
        let (what, has_labels) = self.counted();
        let own = if has_labels {
            format!(", {} with a label for the students", thousands(labelled_rows))
        } else if labelled_rows == train_rows {
            String::new()
        } else {
            format!(", {} of them for the students", thousands(labelled_rows))
        };
        let answers = if self.answers().is_some() { format!(", {}", self.tested()) } else { String::new() };
        format!("{} training {what}{own}, {} test {what}{answers}", thousands(train_rows), thousands(self.asked()))
    }

    /// The command that repeats the run, with what only the command line knows.
    pub fn command(&self) -> String {
        command(&self.experiment, &self.settings)
    }
}

/// What share of the teacher's accuracy a student has, of the last evaluations of all networks.
pub fn retention(finals: &BTreeMap<Role, Evaluation>, role: Role) -> Option<f64> {
    let teacher = finals.get(&Role::Teacher).filter(|teacher| role != Role::Teacher && teacher.accuracy > 0.0)?;
    Some(finals.get(&role)?.accuracy / teacher.accuracy)
}

/// The command that repeats an experiment natively, with what only the command line knows.
pub fn command(experiment: &Experiment, settings: &Settings) -> String {
    let mut command = experiment.command();
    let files = [
        ("data", &settings.data),
        ("test", &settings.test),
        ("teacher", &settings.teacher),
        ("student", &settings.student),
        ("teacher-cache", &settings.cache),
        ("teacher-texts", &settings.texts),
    ];
    for (name, path) in files.into_iter().filter_map(|(name, path)| Some((name, path.as_ref()?))) {
        command.push_str(&format!(" --{name} {}", quoted(path)));
    }
    command.push_str(&format!(" --device {}", settings.device()));
    if let Some(seeds) = settings.seeds {
        command.push_str(&format!(" --seeds {seeds}"));
    }
    if settings.keep_best > 0 {
        command.push_str(&format!(" --keep-best {}", settings.keep_best));
    }
    if settings.checkpoint_every != EVERY {
        command.push_str(&format!(" --checkpoint-every {}", settings.checkpoint_every));
    }
    command
}

/// What the accuracy of an experiment's runs is.
pub fn right(experiment: &Experiment) -> Measure {
    match (experiment.is_encoder(), experiment.task.name) {
        (true, _) if experiment.encoder.objective == Objective::Embeddings => Measure::Similarity,
        (false, TaskName::Grammar) => Measure::RightAnswers,
        _ => Measure::Accuracy,
    }
}
