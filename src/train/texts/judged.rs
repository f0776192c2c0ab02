//! What is made of texts and probabilities once they are known: who beats whom, and by how much.

use serde::{Deserialize, Serialize};

use super::super::evaluation::Evaluation;
use super::super::event::Role;
use super::told::Apart;
use crate::data::text::{Judge, TextSet};
use crate::eval::{study::Graded, text as measures};
use crate::method::text::Written;

/// The answer of a network that gives these probabilities to the right and to the wrong one of two words.
pub fn two_words(right: f64, wrong: f64) -> Graded {
    // Both may have underflowed.
    let both = (right + wrong).max(f64::MIN_POSITIVE);
    Graded { confidence: right.max(wrong) / both, correct: if right > wrong { 1.0 } else { 0.0 }, weight: 1.0 }
}

/// How often a student prefers the teacher's text to its own after the same prompt: DPKD's Δ is above 0.
pub fn preferred(of_teacher: &Apart, own: &Apart, lengths: bool) -> Option<f64> {
    let liked = |text: &Vec<f64>| text.iter().sum::<f64>() / if lengths { text.len().max(1) as f64 } else { 1.0 };
    let pairs: Vec<(f64, f64)> =
        of_teacher.likelier.iter().zip(&own.likelier).map(|(chosen, rejected)| (liked(chosen), liked(rejected))).collect();
    measures::win_rate(&pairs)
}

/// The true probability of each text (grammar; nothing elsewhere), 0 where it is void or has no end.
pub fn truth(set: &TextSet, texts: &[Written]) -> Vec<f64> {
    let Judge::Grammar(grammar) = &set.judge else { return Vec::new() };
    let of = |text: &Written| {
        let said = text.response.strip_suffix(&[set.stop])?;
        let answers = grammar.answers(&text.prompt);
        answers.into_iter().find(|(answer, _)| answer == said).map(|(_, truth)| truth)
    };
    texts.iter().map(|text| of(text).unwrap_or(0.0)).collect()
}

/// A text that a network wrote for a test prompt, to be read by people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    pub prompt: String,
    pub text: String,
    /// Whether it came to its end before it was cut off.
    pub ended: bool,
    /// What it is worth: the true probability of the answer (grammar), ROUGE-L against the reference (arithmetic, jsonl); `None` where there is no
    /// right answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<f64>,
}

/// Texts with the references of their prompts.
pub fn samples<'a>(set: &TextSet, texts: &[Written], wanted: impl Iterator<Item = &'a Written>) -> Vec<Sample> {
    let truth = truth(set, texts);
    let sample = |(index, (text, wanted)): (usize, (&Written, &Written))| {
        let said = response(text, set.stop);
        let shown = set.text(said);
        let points = match &set.judge {
            Judge::Grammar(_) => Some(truth[index]),
            Judge::Exact => Some(measures::rouge_l(&shown, &set.text(response(wanted, set.stop)))),
            Judge::None => None,
        };
        Sample { prompt: set.text(&text.prompt), text: shown, ended: text.response.len() > said.len(), points }
    };
    texts.iter().zip(wanted).enumerate().map(sample).collect()
}

/// A response without its stop token.
pub fn response(text: &Written, stop: u32) -> &[u32] {
    match text.response.split_last() {
        Some((last, rest)) if *last == stop => rest,
        _ => &text.response,
    }
}

/// The same of all texts.
pub fn responses(texts: &[Written], stop: u32) -> Vec<&[u32]> {
    texts.iter().map(|text| response(text, stop)).collect()
}

/// Win rates over the student alone. `points` are those of every text of every network.
pub fn compare(found: &mut [Evaluation], points: &[Vec<f64>]) {
    let Some(alone) = found.iter().position(|evaluation| evaluation.role == Role::Alone) else { return };
    for (evaluation, own) in found.iter_mut().zip(points) {
        let pairs: Vec<(f64, f64)> = own.iter().copied().zip(points[alone].iter().copied()).collect();
        if let Some(text) = &mut evaluation.text {
            text.win_rate = measures::win_rate(&pairs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    #[test]
    fn the_likelier_text_is_preferred_with_or_without_its_length() {
        let apart = |likelier: &[&[f64]]| Apart { forward_kl: Vec::new(), likelier: likelier.iter().map(|text| text.to_vec()).collect() };
        // Per token the first is liked less, as a whole more.
        let (chosen, rejected) = (apart(&[&[-1.0], &[0.5, 0.5]]), apart(&[&[-0.6, -0.6], &[0.2]]));
        assert_eq!((preferred(&chosen, &rejected, true), preferred(&chosen, &rejected, false)), (Some(0.5), Some(1.0)));
        assert_eq!(preferred(&chosen, &chosen, true), Some(0.5), "the same texts");
    }

    #[test]
    fn yes_and_no_are_two_labels_whatever_else_might_be_said() {
        let close = |found: Graded, expected: (f64, f64)| (found.confidence - expected.0).abs() < 1e-12 && found.correct == expected.1;
        assert!(close(two_words(0.6, 0.4), (0.6, 1.0)));
        assert!(close(two_words(0.3, 0.1), (0.75, 1.0)), "it would say the right one, were it to say one of them");
        assert!(close(two_words(0.1, 0.3), (0.75, 0.0)));
        assert!(two_words(0.0, 0.0).confidence.is_finite());
    }
}
