//! Students that learn together are those that would learn alone.

use super::super::event::Phase;
use super::super::{Cohort, CohortStudent, Event, Role, RunError};
use super::{all, tiny, to_the_end};
use crate::device::Place;
use crate::device::testing::test_async;
use crate::spec::Experiment;

const STUDENTS: [&[(&str, &str)]; 7] = [
    &[("distill.temperature", "1"), ("distill.alpha", "0")],
    &[("distill.temperature", "8"), ("distill.alpha", "0.3"), ("distill.t_squared", "false")],
    &[("distill.alpha", "1")],
    &[("distill.divergence", "reverse_kl"), ("distill.temperature", "2")],
    &[("distill.divergence", "dkd"), ("distill.standardize", "true")],
    &[("distill.access", "labels")],
    &[("distill.temperature", "3")],
];

fn students(set: &[(&str, &str)]) -> Vec<Experiment> {
    STUDENTS.map(|own| tiny(&set.iter().chain(own).copied().collect::<Vec<_>>())).to_vec()
}

async fn to_their_end(cohort: &mut Cohort) -> (Vec<CohortStudent>, usize) {
    let mut tested = 0;
    let mut before = (false, 0);
    loop {
        let Event::Cohort { phase, step, steps, students } = cohort.advance(7).await.expect("they go on") else { panic!("another event") };
        assert!(step <= steps);
        let now = (phase != Phase::Teacher, step);
        assert!(now >= before, "{now:?} after {before:?}: progress goes back");
        before = now;
        tested += usize::from(!students.is_empty());
        if phase == Phase::Finished {
            assert!(cohort.finished());
            return (students, tested);
        }
    }
}

/// SGD, whose steps are as large as the gradients are: what AdamW makes of a gradient near zero is left to rounding.
#[test_async]
async fn each_student_of_a_cohort_comes_to_what_its_own_race_does() {
    let sgd = [
        ("train.optimizer", "sgd"),
        ("train.lr", "0.1"),
        ("train.label_smoothing", "0.1"),
        ("task.labels_per_class", "4"),
        ("task.transfer", "all"),
    ];
    let together = [("teacher.schedule", "together"), ("student.widths", "6,5"), ("train.schedule", "cosine")];
    let plain = [("student.widths", "none"), ("train.momentum", "0.9")];
    for set in [&[][..], &together[..], &plain[..]] {
        let experiments = students(&sgd.iter().chain(set).copied().collect::<Vec<_>>());
        let mut cohort = Cohort::new(&experiments, &Place::cpu(), &all()).await.unwrap();
        assert!(matches!(cohort.opened(), Event::Opened { summary } if summary.student_steps == 40));
        let (found, tested) = to_their_end(&mut cohort).await;
        assert_eq!((found.len(), tested), (STUDENTS.len(), 4), "tested every ten of forty steps");
        for (experiment, student) in experiments.into_iter().zip(found) {
            let words = format!("{:?} with {set:?}", experiment.distill);
            let mut run = super::Run::new(experiment, &Place::cpu(), &all()).await.unwrap();
            let events = to_the_end(&mut run).await;
            let Some(Event::Evaluated { networks, .. }) = events.iter().rev().find(|event| matches!(event, Event::Evaluated { .. })) else {
                panic!("a run is tested")
            };
            assert!(student.finite);
            assert_eq!(student.networks[0].role, Role::Teacher);
            // A teacher that stands still is tested once in a race of one's own.
            for (one, own) in student.networks.iter().rev().zip(networks.iter().rev()) {
                assert_eq!((one.role, one.step), (own.role, own.step));
                assert!(
                    (one.loss - own.loss).abs() < 1e-5 * own.loss.max(1.0),
                    "{words}: {:?} has {} and not {}",
                    one.role,
                    one.loss,
                    own.loss
                );
            }
            assert!((student.outcome.gap - student.outcome.distilled + student.outcome.alone).abs() < 1e-12);
        }
    }
}

#[test_async]
async fn what_cannot_be_one_computation_is_refused_with_its_reason() {
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[("train.lr", "0.5")], "distill.*"),
        (&[("student.widths", "7")], "distill.*"),
        (&[("distill.hint_weight", "1")], "distill.hint_weight=0"),
        (&[("train.clip", "1")], "train.clip=0"),
        (&[("train.accumulate", "2")], "train.accumulate=1"),
        (&[("train.patience", "2")], "train.patience=0"),
    ];
    for (set, part) in cases {
        let pair = if part == "distill.*" { vec![tiny(&[]), tiny(set)] } else { vec![tiny(set), tiny(set)] };
        let error = Cohort::new(&pair, &Place::cpu(), &all()).await.err().expect("it is refused");
        assert!(matches!(error, RunError::Unavailable(why) if why.contains(part)), "{error}");
    }
    assert!(Cohort::new(&[], &Place::cpu(), &all()).await.is_err());
    let text = Experiment::from_preset("grammar", []).unwrap();
    assert!(Cohort::new(&[text], &Place::cpu(), &all()).await.is_err());
}
