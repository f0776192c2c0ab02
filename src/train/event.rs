//! What a run says: one enum, streamed to whichever shell pumps it.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

use super::cost::Flops;
use super::dissect::{Followed, Pull};
use super::evaluation::Evaluation;
use super::modes::{ModeFit, ModesSpec};
use super::studied::{Calibration, Dispute, Study};

/// Who is who in the race.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Teacher,
    /// The student that learns from hard labels only.
    Alone,
    /// The student that learns from the teacher too.
    Distilled,
}

/// All of them, the teacher first.
pub const ROLES: [Role; 3] = [Role::Teacher, Role::Alone, Role::Distilled];

impl Role {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Teacher => "teacher",
            Self::Alone => "student alone",
            Self::Distilled => "student distilled",
        }
    }
}

/// The part of a run that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// A live teacher trains before the students.
    Teacher,
    Students,
    Finished,
}

/// How a network is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(untagged)]
pub enum Layers {
    /// Widths along the data's path: `64 → 256 → 256 → 10`.
    Path(String),
    /// A transformer; the page has words of its own for it.
    Blocks { blocks: usize, width: usize, heads: usize },
}

impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Path(path) => f.write_str(path),
            Self::Blocks { blocks, width, heads } => {
                let plural = |count: &usize| if *count == 1 { "" } else { "s" };
                write!(f, "{blocks} block{} × {width}, {heads} head{}", plural(blocks), plural(heads))
            }
        }
    }
}

/// Size of one network.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NetworkSize {
    pub role: Role,
    pub parameters: usize,
    /// Bytes of the f32 parameters.
    pub bytes: usize,
    /// Parameters of adapters, where they alone learn. They are not in `parameters`: at the end they are merged into them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub adapters: Option<usize>,
    pub layers: Layers,
}

/// What a run is about, sent once when it opens.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Summary {
    pub preset: String,
    /// Every knob with its value, as text.
    pub values: BTreeMap<String, String>,
    /// The knobs that differ from the preset, as text: what a link has to carry.
    pub differs: BTreeMap<String, String>,
    /// The experiment file.
    pub json: String,
    /// The native command that repeats it.
    pub command: String,
    pub networks: Vec<NetworkSize>,
    pub classes: Vec<String>,
    /// `[channels, height, width]`, or `[2]` for the plane.
    pub input: Vec<usize>,
    pub train_rows: usize,
    /// Rows with a hard label for the students.
    pub labelled_rows: usize,
    pub test_rows: usize,
    /// Rows held out of what the students have, to choose by.
    pub validation_rows: usize,
    /// Steps of the teacher's phase; 0 when there is none.
    pub teacher_steps: usize,
    pub student_steps: usize,
    pub bits_per_example: BitsPerExample,
}

/// Bits that the teacher tells the distilled student about one example at each level of access (`distill.access`), f32 numbers counted whole.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct BitsPerExample {
    /// The answer.
    pub labels: f64,
    /// The `distill.top_k` likeliest classes with their logits.
    pub top_k: f64,
    /// All logits.
    pub logits: f64,
    /// All logits, the values of the last hidden layer and those of the attention maps.
    pub hidden: f64,
}

/// The loss of one network at one step, in its parts. The weighted parts sum to `total`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LossParts {
    pub role: Role,
    pub total: f32,
    /// Cross-entropy with the labels, before its weight; `None` in a step that looks at none.
    pub hard: Option<f32>,
    /// Divergence from the teacher, before `T²` and its weight; `None` where there is none.
    pub soft: Option<f32>,
    pub hint: Option<f32>,
    pub attention: Option<f32>,
}

/// One network's view of one test row.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SampleView {
    pub role: Role,
    pub logits: Vec<f32>,
    /// softmax(logits / T).
    pub probabilities: Vec<f32>,
    /// Entropy of `probabilities`, nats.
    pub entropy: f32,
    /// KL(teacher‖this) at T, nats.
    pub kl: f32,
}

/// One network's decision surface.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Surface {
    pub role: Role,
    /// Class of each grid cell, row by row from the top (y = +extent) left.
    pub classes: Vec<u8>,
    /// Its probability at T = 1, 0 to 255.
    pub confidence: Vec<u8>,
}

/// One point of the plane.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Point {
    pub x: f32,
    pub y: f32,
    pub class: u8,
    /// The students have its label.
    pub labelled: bool,
}

/// The sentence that says what happened, as data; each shell words it in its own language.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Outcome {
    pub teacher: f64,
    pub alone: f64,
    pub distilled: f64,
    /// Accuracy of distilled − alone, as a share of 1.
    pub gap: f64,
    /// Test rows, texts or written answers that accuracy is counted on.
    pub test_rows: usize,
    pub labelled_rows: usize,
    /// Teacher's parameters / student's.
    pub compression: f64,
}

