//! The experiment: everything a run depends on, as one serde value.
//!
//! The same value is a JSON or TOML file, the page's URL (only what differs from the preset), a preset, and the CLI's `--set`.

use serde::{Deserialize, Serialize};

use super::choices::*;
use super::{EncoderTerms, SpecError, Text, conflicts, knobs, presets};

/// Version of the experiment format. A file or link of another version is refused with a message that says so.
pub const VERSION: u32 = 1;

/// What to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    pub version: u32,
    /// Id of the preset it started from; `custom` for a file that names none.
    #[serde(default = "custom")]
    pub preset: String,
    /// Decides initial weights, the labelled subset, label noise and the order of batches. (The train/test split has a seed of its own.)
    #[serde(default)]
    pub seed: u32,
    #[serde(default)]
    pub task: Task,
    #[serde(default)]
    pub teacher: Teacher,
    #[serde(default = "Network::student")]
    pub student: Network,
    #[serde(default)]
    pub distill: Distill,
    #[serde(default)]
    pub text: Text,
    #[serde(default)]
    pub encoder: EncoderTerms,
    #[serde(default)]
    pub train: Train,
}

pub(super) fn custom() -> String {
    "custom".into()
}

impl Default for Experiment {
    fn default() -> Self {
        Self {
            version: VERSION,
            preset: custom(),
            seed: 0,
            task: Task::default(),
            teacher: Teacher::default(),
            student: Network::student(),
            distill: Distill::default(),
            text: Text::default(),
            encoder: EncoderTerms::default(),
            train: Train::default(),
        }
    }
}

/// The data and what of it the students may see. The teacher always learns from all clean training labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields, default)]
pub struct Task {
    pub name: TaskName,
    /// Plane only.
    pub shape: Shape,
    /// Plane only: number of classes.
    pub classes: usize,
    /// Plane only: points in total, training and test.
    pub points: usize,
    /// Plane only: standard deviation of the noise added to each coordinate.
    pub noise: f64,
    /// Plane only: labelled training points beside the generated ones, for teacher and students alike.
    pub added: Vec<AddedPoint>,
    /// Labelled training rows per class that the students get; 0 = all.
    pub labels_per_class: usize,
    pub transfer: Transfer,
    /// Share of the students' labels that are replaced by another class.
    pub label_noise: f64,
    /// A class without any row in the students' data; −1 = none.
    pub omit_class: i64,
    /// Share of rows kept for testing (digits, plane).
    pub test_fraction: f64,
    /// Seed of the train/test split (digits, plane).
    pub split_seed: u32,
}

/// A point that a visitor placed: x and y from −1 to 1, and its class. `[x, y, class]` in files.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AddedPoint(pub f64, pub f64, pub u8);

impl Default for Task {
    fn default() -> Self {
        Self {
            name: TaskName::Digits,
            shape: Shape::Spirals,
            classes: 6,
            points: 1800,
            noise: 0.04,
            added: Vec::new(),
            labels_per_class: 0,
            transfer: Transfer::Labelled,
            label_noise: 0.0,
            omit_class: -1,
            test_fraction: 0.3,
            split_seed: 0,
        }
    }
}

/// The shape of a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    pub kind: NetworkKind,
    /// Output channels of each 3×3 convolution; a 2×2 max-pool follows each. CNN only.
    pub channels: Vec<usize>,
    /// Widths of the hidden dense layers; may be empty. Not of a decoder.
    pub widths: Vec<usize>,
    /// Decoder only.
    pub family: Family,
    /// Decoder and encoder: number of layers.
    pub layers: usize,
    /// Decoder and encoder: width.
    pub dim: usize,
    /// Decoder and encoder.
    pub heads: usize,
    /// Encoder students only: width of the embedding tables; 0 = as wide as the network, or as the teacher's.
    pub embedding: usize,
    /// Students only.
    pub start: Start,
    /// Students out of their teacher's layers: which, from 0; empty = evenly spaced.
    pub from_layers: Vec<usize>,
    /// Students out of a checkpoint: rank of their adapters (LoRA); 0 = all weights learn.
    pub lora_rank: usize,
    /// What the adapters add is multiplied by this over their rank.
    pub lora_alpha: f64,
    pub lora_targets: LoraTargets,
}

