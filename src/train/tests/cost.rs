//! What a run says that it took.

use super::*;
use crate::device::testing::test_async;
use crate::model::{TRAINING, TextBatch};
use crate::train::Flops;
use crate::train::contest::Contest;

fn close(found: f64, expected: f64, what: &str) {
    assert!((found / expected - 1.0).abs() < 1e-12, "{what}: {found} instead of {expected}");
}

/// A run by these knobs over some preset, not begun.
async fn opened(preset: &str, set: &[(&str, &str)]) -> Run {
    let experiment = Experiment::from_preset(preset, set.iter().copied()).expect("a valid experiment");
    Run::new(experiment, &Place::cpu(), &all()).await.expect("the run opens")
}

fn flops(run: &Run) -> Flops {
    run.contest.flops(&run.experiment, [run.experiment.teacher_steps(), run.experiment.train.steps])
}

/// Points of two numbers in six classes: 2·16 + 16·6 multiply-adds of the teacher, 2·6 + 6·6 of a student.
#[test_async]
async fn a_race_over_classes_takes_what_a_hand_counts() {
    let (teacher, student) = (2.0 * 128.0, 2.0 * 48.0);
    let run = open(&[]).await;
    let first = flops(&run);
    let rows = run.classes().expect("a race over classes").view.rows.len() as f64;
    assert_eq!(first.pass, [teacher, student]);
    assert_eq!(first.teacher, 30.0 * 16.0 * 3.0 * teacher, "30 steps of 16 rows, forward and backward");
    assert_eq!(first.alone, 40.0 * 16.0 * 3.0 * student);
    assert_eq!((first.asked, first.once), (rows * teacher, rows * teacher), "a frozen teacher is asked once about every row");
    assert_eq!(first.distilled, first.alone + first.asked);
    let together = flops(&open(&[("teacher.schedule", "together"), ("train.accumulate", "2")]).await);
    assert_eq!(together.teacher, 40.0 * 32.0 * 3.0 * teacher, "it learns beside the students");
    assert_eq!(together.asked, 40.0 * 32.0 * teacher, "and is asked at every step");
    let hinted = flops(&open(&[("distill.hint_weight", "1")]).await);
    assert_eq!(hinted.asked, first.asked + 40.0 * 16.0 * teacher, "its inside is seen at every step");
    let projection = 2.0 * 6.0 * 16.0;
    assert_eq!(hinted.distilled, 40.0 * 16.0 * 3.0 * (student + projection) + hinted.asked, "a projection learns with the student");
    assert_eq!(flops(&open(&[("teacher.count", "3")]).await).once, 3.0 * first.once);
}

#[test_async]
async fn a_run_that_ends_early_takes_what_its_steps_took() {
    let wild = [("train.lr", "1"), ("train.steps", "400"), ("train.patience", "2"), ("train.eval_every", "5")];
    let mut run = open(&wild).await;
    let events = to_the_end(&mut run).await;
    let Some(Event::Finished { early: Some(early), flops: found, .. }) = events.last() else { panic!("it ends early") };
    let planned = flops(&run);
    close(found.alone, planned.alone * early.step as f64 / 400.0, "the student alone");
    assert_eq!((found.teacher, found.asked), (planned.teacher, planned.asked), "the teacher was ready before");
}

/// A preset and what is set over it; batches that a micro-batch of its method learns from, that the teacher reads, that the student writes and
/// that the teacher does.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], [f64; 4]);

