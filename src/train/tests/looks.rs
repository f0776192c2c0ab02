//! What a run shows of itself on request.

use super::super::*;
use super::{calibrated, evaluations, open, to_the_end};
use crate::device::testing::test_async;

#[test_async]
async fn a_step_taken_apart_adds_up_and_is_not_made() {
    let mut run = open(&[("distill.alpha", "0.3"), ("distill.temperature", "2")]).await;
    run.advance(30).await.unwrap();
    run.advance(5).await.unwrap();
    let Event::Dissected { step, losses, whole, tensors, scale, lr, .. } = run.dissect(3).await.unwrap() else {
        panic!("a step was asked for")
    };
    assert_eq!(step, 5);
    let total = 0.3 * losses.hard.unwrap() + 0.7 * scale as f32 * losses.soft.unwrap();
    assert!((total - losses.total).abs() < 1e-4, "{total} is not {}", losses.total);
    // |h + s|² = |h|² + |s|² + 2·cos·|h|·|s|
    let sum = (whole.hard.powi(2) + whole.soft.powi(2) + 2.0 * whole.cosine * whole.hard * whole.soft).sqrt();
    assert!((sum - whole.total).abs() < 1e-3 * whole.total, "{whole:?}");
    assert!(whole.features < 1e-3 * whole.total, "no hint, no feature gradient: {whole:?}");
    let squares: f64 = tensors.iter().map(|pull| pull.update.powi(2)).sum();
    assert!((squares.sqrt() - whole.update).abs() < 1e-3 * whole.update && lr > 0.0);
    // Looking changed nothing: the losses of the step that is made are those that were shown.
    let events = run.advance(1).await.unwrap();
    let Event::Progress { losses: made, .. } = &events[0] else { panic!("a step was made") };
    let made = made.iter().find(|loss| loss.role == Role::Distilled).unwrap();
    assert!((made.total - losses.total).abs() < 1e-5, "{} {}", made.total, losses.total);
}

#[test_async]
async fn a_finished_run_shows_the_step_it_would_make_next_and_stays_as_it_is() {
    let mut run = open(&[]).await;
    assert!(run.dissect(0).await.is_err(), "the teacher learns first");
    to_the_end(&mut run).await;
    let before = run.weights(Role::Distilled, false).await.unwrap();
    let Event::Dissected { step, lr, whole, .. } = run.dissect(0).await.unwrap() else { panic!("a step was asked for") };
    assert_eq!(step, run.experiment().train.steps);
    assert!(lr > 0.0 && whole.update > 0.0, "a schedule that has come to zero would show a step that does nothing: {whole:?}");
    assert_eq!(run.weights(Role::Distilled, false).await.unwrap(), before);
}

#[test_async]
async fn every_level_of_access_tells_more_and_what_is_open_counts_unused() {
    let bits = open(&[]).await.summary().bits_per_example;
    assert!(bits.labels < bits.top_k && bits.top_k < bits.logits && bits.logits < bits.hidden, "{bits:?}");
}

#[test_async]
async fn the_study_looks_at_all_test_rows() {
    let mut run = open(&[]).await;
    assert!(run.study().is_err() && run.calibration().is_err(), "nobody has answered yet");
    let events = to_the_end(&mut run).await;
    calibrated(&run, &events);
    let Event::Studied { networks, disputed, .. } = run.study().unwrap() else { panic!("a study was asked for") };
    for network in &networks {
        let row: f32 = network.similarity[..network.similarity.len().isqrt()].iter().sum();
        assert!((row - 1.0).abs() < 1e-4, "the mean soft label of a class is a distribution");
    }
    assert!(disputed.windows(2).all(|pair| pair[0].distance >= pair[1].distance));
}

#[test_async]
async fn an_input_of_ones_own_gets_the_answers_that_the_same_test_row_gets() {
    let mut run = open(&[]).await;
    to_the_end(&mut run).await;
    let Event::Sample { input, views: known, .. } = run.inspect(4).unwrap() else { panic!("a row was asked for") };
    let Event::Opinion { views, .. } = run.ask(input).await.unwrap() else { panic!("an opinion was asked for") };
    for (asked, known) in views.iter().zip(&known) {
        assert!(asked.logits.iter().zip(&known.logits).all(|(a, b)| (a - b).abs() < 1e-4), "{asked:?} {known:?}");
    }
    let error = run.ask(vec![f32::NAN, 0.0]).await.unwrap_err();
    assert!(error.to_string().contains("finite"), "{error}");
}

#[test_async]
async fn one_side_steps_while_the_other_waits() {
    let mut run = open(&[("teacher.schedule", "together")]).await;
    run.advance(2).await.unwrap();
    let before = run.weights(Role::Distilled, false).await.unwrap();
    let events = run.step_only(Role::Teacher).await.unwrap();
    assert_eq!(run.weights(Role::Distilled, false).await.unwrap(), before, "the students wait");
    assert_eq!(evaluations(&events, Role::Teacher)[0].step, 3);
    let teacher = run.weights(Role::Teacher, false).await.unwrap();
    let events = run.step_only(Role::Distilled).await.unwrap();
    assert_eq!(run.weights(Role::Teacher, false).await.unwrap(), teacher, "the teacher waits");
    assert!(matches!(events[0], Event::Progress { step: 3, .. }));

    let mut frozen = open(&[]).await;
    frozen.advance(35).await.unwrap();
    let error = frozen.step_only(Role::Teacher).await.unwrap_err();
    assert!(error.to_string().contains("teacher.schedule=together"), "{error}");
}
