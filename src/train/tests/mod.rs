//! The race, small and on the CPU backend.

mod accumulate;
mod answers;
mod checkpoints;
mod cohort;
mod cost;
mod encoders;
mod looks;
mod precision;
mod race;
mod recompute;
mod team;
mod texts;
mod validation;
mod workloads;

use super::event::ROLES;
use super::{Calibration, Early, Evaluation, Event, LossParts, Materials, Role, Run};
use crate::data::Shipped;
use crate::device::Place;
use crate::eval::study::Bin;
use crate::spec::Experiment;

/// A tiny race over the plane with a teacher of its own; `set` changes it further.
fn tiny(set: &[(&str, &str)]) -> Experiment {
    let base = [
        ("task.points", "300"),
        ("teacher.widths", "16"),
        ("teacher.steps", "30"),
        ("student.widths", "6"),
        ("train.steps", "40"),
        ("train.batch_size", "16"),
        ("train.eval_every", "10"),
    ];
    Experiment::from_preset("plane", base.into_iter().chain(set.iter().copied())).expect("a valid experiment")
}

/// A decoder of next to nothing teaches a smaller one.
const TINY_DECODERS: [(&str, &str); 7] = [
    ("teacher.source", "live"),
    ("teacher.layers", "1"),
    ("teacher.dim", "16"),
    ("teacher.heads", "2"),
    ("teacher.steps", "10"),
    ("student.dim", "8"),
    ("text.sft_steps", "2"),
];

async fn open(set: &[(&str, &str)]) -> Run {
    Run::new(tiny(set), &Place::cpu(), &all()).await.expect("the run opens")
}

/// With everything that is shipped.
fn all() -> Materials {
    Materials { shipped: Shipped::all(), ..Materials::default() }
}

/// Everything that a run says until its end.
async fn to_the_end(run: &mut Run) -> Vec<Event> {
    let mut events = Vec::new();
    while !run.finished() {
        events.extend(run.advance(7).await.expect("the run goes on"));
    }
    events
}

/// The evaluations of a role, in order.
fn evaluations(events: &[Event], role: Role) -> Vec<Evaluation> {
    let networks = events.iter().filter_map(|event| if let Event::Evaluated { networks, .. } = event { Some(networks) } else { None });
    networks.flatten().filter(|network| network.role == role).cloned().collect()
}

/// Reliability diagrams are those of the last evaluation of each network.
fn calibrated(run: &Run, events: &[Event]) {
    let Event::Calibrated { networks, .. } = run.calibration().expect("networks were asked") else { panic!("diagrams were asked for") };
    assert_eq!(networks.iter().map(|network| network.role).collect::<Vec<_>>(), ROLES);
    for Calibration { role, bins, ece } in networks {
        let last = evaluations(events, role).pop().expect("an evaluation");
        assert!(last.ece.is_some_and(|last| (last - ece).abs() < 1e-9), "{role:?}: {ece} is not that of {last:?}");
        let rows: f64 = bins.iter().map(|bin| bin.rows).sum();
        let mean = |of: fn(&Bin) -> f64| bins.iter().map(|bin| of(bin) * bin.rows).sum::<f64>() / rows;
        let (confidence, right) = (mean(|bin| bin.confidence), mean(|bin| bin.accuracy));
        assert!(
            rows >= 16.0 && (confidence - right).abs() <= ece + 1e-9,
            "{role:?}: {confidence} and {right} are further apart than {ece}"
        );
    }
}

/// The last losses of each role that a list of events reports.
fn last_losses(events: &[Event]) -> Vec<LossParts> {
    let found = events.iter().rev().find_map(|event| if let Event::Progress { losses, .. } = event { Some(losses.clone()) } else { None });
    found.expect("some progress")
}
