//! Steps of several micro-batches, and runs that end when nothing gets better.

use super::*;
use crate::device::testing::test_async;

fn close(a: &[Evaluation], b: &[Evaluation], what: &str) {
    assert!(!a.is_empty() && a.len() == b.len(), "{what}");
    for (a, b) in a.iter().zip(b) {
        assert!((a.loss - b.loss).abs() < 2e-5 * b.loss, "{what}, step {}: {} and {}", a.step, a.loss, b.loss);
    }
}

/// Runs with `first` and `second` turned; every role's evaluations of both must agree.
async fn same_run(preset: &str, set: &[(&str, &str)], first: &[(&str, &str)], second: &[(&str, &str)]) {
    let mut found = Vec::new();
    for turned in [first, second] {
        let knobs = set.iter().chain(turned).copied();
        let experiment = Experiment::from_preset(preset, knobs).unwrap();
        let mut run = Run::new(experiment, &Place::cpu(), &Materials::default()).await.unwrap();
        found.push(to_the_end(&mut run).await);
    }
    for role in super::super::ROLES {
        close(&evaluations(&found[0], role), &evaluations(&found[1], role), &format!("{preset} {set:?}: {}", role.name()));
    }
    let [a, b] = [0, 1].map(|at| last_losses(&found[at]));
    for (a, b) in a.iter().zip(&b) {
        assert!((a.total - b.total).abs() < 1e-4 * b.total.abs(), "{preset}: the loss that is shown is that of the whole step");
    }
}

/// All within the first epoch, in which batches of either size are cut out of the same order.
#[test_async]
async fn three_micro_batches_make_the_step_of_one_batch_of_their_rows() {
    let base = [
        ("task.points", "900"),
        ("task.labels_per_class", "0"),
        ("teacher.widths", "16"),
        ("teacher.steps", "10"),
        ("student.widths", "6"),
        ("train.steps", "10"),
        ("train.eval_every", "5"),
    ];
    let (small, large) = ([("train.batch_size", "16"), ("train.accumulate", "3")], [("train.batch_size", "48")]);
    let sgd = [("train.optimizer", "sgd"), ("train.clip", "0.5"), ("train.lr", "0.1")];
    for more in [&[][..], &sgd, &[("teacher.schedule", "together")], &[("distill.hint_weight", "1")]] {
        same_run("plane", &[&base[..], more].concat(), &small, &large).await;
    }
}

/// Responses differ in length: without their weights, micro-batches would make another step.
#[test_async]
async fn micro_batches_of_text_count_by_their_tokens() {
    let steps = [("text.samples", "4"), ("train.steps", "10"), ("train.eval_every", "10"), ("train.optimizer", "sgd"), ("train.lr", "0.3")];
    let base = [&TINY_DECODERS[..], &steps].concat();
    let hinted = [&base[..], &[("distill.hint_weight", "0.5")]].concat();
    for (preset, set) in [("grammar", &base[..]), ("grammar", &hinted), ("seq-kd", &base), ("uld", &base)] {
        same_run(preset, set, &[("train.batch_size", "2"), ("train.accumulate", "4")], &[("train.batch_size", "8")]).await;
    }
}

/// A race that soon gets no better: its steps are far too large.
const WILD: [(&str, &str); 4] = [("train.lr", "1"), ("train.steps", "400"), ("train.patience", "2"), ("train.eval_every", "5")];

fn early(events: &[Event]) -> Early {
    match events.last() {
        Some(Event::Finished { early: Some(early), .. }) => *early,
        other => panic!("the run did not end early: {other:?}"),
    }
}

#[test_async]
async fn a_run_ends_when_the_distilled_student_has_not_got_better_for_too_long() {
    let mut run = open(&WILD).await;
    let events = to_the_end(&mut run).await;
    let early = early(&events);
    assert!(early.evaluations == 2 && early.step == early.best_step + 10 && early.step < 400, "{early:?}");
    let scores: Vec<_> = evaluations(&events, Role::Distilled).into_iter().filter(|found| found.step > 0).collect();
    let best = scores.iter().find(|found| found.step == early.best_step).expect("its evaluation");
    assert!(scores.iter().all(|found| !found.merit().better(&best.merit())), "{scores:?}");
    assert_eq!(scores.last().unwrap().step, early.step, "the last evaluation ended it");
    assert_eq!(run.restored().last(), events.last(), "a finished run says it again");
    let patient = to_the_end(&mut open(&[&WILD[..], &[("train.patience", "0"), ("train.steps", "40")]].concat()).await).await;
    assert!(matches!(patient.last(), Some(Event::Finished { early: None, .. })));
}

#[test_async]
async fn a_resumed_run_ends_early_at_the_same_step() {
    let expected = early(&to_the_end(&mut open(&WILD).await).await);
    let mut run = open(&WILD).await;
    let mut events = Vec::new();
    while !run.finished() {
        // Stops between two evaluations and at them: the look of a resumed run is no evaluation that counts.
        events = run.advance(3).await.unwrap();
        run = Run::resume(&run.save().await.unwrap(), &Place::cpu(), &Materials::default()).await.unwrap();
    }
    assert_eq!(early(&events), expected);
}