/// One of the students that learn together, as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CohortStudent {
    pub outcome: Outcome,
    /// On the test rows.
    pub networks: Vec<Evaluation>,
    /// Whether its numbers are finite. Where they are not they say nothing, and the other students know nothing of it.
    pub finite: bool,
}

/// Why a run ended early: its patience (`train.patience`) was at an end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Early {
    /// The step at which it ended.
    pub step: usize,
    /// The step of the best distilled student.
    pub best_step: usize,
    /// Evaluations since then, none of them better.
    pub evaluations: usize,
}

/// A token that a network wrote.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct WrittenToken {
    pub text: String,
    pub probability: f64,
    /// Probability of the likeliest token here.
    pub confidence: f64,
    /// The likeliest other tokens with their probabilities.
    pub others: Vec<(String, f64)>,
}

/// What a network wrote after a prompt.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Writing {
    pub role: Role,
    /// With the stop token, if it came to one.
    pub tokens: Vec<WrittenToken>,
    /// Whether it is a right answer; `None` where there is none.
    pub right: Option<bool>,
    /// Probability that it gives to what is no right answer; `None` where they are not all known.
    pub void: Option<f64>,
}

/// A right answer to a prompt: its true probability, and what the networks give it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct KnownAnswer {
    pub text: String,
    pub truth: f64,
    pub teacher: f64,
    pub alone: f64,
    pub distilled: f64,
}

/// Something the shells show.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A run is open and has not made a step.
    Opened { summary: Summary },
    /// Steps were made; the losses are those of the last one.
    Progress {
        phase: Phase,
        /// Steps made in this phase.
        step: usize,
        /// Steps of this phase in all.
        steps: usize,
        lr: f64,
        losses: Vec<LossParts>,
        /// Steps per second since the last reading, measured through the readback.
        steps_per_second: f64,
    },
    /// The networks on the test rows.
    Evaluated { phase: Phase, step: usize, networks: Vec<Evaluation> },
    /// A live knob was turned.
    Changed { step: usize, key: String, value: String, summary: Summary },
    /// A test row as the networks see it.
    Sample {
        index: usize,
        label: usize,
        /// Values 0 to 1, row by row.
        input: Vec<f32>,
        temperature: f64,
        views: Vec<SampleView>,
    },
    /// An input of the visitor's own as the networks see it now.
    Opinion { step: usize, temperature: f64, views: Vec<SampleView> },
    /// What the answers on all test rows show.
    Studied {
        step: usize,
        temperature: f64,
        networks: Vec<Study>,
        /// The rows on which the students disagree most, most disputed first.
        disputed: Vec<Dispute>,
    },
    /// How far each network's confidence can be trusted.
    Calibrated { step: usize, networks: Vec<Calibration> },
    /// The next step of the distilled student, taken apart.
    Dissected {
        /// Steps made so far.
        step: usize,
        /// Rows of the batch.
        rows: usize,
        /// The one that is followed.
        row: usize,
        temperature: f64,
        alpha: f64,
        /// T², or 1 without it.
        scale: f64,
        lr: f64,
        losses: LossParts,
        followed: Followed,
        whole: Pull,
        tensors: Vec<Pull>,
    },
    /// Students that learn together made steps.
    Cohort {
        phase: Phase,
        /// Steps made in this phase, and how many it has in all.
        step: usize,
        steps: usize,
        /// Student by student, when they were tested.
        students: Vec<CohortStudent>,
    },
    /// One Gaussian fitted to two under several divergences.
    Modes {
        step: usize,
        spec: ModesSpec,
        /// Middle of each cell.
        grid: Vec<f32>,
        /// The target's probability of each cell.
        target: Vec<f32>,
        /// Shares of the target's mass around the left mode, in the void, around the right mode.
        regions: [f64; 3],
        fits: Vec<ModeFit>,
    },
    /// The decision surfaces over [−extent, extent]².
    Plane { resolution: usize, extent: f32, surfaces: Vec<Surface>, points: Vec<Point> },
    /// What the networks write after a prompt (text only).
    Read {
        step: usize,
        /// Number of the prompt, and how many there are.
        prompt: usize,
        prompts: usize,
        text: String,
        /// Every right answer, where they are known.
        answers: Vec<KnownAnswer>,
        writings: Vec<Writing>,
    },
    /// All steps are made, or no more are worth making.
    Finished {
        outcome: Outcome,
        /// Present when the run ended before its steps were up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        early: Option<Early>,
        /// What its training took, by the knobs as they stood at its end. Records of before do not say.
        #[cfg_attr(test, ts(as = "Option<Flops>", optional))]
        flops: Flops,
    },
}

impl Event {
    /// The event as JSON, for `metrics.jsonl` and `--json`.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).expect("events are plain data")
    }
}
