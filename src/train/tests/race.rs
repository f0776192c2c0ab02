//! What a race promises: a fair start, live knobs, honest errors.

use super::super::*;
use super::{all, evaluations, last_losses, open, tiny, to_the_end};
use crate::device::Place;
use crate::device::testing::test_async;

#[test_async]
async fn both_students_start_from_the_same_weights_and_see_the_same_batches() {
    // With α = 1 and no teacher's term the distilled student is the student alone.
    let mut run = open(&[("distill.alpha", "1")]).await;
    let events = to_the_end(&mut run).await;
    let (alone, distilled) = (evaluations(&events, Role::Alone), evaluations(&events, Role::Distilled));
    for (a, d) in alone.iter().zip(&distilled) {
        assert_eq!((a.step, a.accuracy), (d.step, d.accuracy));
    }
    assert!(matches!(events.last(), Some(Event::Finished { outcome, .. }) if outcome.gap == 0.0));
}

#[test_async]
async fn hints_leave_the_start_of_both_students_equal() {
    let mut run = open(&[("distill.hint_weight", "1"), ("teacher.steps", "10")]).await;
    let events = to_the_end(&mut run).await;
    let start = |role| evaluations(&events, role)[0].loss;
    assert_eq!(start(Role::Alone), start(Role::Distilled), "the projection is drawn after the student's own weights");
    assert!(last_losses(&events)[1].hint.is_some_and(|hint| hint > 0.0));
}

#[test_async]
async fn the_same_seed_gives_the_same_curve_and_another_seed_another() {
    let mut curves = Vec::new();
    for seed in ["1", "1", "2"] {
        let mut run = open(&[("seed", seed)]).await;
        curves.push(last_losses(&to_the_end(&mut run).await));
    }
    assert_eq!(curves[0], curves[1]);
    assert_ne!(curves[0], curves[2]);
}

#[test_async]
async fn the_distilled_student_follows_the_teacher_more_closely() {
    let mut run = open(&[("task.shape", "blobs"), ("task.labels_per_class", "4"), ("task.transfer", "all"), ("train.steps", "200")]).await;
    let events = to_the_end(&mut run).await;
    let agreement = |role| evaluations(&events, role).last().and_then(|e| e.agreement).expect("students have one");
    assert!(agreement(Role::Distilled) > agreement(Role::Alone), "{} against {}", agreement(Role::Distilled), agreement(Role::Alone));
}

#[test_async]
async fn a_live_knob_acts_from_the_next_step_and_a_restart_knob_is_refused() {
    let mut run = open(&[]).await;
    run.advance(30).await.unwrap();
    run.advance(10).await.unwrap();
    let changed = run.set("distill.alpha", "1").unwrap();
    assert!(matches!(changed, Event::Changed { step: 10, ref key, ref value, .. } if key == "distill.alpha" && value == "1"));
    let losses = last_losses(&run.advance(10).await.unwrap());
    let distilled = losses.iter().find(|loss| loss.role == Role::Distilled).unwrap();
    assert_eq!(Some(distilled.total), distilled.hard, "with α = 1 only the labels pull");
    let error = run.set("train.batch_size", "32").unwrap_err();
    assert!(matches!(error, RunError::NotLive { .. }) && error.to_string().contains("distill.temperature"), "{error}");
    assert!(run.set("distill.temperature", "0").is_err());
    assert_eq!(run.experiment().distill.temperature, 4.0, "a refused value changes nothing");
}

#[test_async]
async fn a_moving_teacher_trains_beside_the_students() {
    let mut run = open(&[("teacher.schedule", "together"), ("teacher.lr", "0.02"), ("task.shape", "blobs"), ("train.steps", "100")]).await;
    let events = to_the_end(&mut run).await;
    let teacher = evaluations(&events, Role::Teacher);
    assert_eq!(teacher.last().unwrap().step, 100);
    assert!(teacher.last().unwrap().accuracy > teacher[0].accuracy);
}

#[test_async]
async fn kept_logits_of_the_teacher_are_what_it_would_say_again() {
    let mut run = open(&[]).await;
    run.advance(30).await.unwrap();
    let classes = run.classes().unwrap();
    let batch = classes.table.chunk(0, 1, 1).swap_remove(0);
    let kept = classes.teachers.guide(&batch.inputs, batch.teacher, false).logits;
    let asked = classes.teachers.guide(&batch.inputs, None, false).logits;
    let (kept, asked) = (crate::device::read(kept).await.unwrap(), crate::device::read(asked).await.unwrap());
    assert!(kept.iter().zip(&asked).all(|(a, b)| (a - b).abs() < 1e-5), "a step hears a frozen teacher from memory");
}

#[test_async]
async fn several_teachers_are_averaged() {
    let mut run = open(&[("teacher.count", "3"), ("train.steps", "10")]).await;
    let events = to_the_end(&mut run).await;
    let Event::Opened { summary } = run.opened() else { panic!() };
    assert!(summary.networks[0].layers.to_string().starts_with("3 × "));
    assert!(matches!(events.last(), Some(Event::Finished { .. })));
}

