//! `bench`: the fixed distillation steps that other engines train too, timed through a readback.

use std::time::Instant;

use pollster::block_on;
use serde_json::json;

use super::error::Error;
use super::output;
use crate::device::{self, Choice};
use crate::train::{Workload, workload_names};

/// Losses that are read one by one, to be compared with the reference.
const COMPARED: usize = 5;
/// Steps behind one timed readback.
const SEGMENT: usize = 10;
const WARM_UP: usize = 2;
const SEGMENTS: usize = 30;
const REPEATS: usize = 3;

/// Trains a workload and writes one JSON object: losses, latency of the first step, median steps/s of each repeat.
pub fn bench(name: &str, choice: Choice) -> Result<(), Error> {
    let place = device::open(choice)?;
    let mut workload = Workload::new(name, &place).ok_or_else(|| {
        let names = workload_names().collect::<Vec<_>>().join(", ");
        Error::input(format!("unknown workload `{name}`; the workloads are {names}"))
    })?;
    let mut k = 0;
    // Makes steps and waits for the loss of the last; the loss and the seconds.
    let mut train = |steps: usize| -> Result<(f32, f64), Error> {
        let start = Instant::now();
        let mut last = workload.step(k);
        for step in 1..steps {
            last = workload.step(k + step);
        }
        k += steps;
        let loss = block_on(device::read(last))?.first().copied().unwrap_or(f32::NAN);
        Ok((loss, start.elapsed().as_secs_f64()))
    };
    let (first_loss, first_seconds) = train(1)?;
    let mut losses = vec![first_loss];
    for _ in 1..COMPARED {
        losses.push(train(1)?.0);
    }
    for _ in 0..WARM_UP {
        train(SEGMENT)?;
    }
    let mut repeats = Vec::new();
    for _ in 0..REPEATS {
        let mut rates = (0..SEGMENTS).map(|_| Ok(SEGMENT as f64 / train(SEGMENT)?.1)).collect::<Result<Vec<_>, Error>>()?;
        rates.sort_by(f64::total_cmp);
        repeats.push(rates[SEGMENTS / 2]);
    }
    let mut sorted = repeats.clone();
    sorted.sort_by(f64::total_cmp);
    let result = json!({
        "workload": name, "info": format!("distillery {}, {}", place.backend(), place.adapter()), "losses": losses,
        "first_step_ms": first_seconds * 1e3, "steps_per_s": sorted[REPEATS / 2], "timed_steps": REPEATS * SEGMENTS * SEGMENT,
        "repeats": repeats.iter().map(|rate| json!({ "steps_per_s": rate })).collect::<Vec<_>>(),
    });
    output::line(&result.to_string())
}
