//! What a sweep's students cost when one computation trains all of them, and when each has a race of its own, on the CPU backend:
//! `cargo run --release --example sweep [PRESET]`.
//!
//! Both ways are tested at the end alone. A race of its own has a student alone of its own, too, as where somebody runs one cell after another.

use std::time::Instant;

use distillery::data::Shipped;
use distillery::device::Place;
use distillery::spec::Experiment;
use distillery::train::{Cohort, Materials, Run};
use pollster::block_on;

/// As in the page's map (www/src/lab/sweep/axes.ts).
const TEMPERATURES: [&str; 5] = ["1", "2", "4", "8", "16"];
const ALPHAS: [&str; 5] = ["0", "0.1", "0.3", "0.6", "1"];
const STEPS: usize = 200;

fn main() {
    let preset = std::env::args().nth(1).unwrap_or_else(|| "first-light".into());
    let (place, materials) = (Place::cpu(), Materials { shipped: Shipped::all(), ..Materials::default() });
    let steps = STEPS.to_string();
    let own = [("train.steps", &*steps), ("train.eval_every", &steps)];
    let cells = TEMPERATURES.iter().flat_map(|t| ALPHAS.map(|a| [("distill.temperature", *t), ("distill.alpha", a)]));
    let experiments: Result<Vec<_>, _> = cells.map(|cell| Experiment::from_preset(&preset, own.into_iter().chain(cell))).collect();
    let experiments = experiments.unwrap_or_else(|error| panic!("{error}"));
    let timed = |train: &dyn Fn()| {
        let start = Instant::now();
        train();
        start.elapsed().as_secs_f64()
    };
    let together = timed(&|| {
        let mut cohort = block_on(Cohort::new(&experiments, &place, &materials)).expect("they differ in the loss alone");
        block_on(cohort.advance(STEPS)).expect("nothing diverges");
    });
    let apart = timed(&|| {
        for experiment in &experiments {
            let mut run = block_on(Run::new(experiment.clone(), &place, &materials)).expect("a preset that holds");
            block_on(run.advance(STEPS)).expect("nothing diverges");
        }
    });
    println!(
        "{preset}, {} students, {STEPS} steps: together {together:.2} s, one by one {apart:.2} s, {:.1} times as long",
        experiments.len(),
        apart / together
    );
}