#[test_async]
async fn a_loss_that_explodes_stops_the_run_and_names_the_knob() {
    let set = [
        ("train.optimizer", "sgd"),
        ("train.lr", "1"),
        ("train.momentum", "0.99"),
        ("distill.divergence", "logit_mse"),
        ("distill.temperature", "50"),
    ];
    let mut run = open(&[&set[..], &[("train.steps", "1000")]].concat()).await;
    let mut error = None;
    while error.is_none() && !run.finished() {
        error = run.advance(50).await.err();
    }
    let error = error.expect("the loss explodes");
    assert!(matches!(error, RunError::NotFinite { key: "distill.temperature" | "train.lr", .. }), "{error}");
    assert!(!error.is_fatal(), "the device is still good");
}

#[test_async]
async fn looking_at_rows_and_surfaces() {
    let mut run = open(&[]).await;
    assert!(matches!(run.inspect(0), Err(RunError::Unavailable(_))), "nothing has answered yet");
    to_the_end(&mut run).await;
    let Event::Sample { views, .. } = run.inspect(0).unwrap() else { panic!() };
    assert_eq!(views.iter().map(|view| view.role).collect::<Vec<_>>(), [Role::Teacher, Role::Alone, Role::Distilled]);
    assert!(views.iter().all(|view| (view.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5));
    assert_eq!(views[0].kl, 0.0);
    assert!(matches!(run.inspect(90), Err(RunError::NoSuchRow { index: 90, last: 89 })));
    let Event::Plane { surfaces, points, .. } = run.plane(16).await.unwrap() else { panic!() };
    assert!(surfaces.len() == 3 && surfaces.iter().all(|surface| surface.classes.len() == 256));
    assert!(points.iter().any(|point| point.labelled));
    assert!(run.plane(1).await.is_err());
}

#[test_async]
async fn an_omitted_class_is_reported_with_its_bias_shift() {
    let mut run = open(&[("task.shape", "blobs"), ("task.omit_class", "2"), ("task.labels_per_class", "0"), ("train.steps", "100")]).await;
    let events = to_the_end(&mut run).await;
    let omitted = evaluations(&events, Role::Distilled).last().and_then(|e| e.omitted).expect("a class is omitted");
    assert_eq!(omitted.class, 2);
    assert!(omitted.shifted_recall >= omitted.recall);
    assert!(evaluations(&events, Role::Teacher).iter().all(|e| e.omitted.is_none()), "the teacher has seen it");
}

#[test_async]
async fn cnns_train_with_hints_and_attention_transfer() {
    let set = [
        ("teacher.source", "live"),
        ("teacher.channels", "4,6"),
        ("teacher.widths", "12"),
        ("teacher.steps", "10"),
        ("student.channels", "2,3"),
        ("student.widths", "5"),
        ("distill.hint_weight", "1"),
        ("distill.attention_weight", "10"),
        ("train.steps", "4"),
        ("train.batch_size", "8"),
        ("train.eval_every", "4"),
    ];
    let experiment = crate::spec::Experiment::from_preset("fashion", set).unwrap();
    let mut run = Run::new(experiment, &Place::cpu(), &all()).await.unwrap();
    let losses = last_losses(&to_the_end(&mut run).await);
    let distilled = losses.iter().find(|loss| loss.role == Role::Distilled).unwrap();
    let (hint, attention) = (distilled.hint.unwrap(), distilled.attention.unwrap());
    let soft = 0.9 * 16.0 * distilled.soft.unwrap();
    assert!(
        (distilled.total - (0.1 * distilled.hard.unwrap() + soft + hint + 10.0 * attention)).abs() < 1e-4,
        "the parts sum to the total: {distilled:?}"
    );
}

#[test_async]
async fn every_preset_opens_and_makes_a_step() {
    // Those of text are opened, smaller, in tests of their own.
    for preset in crate::spec::presets::TABLE.iter().filter(|preset| !preset.experiment().task.name.is_text()) {
        let mut experiment = preset.experiment();
        experiment.teacher.steps = 10;
        experiment.train.steps = 1;
        let mut run = Run::new(experiment, &Place::cpu(), &all()).await.unwrap_or_else(|error| panic!("{}: {error}", preset.id));
        let events = to_the_end(&mut run).await;
        assert!(matches!(events.last(), Some(Event::Finished { .. })), "{}", preset.id);
    }
}

#[test_async]
async fn a_run_starts_before_its_first_step_with_an_evaluation() {
    let mut run = Run::new(tiny(&[("teacher.schedule", "together")]), &Place::cpu(), &Materials::default()).await.unwrap();
    let events = run.advance(1).await.unwrap();
    assert!(matches!(events[0], Event::Evaluated { step: 0, .. }));
    assert!(matches!(events[1], Event::Progress { step: 1, steps: 40, .. }));
}
