//! Responses against a grammar that knows every right answer and how likely it is.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::statistics::mean;
use super::diversity::mean_length;
use crate::data::text::{Example, Grammar};

/// What responses to prompts of a grammar are worth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Judged {
    /// Share of the responses that fill a template with the right facts. The rest is void.
    pub validity: f64,
    /// Mean over prompts: different templates among the responses, as a share of the prompt's templates.
    pub coverage: f64,
    /// The coverage to be expected of as many responses drawn from the truth: what few samples can miss by chance.
    pub coverage_of_truth: f64,
    /// Mean over prompts: Σ over templates of the smaller of the true probability and the share of the responses. 1 is the truth; 1 less this
    /// is the total variation between the truth and what was said, void included. Few samples are never quite the truth.
    pub mass: f64,
    /// Mean length of the responses without the stop, tokens.
    pub length: f64,
    /// Mean length of the valid ones; `None` without any. Less than [`Self::length_of_truth`]: it is the long templates that are missing.
    pub valid_length: Option<f64>,
    /// Mean length of right answers by their true probabilities, over the same prompts.
    pub length_of_truth: f64,
}

/// Judges responses, without stop tokens; several to a prompt, in any order. What is asked about a prompt that the grammar has not is void.
/// `None` without responses.
pub fn judge(grammar: &Grammar, responses: &[Example]) -> Option<Judged> {
    let mut by_prompt: BTreeMap<&[u32], Vec<&[u32]>> = BTreeMap::new();
    for Example { prompt, response } in responses {
        by_prompt.entry(prompt).or_default().push(response);
    }
    let prompts: Vec<OfPrompt> = by_prompt.iter().map(|(prompt, said)| of_prompt(grammar, prompt, said)).collect();
    let over_prompts = |value: fn(&OfPrompt) -> f64| mean(&prompts.iter().map(value).collect::<Vec<_>>());
    let texts = |keep: &dyn Fn(&Example) -> bool| -> Vec<&[u32]> {
        responses.iter().filter(|example| keep(example)).map(|example| example.response.as_slice()).collect()
    };
    let valid = texts(&|Example { prompt, response }| grammar.template(prompt, response).is_some());
    Some(Judged {
        validity: valid.len() as f64 / responses.len() as f64,
        coverage: over_prompts(|prompt| prompt.coverage)?,
        coverage_of_truth: over_prompts(|prompt| prompt.coverage_of_truth)?,
        mass: over_prompts(|prompt| prompt.mass)?,
        length: mean_length(&texts(&|_| true)),
        valid_length: (!valid.is_empty()).then(|| mean_length(&valid)),
        length_of_truth: over_prompts(|prompt| prompt.length_of_truth)?,
    })
}

#[derive(Default)]
struct OfPrompt {
    coverage: f64,
    coverage_of_truth: f64,
    mass: f64,
    length_of_truth: f64,
}

fn of_prompt(grammar: &Grammar, prompt: &[u32], said: &[&[u32]]) -> OfPrompt {
    let answers = grammar.answers(prompt);
    let templates = answers.len() as f64;
    answers.iter().fold(OfPrompt::default(), |sum, (answer, p)| {
        let times = said.iter().filter(|response| **response == answer.as_slice()).count();
        let never: f64 = said.iter().map(|_| 1.0 - p).product();
        OfPrompt {
            coverage: sum.coverage + if times > 0 { 1.0 / templates } else { 0.0 },
            coverage_of_truth: sum.coverage_of_truth + (1.0 - never) / templates,
            mass: sum.mass + p.min(times as f64 / said.len() as f64),
            length_of_truth: sum.length_of_truth + p * answer.len() as f64,
        }
    })
}

