//! What the networks write: how it is sampled, counted, held against references and shown.

use super::texts::open;
use super::*;
use crate::device::testing::test_async;
use crate::train::RunError;

#[test_async]
async fn written_answers_are_held_against_their_references() {
    let mut run =
        open("sft", &[("task.name", "arithmetic"), ("train.steps", "150"), ("train.eval_every", "150"), ("student.dim", "16")]).await;
    let last = evaluations(&to_the_end(&mut run).await, Role::Alone).pop().expect("an evaluation");
    let text = last.text.expect("a run over text is measured as one");
    let rouge = text.rouge_l.expect("there are references");
    assert!(rouge >= last.accuracy && rouge <= 1.0, "a right answer has ROUGE-L 1: {rouge}, {} are right", last.accuracy);
    assert!(text.win_rate.is_none() && text.validity == Some(last.accuracy));
}

/// A student on a sheet that is far too short to say anything, and one on a sheet that asks for more answers than there are problems.
#[test_async]
async fn every_problem_is_counted_at_most_once() {
    for (samples, expected) in [("3", 3), ("700", 500)] {
        let set = [("task.name", "arithmetic"), ("text.samples", samples), ("teacher.steps", "10"), ("train.steps", "1")];
        let mut run = open("sft", &set).await;
        let events = to_the_end(&mut run).await;
        assert!(matches!(events.last(), Some(Event::Finished { outcome, .. }) if outcome.test_rows == expected as usize));
        let last = evaluations(&events, Role::Alone).pop().expect("an evaluation");
        let right = last.accuracy * f64::from(expected);
        assert!((right - right.round()).abs() < 1e-9, "{samples}: {} is no share of {expected} answers", last.accuracy);
        let written = run.write_all(Role::Alone).await.unwrap();
        let prompts: std::collections::BTreeSet<_> = written.iter().map(|text| text.prompt.clone()).collect();
        assert_eq!((written.len(), prompts.len()), (expected as usize, expected as usize), "the likeliest answer is always the same");
    }
}

/// Exposure is an expectation over what a network's own probabilities let it write, however the texts that people read are chosen.
#[test_async]
async fn exposure_is_measured_along_texts_that_were_sampled_at_temperature_1() {
    let of = async |set: &[(&str, &str)]| {
        let mut run = open("sft", set).await;
        let text = evaluations(&to_the_end(&mut run).await, Role::Alone).pop().expect("an evaluation").text.expect("a run over text");
        let written = run.write_all(Role::Alone).await.unwrap();
        let said: Vec<Vec<u32>> = written.into_iter().map(|text| text.response.into_iter().filter(|token| *token != 0).collect()).collect();
        (text, crate::eval::text::distinct(&said, 2))
    };
    let ((plain, _), (cold, _)) = (of(&[]).await, of(&[("text.sampling_temperature", "0.2")]).await);
    assert_ne!(plain.distinct_2, cold.distinct_2, "fine-tuning samples nothing: the weights are the same, what is written is not");
    assert!(!plain.excess.is_empty() && plain.excess == cold.excess, "{:?} and {:?}", plain.excess, cold.excess);
    let (sums, likeliest) = of(&[("task.name", "arithmetic")]).await;
    assert!(!sums.excess.is_empty() && sums.distinct_2 > likeliest, "{} of what is sampled, {likeliest} of the answers", sums.distinct_2);
}

/// Where answers are sentences, hardly one is ever the reference; where one is marked, it is right or wrong.
#[test_async]
async fn open_answers_are_chosen_by_rouge_l_of_the_part_that_is_held_out() {
    for (line, open) in [
        (r#"{"prompt": "a?", "completion": "b c d"}"#, true),
        (r##"{"prompt": "a?", "completion": "b\n#### 1"}"##, false),
        (r#"{"prompt": "a?", "completion": "b"}"#, false),
    ] {
        let jsonl = [
            ("task.name", "jsonl"),
            ("text.context", "16"),
            ("text.samples", "2"),
            ("text.sft_steps", "0"),
            ("train.steps", "1"),
            ("train.batch_size", "4"),
            ("train.validation", "0.25"),
        ];
        let experiment = Experiment::from_preset("grammar", TINY_DECODERS.into_iter().chain(jsonl)).expect("a valid experiment");
        let text = format!("{line}\n").repeat(20);
        let materials = Materials { text: Some(text), ..Materials::default() };
        let mut run = Run::new(experiment, &Place::cpu(), &materials).await.expect("the run opens");
        assert_eq!(run.summary().validation_rows, 2, "of the examples that are held out two are answered");
        let last = evaluations(&to_the_end(&mut run).await, Role::Distilled).pop().expect("an evaluation");
        let merit = last.merit();
        let held = last.validation.expect("a part is held out").rouge_l.expect("it has references");
        assert_eq!((merit.open, merit.rouge_l.map(|found| (found - held).abs() < 1e-9)), (open, Some(true)), "{line}");
    }
}

#[test_async]
async fn what_the_networks_write_is_read_with_its_probabilities() {
    let mut run = open("grammar", &[]).await;
    to_the_end(&mut run).await;
    let Event::Read { prompts, answers, writings, text, .. } = run.read(3).await.unwrap() else { panic!("a prompt was asked") };
    assert!(prompts == 140 && text.ends_with('?'), "{text}");
    assert!((answers.iter().map(|answer| answer.truth).sum::<f64>() - 1.0).abs() < 1e-6);
    for writing in &writings {
        let given: f64 = answers
            .iter()
            .map(|answer| match writing.role {
                Role::Teacher => answer.teacher,
                Role::Alone => answer.alone,
                Role::Distilled => answer.distilled,
            })
            .sum();
        assert!((given + writing.void.unwrap() - 1.0).abs() < 1e-6, "right answers and void are all there is");
        for token in &writing.tokens {
            assert!(token.probability <= token.confidence + 1e-9 && token.others.len() == 4);
            assert!(token.others.iter().all(|(_, p)| p + token.probability <= 1.0 + 1e-6));
        }
    }
    assert!(matches!(run.read(140).await, Err(RunError::NoSuchRow { last: 139, .. })));
}
