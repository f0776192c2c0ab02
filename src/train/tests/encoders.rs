//! The race of encoders, small and on the CPU backend.

use super::*;
use crate::device::testing::test_async;
use crate::train::{Phase, RunError};

async fn open(set: &[(&str, &str)]) -> Run {
    let base = [
        ("teacher.layers", "2"),
        ("teacher.dim", "16"),
        ("teacher.heads", "2"),
        ("teacher.steps", "10"),
        ("student.layers", "1"),
        ("student.dim", "8"),
        ("student.heads", "2"),
        ("text.tests", "16"),
        ("train.steps", "10"),
        ("train.batch_size", "4"),
        ("train.eval_every", "10"),
    ];
    let experiment = Experiment::from_preset("distilbert", base.into_iter().chain(set.iter().copied())).expect("a valid experiment");
    Run::new(experiment, &Place::cpu(), &Materials::default()).await.expect("the run opens")
}

/// Students that take layers of their teacher are seen at step 0 as they begin, not as they were while the teacher learned.
#[test_async]
async fn students_out_of_a_teacher_are_measured_before_their_first_step() {
    let mut run = open(&[
        ("train.accumulate", "2"),
        ("encoder.hidden_weight", "1"),
        ("encoder.attention_weight", "1"),
        ("encoder.relation_weight", "1"),
    ])
    .await;
    let events = to_the_end(&mut run).await;
    let seen = |wanted: Phase, at: usize| {
        let mut found = events.iter().filter_map(|event| match event {
            Event::Evaluated { phase, step, networks } if *phase == wanted && *step == at => networks.last(),
            _ => None,
        });
        found.next_back().expect("an evaluation").clone()
    };
    let (waiting, begun, last) = (seen(Phase::Teacher, 10), seen(Phase::Students, 0), seen(Phase::Students, 10));
    assert_ne!(waiting.loss, begun.loss, "the teacher's layers are other weights");
    assert_eq!((begun.step, last.step), (0, 10));
    calibrated(&run, &events);
    assert!(last.loss < begun.loss, "{} after {}", last.loss, begun.loss);
}

/// Between unequal widths a projection learns with the student, also when the weight is turned on in the run, and is gone from what is saved.
#[test_async]
async fn states_of_another_width_are_compared_by_a_projection_that_no_one_keeps() {
    let narrow = [("student.start", "random"), ("encoder.cosine_weight", "0"), ("train.steps", "30")];
    let mut run = open(&narrow).await;
    run.advance(12).await.unwrap();
    run.set("encoder.hidden_weight", "1").unwrap();
    let events = to_the_end(&mut run).await;
    let hints: Vec<f32> = events
        .iter()
        .filter_map(|event| match event {
            Event::Progress { losses, .. } => losses.iter().find_map(|loss| loss.hint),
            _ => None,
        })
        .collect();
    assert!(hints.last() < hints.first(), "{hints:?}");
    let weights = |bytes: Vec<u8>| crate::model::decode(&bytes).unwrap();
    let [alone, distilled] = [Role::Alone, Role::Distilled];
    let (alone, distilled) = (weights(run.weights(alone, false).await.unwrap()), weights(run.weights(distilled, false).await.unwrap()));
    assert!(alone.has("layers.0.up.weight") && distilled.has("layers.0.up.weight") && !distilled.has("projection.weight"));
    let sizes: Vec<usize> = run.summary().networks.iter().map(|network| network.parameters).collect();
    assert_eq!(sizes[1], sizes[2], "it is not counted either");
    let saved = run.save().await.unwrap();
    let again = Run::resume(&saved, &Place::cpu(), &Materials::default()).await.unwrap();
    assert_eq!(again.save().await.unwrap(), saved, "the projection goes on with its run");
}

/// Labels of texts: everyone learns, what is measured is there, and the held out part has labels of its own.
#[test_async]
async fn a_race_for_labels_measures_what_classifiers_are_measured_by() {
    let experiment = Experiment::from_preset(
        "text-labels",
        [
            ("teacher.layers", "1"),
            ("teacher.dim", "32"),
            ("teacher.steps", "60"),
            ("student.dim", "16"),
            ("train.steps", "100"),
            ("train.lr", "0.01"),
            ("train.warmup_steps", "10"),
            ("train.eval_every", "100"),
            ("train.accumulate", "2"),
            ("train.validation", "0.1"),
            ("text.tests", "60"),
        ],
    );
    let mut run = Run::new(experiment.unwrap(), &Place::cpu(), &Materials::default()).await.expect("the run opens");
    let summary = run.summary();
    assert_eq!((summary.classes.len(), summary.test_rows, summary.labelled_rows, summary.validation_rows), (20, 60, 3600, 60));
    let events = to_the_end(&mut run).await;
    calibrated(&run, &events);
    let last = events.iter().rev().find_map(|event| match event {
        Event::Evaluated { networks, .. } => Some(networks.clone()),
        _ => None,
    });
    let last = last.expect("an evaluation");
    assert_eq!(last.len(), 2, "both students, for the teacher stands still");
    let mut teachers = events.iter().filter_map(|event| match event {
        Event::Evaluated { networks, .. } => networks.iter().find(|network| network.role == Role::Teacher),
        _ => None,
    });
    let teacher = teachers.next_back().and_then(|network| network.encoder.clone()).expect("the teacher was asked");
    assert!(teacher.macro_f1.is_some() && teacher.forward_kl.is_none(), "nobody is a distance from itself");
    for network in last {
        let measures = network.encoder.expect("an encoder's");
        assert!(network.accuracy > 0.08, "{:?} has {} where chance has 0.05", network.role, network.accuracy);
        assert!(measures.macro_f1.is_some_and(|f1| f1 > 0.0 && f1 < 1.0) && network.ece.is_some());
        assert!(measures.forward_kl.is_some_and(|kl| kl > 0.0) && network.agreement.is_some() && network.validation.is_some());
    }
    assert!(matches!(run.read(0).await, Err(RunError::Unavailable(_))), "there is nothing behind masks");
}
