//! What runs are compared by.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::table::{percent, points};
use crate::spec::{Experiment, Objective};
use crate::train::{EncoderMeasures, Evaluation, TextMeasures};

/// What stands in a table of its own, beside how right a network is: measures of text and of encoders, in this order.
pub const FURTHER: [Measure; 15] = [
    Measure::Loss,
    Measure::ForwardKl,
    Measure::ReverseKl,
    Measure::Unseen,
    Measure::Coverage,
    Measure::YesNoEce,
    Measure::Length,
    Measure::Distinct,
    Measure::Excess,
    Measure::RougeL,
    Measure::WinRate,
    Measure::Preferred,
    Measure::Similarity,
    Measure::Cosine,
    Measure::MacroF1,
];

/// A number of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Share of right answers; of the grammar, the probability given to them; of embeddings, the similarity
    #[default]
    Accuracy,
    /// Probability given to all right answers together (grammar): the rest is void
    RightAnswers,
    /// The same of the prompts that no example of the students asks (grammar, text.omit_prompts)
    Unseen,
    /// Cross-entropy, nats
    Loss,
    /// Expected calibration error
    Ece,
    /// Share of answers, or tokens, that are the teacher's
    Agreement,
    /// Templates covered (grammar)
    Coverage,
    /// Expected calibration error on questions of yes or no (grammar)
    YesNoEce,
    /// KL(teacher‖student), nats per token (text)
    ForwardKl,
    /// KL(student‖teacher), nats per token (text)
    ReverseKl,
    /// Tokens of a sampled response (text)
    Length,
    /// Share of the pairs of neighbouring tokens in samples that are different ones, distinct-2 (text)
    Distinct,
    /// Excess accumulated error up to the mean length of the data's responses, a share (text)
    Excess,
    /// Mean ROUGE-L of written responses against the references (arithmetic, jsonl)
    RougeL,
    /// How often a sample beats one of the student alone by the answer's true probability (grammar); of two runs, each other's (by ROUGE-L: arithmetic, jsonl)
    WinRate,
    /// How often the teacher's text is preferred to its own after the same prompt, by the likelihood over the teacher's (dpkd)
    Preferred,
    /// Spearman's correlation of the similarities of all pairs of test texts with the teacher's (encoders)
    Similarity,
    /// Mean cosine with the teacher's embedding of the same text (encoders)
    Cosine,
    /// Mean over the labels of F1 (labels)
    MacroF1,
}

/// What these are, in one line; the others speak for themselves.
pub fn legend(measures: &[Measure], experiment: &Experiment) -> String {
    let said = measures.iter().filter_map(|measure| Some(format!("{}: {}", measure.name(), measure.meaning(experiment)?)));
    format!("{}.", said.collect::<Vec<_>>().join("; "))
}

/// The token up to which all of these have their excess error.
pub fn excess_at<'a>(found: impl IntoIterator<Item = &'a Evaluation>) -> Option<usize> {
    let mut tokens = found.into_iter().filter_map(|found| Some(found.text.as_ref()?.excess_at));
    let first = tokens.next()?;
    tokens.all(|token| token == first).then_some(first)
}

impl Measure {
    /// `None` where a run has no such number.
    pub fn of(self, found: &Evaluation) -> Option<f64> {
        let text = |value: fn(&TextMeasures) -> Option<f64>| found.text.as_ref().and_then(value);
        let encoder = |value: fn(&EncoderMeasures) -> Option<f64>| found.encoder.as_ref().and_then(value);
        match self {
            Self::Accuracy => Some(found.accuracy),
            Self::RightAnswers => text(|text| text.validity),
            Self::Unseen => text(|text| text.unseen),
            Self::Loss => Some(found.loss),
            Self::Ece => found.ece,
            Self::Agreement => found.agreement,
            Self::Coverage => text(|text| text.coverage),
            Self::YesNoEce => text(|text| text.yes_no_ece),
            Self::ForwardKl => text(|text| text.forward_kl).or(encoder(|encoder| encoder.forward_kl)),
            Self::ReverseKl => text(|text| text.reverse_kl),
            Self::Length => text(|text| Some(text.length)),
            Self::Distinct => text(|text| Some(text.distinct_2)),
            Self::Excess => text(TextMeasures::excess_error),
            Self::RougeL => text(|text| text.rouge_l),
            Self::WinRate => text(|text| text.win_rate),
            Self::Preferred => text(|text| text.preferred),
            Self::Similarity => encoder(|encoder| encoder.similarity),
            Self::Cosine => encoder(|encoder| encoder.cosine),
            Self::MacroF1 => encoder(|encoder| encoder.macro_f1),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::RightAnswers => "right answers",
            Self::Unseen => "right answers, unseen prompts",
            Self::Loss => "loss",
            Self::Ece => "ECE",
            Self::Agreement => "agreement",
            Self::Coverage => "coverage",
            Self::YesNoEce => "ECE on yes or no",
            Self::ForwardKl => "forward KL",
            Self::ReverseKl => "reverse KL",
            Self::Length => "length",
            Self::Distinct => "distinct-2",
            Self::Excess => "excess error",
            Self::RougeL => "ROUGE-L",
            Self::WinRate => "win rate over alone",
            Self::Preferred => "teacher's text preferred",
            Self::Similarity => "similarity to teacher",
            Self::Cosine => "cosine with teacher",
            Self::MacroF1 => "macro-F1",
        }
    }

