//! What is measured of a network.

use serde::Serialize;

use super::event::Role;
use super::merit::Merit;

/// One network on the test rows.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Evaluation {
    pub role: Role,
    /// Steps this network has trained.
    pub step: usize,
    pub accuracy: f64,
    /// Mean cross-entropy.
    pub loss: f64,
    /// Expected calibration error, 15 bins; `None` where nothing is foretold (embeddings of sentences).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub ece: Option<f64>,
    /// Share of test rows on which it says what the teacher says; `None` for the teacher.
    pub agreement: Option<f64>,
    /// Present when a class is omitted.
    pub omitted: Option<OmittedClass>,
    /// Present in a run over text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub text: Option<TextMeasures>,
    /// Present in a run of encoders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub encoder: Option<EncoderMeasures>,
    /// Of a student, where a part of the data is held out for validation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub validation: Option<Validation>,
}

/// A student on what is held out (`train.validation`): the same measures as on the test rows, but of the grammar, whose right answers are not
/// all held out, the share of tokens that are foretold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Validation {
    pub accuracy: f64,
    pub loss: f64,
    /// Where texts are written and have references.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub rouge_l: Option<f64>,
}

impl Evaluation {
    /// What students are chosen by: the validation part where there is one.
    pub fn merit(&self) -> Merit {
        Merit::new(self.validation.unwrap_or_else(|| self.measures()), self.is_open())
    }

    /// Whether ROUGE-L, not accuracy, says which student answers better.
    pub fn is_open(&self) -> bool {
        self.text.as_ref().is_some_and(|text| text.open)
    }

    /// What it did on the rows that it was asked, as far as students are chosen by it.
    pub fn measures(&self) -> Validation {
        let rouge_l = self.text.as_ref().and_then(|text| text.rouge_l);
        Validation { accuracy: self.accuracy, loss: self.loss, rouge_l }
    }

    /// Takes over what the same network did on the validation part.
    pub(super) fn validated(&mut self, held: &[Evaluation]) {
        let own = held.iter().find(|held| held.role == self.role && self.role != Role::Teacher);
        self.validation = own.map(Evaluation::measures);
    }
}

/// How near an encoder is to its teacher; all `None` for the teacher. In a run of encoders `accuracy` is the share of masked tokens that are
/// foretold and `loss` their cross-entropy; where embeddings are learned they are `similarity` and 1 − `cosine`, where labels are named the
/// share of texts that get theirs and the cross-entropy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct EncoderMeasures {
    /// KL(teacher‖this), nats per masked token, or per text whose label is named.
    pub forward_kl: Option<f64>,
    /// Mean cosine between its embedding of a text and the teacher's, where they are of one width.
    pub cosine: Option<f64>,
    /// Spearman's correlation of its similarities of all pairs of test texts with the teacher's.
    pub similarity: Option<f64>,
    /// Share of test texts whose nearest other text is the teacher's.
    pub neighbours: Option<f64>,
    /// Mean over the classes of F1, the harmonic mean of precision and recall; where labels are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub macro_f1: Option<f64>,
}

/// How a network writes. In a run over text `accuracy` is the probability of a right answer where that is known, the share of right answers
/// where there is one, and otherwise the share of tokens that are foretold; `loss` is per token of a response.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TextMeasures {
    /// Probability of all right answers together (grammar), or the share of right answers (arithmetic): the rest is void.
    pub validity: Option<f64>,
    /// As `validity`, of the prompts that no example of the students asks (grammar, `text.omit_prompts`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub unseen: Option<f64>,
    /// Share of the templates of a prompt that eight samples are expected to show (grammar).
    pub coverage: Option<f64>,
    /// Expected calibration error on the questions to be answered by yes or no (grammar), 10 bins: confidence is the likelier word's share of
    /// what both words have.
    pub yes_no_ece: Option<f64>,
    /// KL(teacher‖this), nats per token of the references; `None` for the teacher.
    pub forward_kl: Option<f64>,
    /// KL(this‖teacher).
    pub reverse_kl: Option<f64>,
    /// Tokens of a written response, the stop token not counted.
    pub length: f64,
    /// Share of the pairs of neighbouring tokens in sampled responses that are different ones (distinct-2); where one answer is right, in those
    /// that are sampled at temperature 1.
    pub distinct_2: f64,
    /// Mean ROUGE-L of the written responses against the references, 0..1, where there is a right answer (arithmetic, jsonl). `accuracy` is
    /// their exact match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub rouge_l: Option<f64>,
    /// Whether an answer can be good in other words than the reference's (jsonl, unless all references are one word or close with `#### answer`):
    /// ROUGE-L then says which student is better, not exact match.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, ts(optional, as = "Option<_>"))]
    pub open: bool,
    /// How often its sample beats that of the student alone, after the same prompt and with the same luck, by the true probability of the
    /// answer (0 for void; ties count half, so that the student alone has 0.5) (grammar).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub win_rate: Option<f64>,
    /// How often it prefers the teacher's text to its own after the same prompt, by `log q − log p`, per token where lengths count: the share of
    /// pairs whose reward margin is above 0 (DPKD, students).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub preferred: Option<f64>,
    /// How likely its next steps are to learn from its own texts (DistiLLM's φ, after this evaluation was heard).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub own_share: Option<f64>,
    /// Excess accumulated error up to each token, in percent (exposure bias), along texts that both networks sampled at temperature 1; empty for
    /// the teacher.
    pub excess: Vec<f64>,
    /// Up to which token that is read as one number: the mean length of the data's responses, their stop token counted. It is the same in every
    /// run on the data, where the last token that any text reaches is another in each and rests on a text or two. A record that does not say it
    /// is of a time when it was 9 for all data.
    #[serde(default = "early_excess_at")]
    #[cfg_attr(test, ts(as = "Option<usize>", optional))]
    pub excess_at: usize,
}

fn early_excess_at() -> usize {
    9
}

impl TextMeasures {
    /// Excess accumulated error up to [`TextMeasures::excess_at`], a share; `None` where no text goes so far.
    pub fn excess_error(&self) -> Option<f64> {
        self.excess.get(self.excess_at.checked_sub(1)?).map(|percent| percent / 100.0)
    }
}

/// How an omitted class fares (Hinton et al. 2015, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct OmittedClass {
    pub class: usize,
    /// Share of its test rows that are recognised.
    pub recall: f64,
    /// The same after its bias is raised by `shift`.
    pub shifted_recall: f64,
    /// Accuracy on all test rows after the shift.
    pub shifted_accuracy: f64,
    /// The shift that gives the best accuracy on the test rows, as in the paper.
    pub shift: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    /// Texts that end before have no such number: the error where they end is one up to another length.
    #[test]
    fn the_excess_error_is_read_at_the_data_s_length_and_of_old_records_at_token_9() {
        let record = r#"{"validity":null,"coverage":null,"yes_no_ece":null,"forward_kl":null,"reverse_kl":null,"length":7.5,"distinct_2":0.5,
            "excess":[1,2,3,4,5,6,7,8,90,100]}"#;
        let mut text: TextMeasures = serde_json::from_str(record).expect("a record of before it said its token");
        assert_eq!(text.excess_error(), Some(0.9));
        text.excess_at = 10;
        assert_eq!(text.excess_error(), Some(1.0));
        text.excess_at = 11;
        assert_eq!(text.excess_error(), None);
        assert_eq!(TextMeasures { excess: Vec::new(), ..text }.excess_error(), None, "the teacher");
    }
}