/// How often the first of each pair is better by a judge's points, such as 1 for valid and 0 for void, or ROUGE-L; equal points count half.
/// `None` without pairs.
pub fn win_rate(points: &[(f64, f64)]) -> Option<f64> {
    let wins = points.iter().map(|(one, other)| match one.partial_cmp(other) {
        Some(std::cmp::Ordering::Greater) => 1.0,
        Some(std::cmp::Ordering::Less) => 0.0,
        _ => 0.5,
    });
    mean(&wins.collect::<Vec<f64>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::text::{Judge, TextSet, grammar};
    use crate::device::testing::test;

    fn world(examples: usize) -> (TextSet, Grammar) {
        let set = grammar(3, examples);
        let Judge::Grammar(grammar) = set.judge.clone() else { panic!("the grammar is judged by itself") };
        (set, grammar)
    }

    #[test]
    fn what_is_said_is_compared_with_what_is_true() {
        let (set, grammar) = world(1);
        let ids = |text: &str| set.tokenizer.encode(text).unwrap();
        let (place, colour) = (ids("where is the cat ?"), ids("is the cat orange ?"));
        let answers = [grammar.answers(&place), grammar.answers(&colour)];
        assert_eq!((answers[0].len(), answers[1].len()), (6, 2));
        let said = |prompt: &[u32], response: &[u32]| Example { prompt: prompt.into(), response: response.into() };
        let responses = [
            said(&place, &answers[0][0].0),
            said(&colour, &answers[1][1].0),
            said(&place, &answers[0][0].0),
            said(&place, &answers[0][3].0),
            said(&place, &ids("it is")),
            said(&colour, &answers[1][0].0),
        ];
        let found = judge(&grammar, &responses).unwrap();
        assert_eq!(found.validity, 5.0 / 6.0);
        assert!((found.coverage - (2.0 / 6.0 + 1.0) / 2.0).abs() < 1e-12, "templates per prompt, then the mean of prompts");
        let mass = [0.5_f64.min(answers[0][0].1) + 0.25_f64.min(answers[0][3].1), 0.5 + 0.5_f64.min(answers[1][0].1.min(answers[1][1].1))];
        assert!((found.mass - (mass[0] + mass[1]) / 2.0).abs() < 1e-12, "{} {mass:?}", found.mass);
        assert_eq!(found.length, f64::from(3 + 8 + 3 + 11 + 2 + 3) / 6.0);
        assert_eq!(found.valid_length, Some(f64::from(3 + 8 + 3 + 11 + 3) / 5.0));
        let two = |p: f64| 1.0 - (1.0 - p) * (1.0 - p);
        let expected: f64 = answers[0].iter().map(|(_, p)| 1.0 - (1.0 - two(*p)) * (1.0 - two(*p))).sum::<f64>() / 12.0
            + answers[1].iter().map(|(_, p)| two(*p)).sum::<f64>() / 4.0;
        assert!((found.coverage_of_truth - expected).abs() < 1e-12);
        let unknown = judge(&grammar, &[said(&ids("the cat"), &ids("it is"))]).unwrap();
        assert_eq!((unknown.validity, unknown.coverage, unknown.valid_length), (0.0, 0.0, None));
        assert_eq!(judge(&grammar, &[]), None);
    }

    #[test]
    fn draws_from_the_truth_are_as_good_as_the_truth() {
        let (set, grammar) = world(14_000);
        let found = judge(&grammar, &set.train).unwrap();
        assert_eq!(found.validity, 1.0);
        assert!(found.mass > 0.93, "{found:?}");
        assert!(found.coverage > 0.99 && (found.coverage - found.coverage_of_truth).abs() < 0.01, "{found:?}");
        assert!((found.length - found.length_of_truth).abs() < 0.2, "{found:?}");
        let few = judge(&grammar, &set.test).unwrap();
        assert!(
            few.coverage < 0.8 && (few.coverage - few.coverage_of_truth).abs() < 0.05,
            "three samples miss as many as they should: {few:?}"
        );
    }

    #[test]
    fn a_tie_is_half_a_win() {
        assert_eq!(win_rate(&[(1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]), Some(0.5));
        assert_eq!(win_rate(&[(0.7, 0.2), (0.4, 0.3), (0.1, 0.1), (0.5, 0.4)]), Some(0.875));
        assert_eq!(win_rate(&[]), None);
    }
}
