//! What is chosen by what is held out, in all three kinds of runs.

use super::*;
use crate::device::testing::test_async;
use crate::spec::TeacherSource;

/// A race of each kind, small enough to be seen to its end.
fn kinds() -> [Experiment; 3] {
    let small = [
        ("teacher.source", "live"),
        ("teacher.layers", "2"),
        ("teacher.dim", "16"),
        ("teacher.heads", "2"),
        ("teacher.steps", "10"),
        ("student.dim", "8"),
        ("student.heads", "2"),
        ("text.samples", "4"),
        ("text.tests", "16"),
        ("train.steps", "20"),
        ("train.batch_size", "4"),
        ("train.eval_every", "10"),
    ];
    let of = |preset: &str, more: (&'static str, &'static str)| {
        Experiment::from_preset(preset, small.into_iter().chain([more])).expect("a valid experiment")
    };
    [tiny(&[]), of("grammar", ("text.sft_steps", "2")), of("distilbert", ("student.layers", "1"))]
}

async fn run(experiment: Experiment) -> Run {
    Run::new(experiment, &Place::cpu(), &Materials::default()).await.expect("the run opens")
}

#[test_async]
async fn a_part_is_held_out_of_every_kind_of_run_and_only_students_are_chosen_by_it() {
    for mut experiment in kinds() {
        assert_eq!(experiment.teacher.source, TeacherSource::Live);
        let whole = run(experiment.clone()).await.summary();
        experiment.train.validation = 0.25;
        let mut run = run(experiment.clone()).await;
        let summary = run.summary();
        let preset = &experiment.preset;
        assert!(whole.validation_rows == 0 && summary.validation_rows > 0, "{preset}");
        assert!(summary.labelled_rows < whole.labelled_rows && summary.train_rows < whole.train_rows, "{preset}: nobody learns from them");
        assert_eq!(summary.test_rows, whole.test_rows, "{preset}: the test rows stay");
        let events = to_the_end(&mut run).await;
        assert!(evaluations(&events, Role::Teacher).iter().all(|found| found.validation.is_none()), "{preset}");
        let [alone, distilled] = [Role::Alone, Role::Distilled].map(|role| evaluations(&events, role));
        let held = |found: &Evaluation| found.validation.expect("students are measured on what is held out");
        let (first, last) = (distilled.first().unwrap(), distilled.last().unwrap());
        assert_eq!(held(&alone[0]).loss, held(first).loss, "{preset}: both begin as the same student, and see the same rows");
        assert_ne!((held(last).accuracy, held(last).loss), (last.accuracy, last.loss), "{preset}: other rows than the test rows");
        let merit = last.merit();
        let close = |found: f64, expected: f64| (found - expected).abs() < 1e-9;
        assert!(close(merit.accuracy, held(last).accuracy) && close(merit.loss, held(last).loss), "{preset}");
        assert!(held(last).loss < held(first).loss, "{preset}: what is learned shows there too");
    }
}

/// Windows of a novel overlap: those that share letters with what is held out are not learned from either.
#[test_async]
async fn what_is_held_out_of_running_text_shares_none_of_it_with_the_rest() {
    let mut set = crate::data::text::novel(crate::data::text::NOVEL, Default::default()).unwrap();
    let whole = set.clone();
    let held = set.hold_out(100).unwrap();
    assert_eq!((held.test.len(), set.train.len()), (100, whole.train.len() - 100 - 7));
    let text = |example: &crate::data::text::Example| whole.text(&[example.prompt.clone(), example.response.clone()].concat());
    let (last, first) = (text(&set.train.get(set.train.len() - 1)), text(&held.test.get(0)));
    let shared = (1..=last.len()).rev().find(|length| first.starts_with(&last[last.len() - length..])).unwrap_or(0);
    assert!(
        shared < 4,
        "the last window that is learned from ends with {:?}, where the first held out begins",
        &last[last.len() - shared..]
    );
}

/// Steps that are far too large: what is best is found early, by the rows that are held out.
#[test_async]
async fn patience_goes_by_what_is_held_out_also_after_a_resume() {
    let wild = [
        ("train.lr", "1"),
        ("train.steps", "400"),
        ("train.patience", "2"),
        ("train.eval_every", "5"),
        ("train.validation", "0.3"),
        ("task.labels_per_class", "0"),
    ];
    let events = to_the_end(&mut open(&wild).await).await;
    let Some(Event::Finished { early: Some(early), .. }) = events.last() else { panic!("it ends early") };
    let found: Vec<_> = evaluations(&events, Role::Distilled).into_iter().filter(|found| found.step > 0).collect();
    let best = found.iter().find(|found| found.step == early.best_step).expect("its evaluation").merit();
    assert!(found.iter().all(|found| !found.merit().better(&best)), "{found:?}");
    let mut run = open(&wild).await;
    let mut last = Vec::new();
    while !run.finished() {
        last = run.advance(3).await.unwrap();
        run = Run::resume(&run.save().await.unwrap(), &Place::cpu(), &Materials::default()).await.unwrap();
    }
    assert_eq!(last.last(), events.last());
}