impl Network {
    /// The default student.
    pub fn student() -> Self {
        Self { channels: vec![8, 16], widths: vec![16], layers: 1, dim: 32, heads: 2, ..Self::default() }
    }
}

impl Default for Network {
    /// The default teacher.
    fn default() -> Self {
        Self {
            kind: NetworkKind::Mlp,
            channels: vec![32, 64],
            widths: vec![256, 256],
            family: Family::Gpt2,
            layers: 3,
            dim: 96,
            heads: 4,
            embedding: 0,
            start: Start::Random,
            from_layers: Vec::new(),
            lora_rank: 0,
            lora_alpha: 16.0,
            lora_targets: LoraTargets::All,
        }
    }
}

/// The teacher and how it is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields, default)]
pub struct Teacher {
    pub source: TeacherSource,
    pub schedule: TeacherSchedule,
    /// Steps of a live teacher when it trains first.
    pub steps: usize,
    /// Learning rate of a live teacher.
    pub lr: f64,
    /// Live teachers with different seeds whose probabilities are averaged.
    pub count: usize,
    pub kind: NetworkKind,
    pub channels: Vec<usize>,
    pub widths: Vec<usize>,
    pub family: Family,
    pub layers: usize,
    pub dim: usize,
    pub heads: usize,
}

impl Teacher {
    /// The shape of each teacher network.
    pub fn network(&self) -> Network {
        let Self { kind, channels, widths, family, layers, dim, heads, .. } = self.clone();
        Network { kind, channels, widths, family, layers, dim, heads, ..Network::default() }
    }
}

impl Default for Teacher {
    fn default() -> Self {
        let Network { kind, channels, widths, family, layers, dim, heads, .. } = Network::default();
        Self {
            source: TeacherSource::Pretrained,
            schedule: TeacherSchedule::First,
            steps: 400,
            lr: 2e-3,
            count: 1,
            kind,
            channels,
            widths,
            family,
            layers,
            dim,
            heads,
        }
    }
}

/// What the distilled student is pulled by: `α·CE + (1−α)·T²·divergence + feature terms`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields, default)]
pub struct Distill {
    /// How much of the teacher the student may see.
    pub access: Access,
    /// Classes that the teacher tells with `access = top_k`.
    pub top_k: usize,
    pub divergence: Divergence,
    pub temperature: f64,
    /// Weight of the hard-label loss.
    pub alpha: f64,
    /// Multiply the soft loss by T², so that its gradient keeps its size as T grows.
    pub t_squared: bool,
    /// β of the generalised JSD.
    pub beta: f64,
    /// λ of the skewed KLs.
    pub skew: f64,
    pub dkd_alpha: f64,
    pub dkd_beta: f64,
    /// Standardise both logits over the classes before the temperature.
    pub standardize: bool,
    /// Weight of the FitNets hint: last hidden layer of classifiers, last states of decoders (token KD), by a learned projection to the teacher's
    /// width, which decoders of equal widths do without.
    pub hint_weight: f64,
    /// Weight of attention transfer (CNNs).
    pub attention_weight: f64,
}

impl Default for Distill {
    fn default() -> Self {
        Self {
            access: Access::Hidden,
            top_k: 3,
            divergence: Divergence::ForwardKl,
            temperature: 4.0,
            alpha: 0.1,
            t_squared: true,
            beta: 0.5,
            skew: 0.1,
            dkd_alpha: 1.0,
            dkd_beta: 8.0,
            standardize: false,
            hint_weight: 0.0,
            attention_weight: 0.0,
        }
    }
}

