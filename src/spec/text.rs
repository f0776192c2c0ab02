//! What only a run over text has to know.

use serde::{Deserialize, Serialize};

use super::choices::*;

/// How students of text are distilled, and how texts are sampled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields, default)]
pub struct Text {
    /// What the distilled student learns by. The student alone is always fine-tuned on the data.
    pub method: Method,
    /// Examples that the students have; 0 = all. The teacher has all.
    pub examples: usize,
    /// What the distilled student learns from besides: SeqKD's teacher can answer prompts that have no example.
    pub transfer: Transfer,
    /// Texts that SeqKD's teacher writes for each prompt: the student reads another at every epoch, and these in turn.
    pub teacher_texts: usize,
    /// First steps in which the distilled student too is fine-tuned on the data.
    pub sft_steps: usize,
    /// Learning rate of both students in those steps, which are then a training of their own; 0 = `train.lr`, and one training.
    pub sft_lr: f64,
    /// Last steps in which it is fine-tuned on the data again.
    pub tune_steps: usize,
    /// Prompts of the grammar that no example of the students asks; the teacher knows them.
    pub omit_prompts: usize,
    /// Temperature at which texts are sampled, in training and in evaluation.
    pub sampling_temperature: f64,
    /// Texts that each network writes for an evaluation.
    pub samples: usize,
    /// Test examples that are asked at an evaluation where the right answers are not all known.
    pub tests: usize,
    /// Most tokens of an example of `jsonl`; tokens of a window of `novel` where a file's teacher brings the tokenizer.
    pub context: usize,
    /// Probability that a step learns from the student's own texts (GKD), or the most that it comes to (DistiLLM).
    pub student_share: f64,
    /// DistiLLM: the probability to begin with.
    pub share_start: f64,
    /// DistiLLM: by how much the loss must have risen for the probability to grow.
    pub share_tolerance: f64,
    /// Texts kept for replay (DistiLLM).
    pub replay: usize,
    /// DistiLLM-2: what the loss on the student's own texts weighs from halfway on; it begins at 1, and both weights sum to 2.
    pub own_weight: f64,
    /// MiniLLM: whose form of it.
    pub variant: Variant,
    /// MiniLLM: share of the teacher in sampling; 0 = none.
    pub teacher_mix: f64,
    /// MiniLLM and DPKD: divide by the length.
    pub length_norm: bool,
    /// MiniLLM: compute the gradient of the next token exactly.
    pub single_step: bool,
    /// MiniLLM: how far a probability ratio may leave 1; 0 = no clipping.
    pub clip: f64,
    /// MiniLLM and DPKD: weight of the language-modelling loss on the data.
    pub lm_weight: f64,
    /// MiniLLM: steps that learn from the same texts.
    pub inner_steps: usize,
    pub preference: Preference,
    /// β of the preference losses; τ of IPO.
    pub preference_beta: f64,
    /// SimPO: how much the chosen text must lead.
    pub preference_margin: f64,
}

impl Default for Text {
    fn default() -> Self {
        Self {
            method: Method::TokenKd,
            examples: 0,
            transfer: Transfer::Labelled,
            teacher_texts: 1,
            sft_steps: 0,
            sft_lr: 0.0,
            tune_steps: 0,
            omit_prompts: 0,
            sampling_temperature: 1.0,
            samples: 128,
            tests: 256,
            context: 512,
            student_share: 0.5,
            share_start: 0.0,
            share_tolerance: 0.1,
            replay: 1000,
            own_weight: 1.5,
            variant: Variant::Paper,
            teacher_mix: 0.2,
            length_norm: true,
            single_step: true,
            clip: 0.2,
            lm_weight: 1.0,
            inner_steps: 4,
            preference: Preference::Dpkd,
            preference_beta: 0.1,
            preference_margin: 0.0,
        }
    }
}