#[test_async]
async fn every_method_of_text_takes_what_it_asks_of_both_networks() {
    let base =
        [("train.steps", "10"), ("train.accumulate", "3"), ("text.sft_steps", "2"), ("text.tune_steps", "1"), ("train.batch_size", "8")];
    let cases: [Case; 15] = [
        ("sft", &[], [1.0, 0.0, 0.0, 0.0]),
        ("grammar", &[], [1.0, 1.0, 0.0, 0.0]),
        ("gkd", &[("text.student_share", "0.25")], [1.0, 1.0, 0.25, 0.0]),
        ("distillm", &[("text.student_share", "0.5")], [1.0, 1.0, 0.5, 0.0]),
        ("distillm-2", &[], [2.0, 2.0, 1.0, 1.0]),
        ("minillm", &[], [2.0, 1.25, 0.25, 0.25]),
        ("minillm", &[("text.inner_steps", "1")], [2.0, 2.0, 1.0, 1.0]),
        ("minillm", &[("text.single_step", "false")], [2.0, 0.25, 0.25, 0.25]),
        ("minillm", &[("text.teacher_mix", "0")], [2.0, 1.25, 0.25, 0.0]),
        ("minillm", &[("text.lm_weight", "0")], [1.0, 1.25, 0.25, 0.25]),
        ("minillm", &[("text.variant", "lmops")], [2.0, 2.25, 0.25, 0.25]),
        ("dpkd", &[], [3.0, 2.0, 1.0, 1.0]),
        ("dpkd", &[("text.lm_weight", "0")], [2.0, 2.0, 1.0, 1.0]),
        ("dpkd", &[("text.preference", "token")], [2.0, 1.0, 0.0, 1.0]),
        ("dpkd", &[("text.preference", "token"), ("text.lm_weight", "0")], [1.0, 1.0, 0.0, 1.0]),
    ];
    for (preset, set, [learned, heard, own, theirs]) in cases {
        let what = format!("{preset} {set:?}");
        let run = opened(preset, &[&base[..], set].concat()).await;
        let Contest::Texts(texts) = &run.contest else { panic!("a run over text") };
        let (teacher, student) = (&texts.nets.teacher.layout, &texts.nets.alone.layout);
        let (seq, longest) = (texts.own.seq as f64, texts.own.longest as f64);
        let batch = TextBatch { texts: 8.0, seq, foretold: 8.0 * seq };
        let writing = [teacher, student].map(|net| net.writing_flops(8.0, seq + 1.0 - longest, longest));
        let found = flops(&run);
        // Of ten steps of three micro-batches seven are the method's.
        let step = TRAINING * student.flops(batch);
        close(found.alone, 30.0 * step, &what);
        if heard + theirs > 0.0 {
            close(found.asked, 21.0 * (heard * teacher.flops(batch) + theirs * writing[0]), &what);
        } else {
            assert_eq!(found.asked, 0.0, "{what}");
        }
        close(found.distilled, 9.0 * step + 21.0 * (learned * step + own * writing[1]) + found.asked, &what);
        close(found.once, texts.examples as f64 / 8.0 * teacher.flops(batch), &what);
        assert_eq!(found.teacher, 0.0, "{what}: it is shipped");
        close(found.pass[1] * seq * 8.0, student.flops(batch), &what);
    }
}

#[test_async]
async fn the_texts_of_a_teacher_that_are_kept_are_written_once() {
    let base = [("text.examples", "16"), ("train.batch_size", "8"), ("text.sft_steps", "0"), ("train.eval_every", "10")];
    // Two steps read all examples once.
    for (steps, count, texts) in [("2", "1", 16.0), ("10", "1", 16.0), ("3", "4", 32.0), ("10", "4", 64.0)] {
        let run = opened("seq-kd", &[&base[..], &[("train.steps", steps), ("text.teacher_texts", count)]].concat()).await;
        let Contest::Texts(own) = &run.contest else { panic!("a run over text") };
        let (seq, longest) = (own.own.seq as f64, own.own.longest as f64);
        let found = flops(&run);
        close(found.asked, own.nets.teacher.layout.writing_flops(texts, seq + 1.0 - longest, longest), steps);
        close(found.distilled, found.alone + found.asked, steps);
    }
}

#[test_async]
async fn a_race_of_encoders_takes_what_its_objective_asks_for() {
    let small =
        [("teacher.dim", "16"), ("teacher.layers", "2"), ("teacher.heads", "2"), ("student.layers", "1"), ("train.batch_size", "4")];
    let set = [&small[..], &[("teacher.steps", "10"), ("train.steps", "20"), ("text.tests", "16")]].concat();
    let of = async |preset: &str, more: &[(&str, &str)]| {
        let run = opened(preset, &[&set[..], more].concat()).await;
        let Contest::Encoders(encoders) = &run.contest else { panic!("a run of encoders") };
        let train = &encoders.passages.train;
        let mean =
            |of: &dyn Fn(usize) -> usize| (0..train.len()).map(|row| of(train.tokens(row)[0])).sum::<usize>() as f64 / train.len() as f64;
        let layouts = [&encoders.nets.teacher.layout, &encoders.nets.alone.layout].map(Clone::clone);
        let level = mean(&|tokens| encoders.longest.min(tokens.div_ceil(16) * 16));
        (flops(&run), layouts, [encoders.longest as f64, level, 4.0 * mean(&|tokens| tokens)])
    };
    for (tokens, share) in [("all", 1.0), ("masked", 0.15)] {
        let more = [("encoder.soft_tokens", tokens), ("encoder.mask_share", "0.15")];
        let (found, [teacher, student], [seq, _, real]) = of("distilbert", &more).await;
        let batch = |foretold: f64| TextBatch { texts: 4.0, seq, foretold };
        close(found.teacher, 10.0 * 3.0 * teacher.flops(batch(0.15 * real)), tokens);
        close(found.alone, 20.0 * 3.0 * student.flops(batch(0.15 * real)), tokens);
        close(found.asked, 20.0 * teacher.flops(batch(share * real)), tokens);
        close(found.distilled, 20.0 * 3.0 * student.flops(batch(share * real)) + found.asked, tokens);
    }
    let (found, [teacher, student], [_, seq, _]) = of("text-labels", &[]).await;
    let batch = TextBatch { texts: 4.0, seq, foretold: 0.0 };
    close(found.asked, 20.0 * teacher.flops(batch), "batches as long as their texts");
    close(found.alone, 20.0 * 3.0 * student.flops(batch), "both read the same batches");
    close(found.distilled, found.alone + found.asked, "one head for the labels");
}