/// How every network is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields, default)]
pub struct Train {
    pub steps: usize,
    /// Rows of a micro-batch.
    pub batch_size: usize,
    /// Micro-batches of a step.
    pub accumulate: usize,
    /// The backward pass computes cheap operations again instead of keeping their results.
    pub gradient_checkpointing: bool,
    pub precision: Precision,
    pub optimizer: OptimizerKind,
    pub lr: f64,
    pub schedule: LrSchedule,
    pub warmup_steps: usize,
    pub weight_decay: f64,
    /// SGD only.
    pub momentum: f64,
    /// AdamW only: decay of the mean of the gradients.
    pub beta1: f64,
    /// AdamW only: decay of the mean of their squares.
    pub beta2: f64,
    /// AdamW only: added to the root of that.
    pub epsilon: f64,
    /// Largest gradient norm; 0 = no clipping.
    pub clip: f64,
    /// Of what that is the norm.
    #[serde(default = "before_clip_by")]
    pub clip_by: ClipBy,
    /// Label smoothing of the student alone: the honest control for soft labels.
    pub label_smoothing: f64,
    /// Steps between two evaluations on the test rows.
    pub eval_every: usize,
    /// Share of the students' examples that nobody in the run learns from: patience, best students and DistiLLM's share go by them, and the
    /// test rows stay for the final measure. 0 = none are held out, and they go by the test rows.
    pub validation: f64,
    /// Evaluations without a better distilled student after which the run ends; 0 = all steps are made.
    pub patience: usize,
}

/// Records older than the knob clipped so.
fn before_clip_by() -> ClipBy {
    ClipBy::Tensor
}

impl Default for Train {
    fn default() -> Self {
        Self {
            steps: 1000,
            batch_size: 64,
            accumulate: 1,
            gradient_checkpointing: false,
            precision: Precision::F32,
            optimizer: OptimizerKind::Adamw,
            lr: 2e-3,
            schedule: LrSchedule::Constant,
            warmup_steps: 0,
            weight_decay: 0.01,
            momentum: 0.9,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            clip: 0.0,
            clip_by: ClipBy::Network,
            label_smoothing: 0.0,
            eval_every: 25,
            validation: 0.0,
            patience: 0,
        }
    }
}

impl Experiment {
    /// Whether the networks are encoders.
    pub fn is_encoder(&self) -> bool {
        matches!(self.task.name, TaskName::Grammar | TaskName::Novel | TaskName::Labels) && self.teacher.kind == NetworkKind::Encoder
    }

    /// Steps at which a distilled student of text learns by its method, counted from 0: what is before and behind them is fine-tuning.
    pub fn distilled_steps(&self) -> std::ops::Range<usize> {
        self.text.sft_steps..self.train.steps.saturating_sub(self.text.tune_steps)
    }

    /// The fine-tuning before a method, where it has a learning rate of its own (`text.sft_lr`): its steps and the rate.
    pub fn first_stage(&self) -> Option<(usize, f64)> {
        let Text { sft_steps, sft_lr, .. } = self.text;
        let decoders = self.task.name.is_text() && !self.is_encoder();
        (decoders && sft_steps > 0 && sft_lr > 0.0).then(|| (sft_steps.min(self.train.steps), sft_lr))
    }

    /// Steps in which the teacher learns before the students do.
    pub fn teacher_steps(&self) -> usize {
        match self.teacher.source {
            TeacherSource::Live if self.teacher.schedule == TeacherSchedule::First => self.teacher.steps,
            TeacherSource::File if self.is_encoder() => self.encoder.adapt_steps,
            _ => 0,
        }
    }

    /// Whether the teacher's weights change in this run.
    pub fn teacher_learns(&self) -> bool {
        self.teacher.source == TeacherSource::Live || self.teacher_steps() > 0
    }

    /// Checks every knob against its range, and the knobs against each other.
    ///
    /// # Errors
    /// The first knob that is out of range, or the first contradiction, with the remedy.
    pub fn validate(&self) -> Result<(), SpecError> {
        for knob in knobs::TABLE {
            knob.check(&knob.get(self))?;
        }
        if presets::find(&self.preset).is_err() && self.preset != "custom" {
            return Err(SpecError::preset(&self.preset));
        }
        conflicts::check(self)
    }
}