    /// Its name in evaluations whose excess error is read up to this token.
    pub fn name_at(self, token: Option<usize>) -> String {
        match (self, token) {
            (Self::Excess, Some(token)) => format!("{} at token {token}", self.name()),
            _ => self.name().into(),
        }
    }

    /// What it is, where its name does not say it, of an experiment's runs.
    pub fn meaning(self, experiment: &Experiment) -> Option<&'static str> {
        let embeddings = experiment.is_encoder() && experiment.encoder.objective == Objective::Embeddings;
        Some(match self {
            Self::Accuracy if experiment.task.name.is_text() => "right answers of the test texts: labels, tokens or whole answers",
            Self::Accuracy => "right answers on the test rows",
            Self::RightAnswers => "the probability given to all right answers of the test prompts; the rest is void",
            Self::Unseen => "the probability given to right answers to the prompts that no example of the students asks",
            Self::Loss if embeddings => "1 − mean cosine with the teacher's embeddings of the test texts",
            Self::Loss => match (experiment.is_encoder(), experiment.encoder.objective) {
                (true, Objective::Masked) => "cross-entropy of the masked tokens of the test texts, in nats",
                (true, _) => "cross-entropy on the test texts, in nats",
                (false, _) if experiment.task.name.is_text() => "cross-entropy in nats per token of the test texts",
                (false, _) => "cross-entropy on the test rows, in nats",
            },
            Self::Ece => "expected calibration error",
            Self::Agreement if embeddings => "test texts whose nearest other text is the teacher's",
            Self::Agreement => "how often it says what the teacher says",
            Self::Coverage => "templates of a prompt that eight samples show",
            Self::YesNoEce => "expected calibration error on questions of yes or no",
            Self::ForwardKl => "KL(teacher‖student) on the test texts, in nats",
            Self::ReverseKl => "KL(student‖teacher) on the test texts, in nats",
            Self::Length if experiment.task.name.has_references() => "tokens of a written answer",
            Self::Length => "tokens of a sampled answer",
            Self::Distinct if experiment.task.name.has_references() => {
                "share of the pairs of neighbouring tokens in texts sampled at temperature 1 that are different ones"
            }
            Self::Distinct => "share of its pairs of neighbouring tokens that are different ones",
            Self::Excess => "what reading its own text adds to a student's error, up to the mean length of the data's responses",
            Self::RougeL => "overlap of what it writes with the reference, by their longest common subsequence",
            Self::WinRate => "samples that beat one of the student alone",
            Self::Preferred => "pairs in which the student likes the teacher's text better than its own, beside the teacher's own liking",
            Self::Similarity => "Spearman's correlation of the similarities of all pairs of test texts with the teacher's",
            Self::Cosine => "mean cosine with the teacher's embedding of the same text",
            Self::MacroF1 => return None,
        })
    }

    /// Whether it is a share, whose differences are points.
    pub fn is_share(self) -> bool {
        matches!(
            self,
            Self::Accuracy
                | Self::RightAnswers
                | Self::Unseen
                | Self::Agreement
                | Self::Distinct
                | Self::Coverage
                | Self::Excess
                | Self::RougeL
                | Self::WinRate
                | Self::Preferred
                | Self::Similarity
                | Self::MacroF1
        )
    }

    /// Of a mean and of half its interval, too.
    pub fn show(self, value: f64) -> String {
        if self.is_share() { percent(value) } else { format!("{value:.4}") }
    }

    /// Whether more of it is better, whatever else is.
    pub fn is_quality(self) -> bool {
        matches!(self, Self::Accuracy | Self::RightAnswers | Self::Unseen | Self::Similarity | Self::MacroF1)
    }

    /// A difference, without its unit.
    pub fn difference(self, value: f64) -> String {
        if self.is_share() { points(value) } else { format!("{value:+.4}") }
    }

    /// What a difference is of, by its name there: `points of accuracy`, `of length`.
    pub fn unit(self, name: &str) -> String {
        if self.is_share() { format!("points of {name}") } else { format!("of {name}") }
    }
}
