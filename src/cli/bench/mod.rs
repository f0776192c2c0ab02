//! `bench`: the fixed distillation steps that other engines train too, steps of real models' shapes, and writing with a cache, timed through a
//! readback.

pub mod shapes;

use std::time::Instant;

use pollster::block_on;
use serde_json::json;

use self::shapes::{SEQ, Shape, TEXTS};
use super::error::Error;
use super::{memory, output};
use crate::data::rng;
use crate::device::{self, Choice, Place};
use crate::generate::{Request, Sampling, generate};
use crate::model::{Trainable, Transformer, TransformerConfig};
use crate::spec::{Experiment, Precision};
use crate::train::{Workload, half, workload_names};

/// Losses that are read one by one, to be compared with the reference.
const COMPARED: usize = 5;
/// Steps behind one timed readback.
const SEGMENT: usize = 10;
const WARM_UP: usize = 2;
const SEGMENTS: usize = 30;
const REPEATS: usize = 3;

/// What `bench generation` writes: the teacher's shape of W2, 16 prompts of 8 tokens, 48 tokens after each.
const GENERATION: &str = "generation";
const PROMPTS: usize = 16;
const PROMPT: usize = 8;
const WRITTEN: usize = 48;
const TIMED_TEXTS: usize = 9;

/// Writes texts with a cache, and one JSON object: tokens/s of all texts together, the median and the range. The weights are random: what is
/// written costs the same.
fn generation(choice: Choice) -> Result<(), Error> {
    let place = device::open(choice)?;
    let config = TransformerConfig::gpt2(128, PROMPT + WRITTEN, 128, 4, 4);
    let model = Transformer::build(&config, &config.initial(&mut rng(0, GENERATION)), &place.inner());
    let prompts: Vec<Vec<u32>> = (0..PROMPTS as u32).map(|text| (0..PROMPT as u32).map(|at| (text * 7 + at) % 128).collect()).collect();
    let mut rates = Vec::new();
    for seed in 0..=TIMED_TEXTS as u32 {
        let (prompts, sampling) = (prompts.clone(), Sampling::default());
        let request = Request { prompts, max_tokens: WRITTEN, room: None, sampling, stop: Vec::new(), seed };
        let start = Instant::now();
        block_on(generate(&model, None, request, &place.inner()))?;
        rates.push((PROMPTS * WRITTEN) as f64 / start.elapsed().as_secs_f64());
    }
    // The first one warms up.
    rates.remove(0);
    rates.sort_by(f64::total_cmp);
    let result = json!({
        "workload": GENERATION, "info": format!("distillery {}, {}", place.backend(), place.adapter()), "texts": PROMPTS,
        "tokens_per_s": rates[TIMED_TEXTS / 2], "slowest": rates[0], "fastest": rates[TIMED_TEXTS - 1],
    });
    output::line(&result.to_string())
}

/// Timed steps of a shape: at least, and at most if there is time.
const SHAPE_STEPS: std::ops::RangeInclusive<usize> = 5..=50;
const SHAPE_SECONDS: f64 = 30.0;

/// Trains by steps of real models' shapes and writes one JSON object: the first loss, latency of the first step, seconds of a step (the median and
/// the range) and tokens/s of the student's texts.
fn shape(mut shape: Shape, name: &str, precision: &str, place: &Place) -> Result<(), Error> {
    let mut step = || -> Result<(f32, f64), Error> {
        let start = Instant::now();
        let loss = block_on(shape.step())?;
        Ok((loss, start.elapsed().as_secs_f64()))
    };
    let (loss, first) = step()?;
    let began = Instant::now();
    let mut times = Vec::new();
    while times.len() < *SHAPE_STEPS.start() || times.len() < *SHAPE_STEPS.end() && began.elapsed().as_secs_f64() < SHAPE_SECONDS {
        times.push(step()?.1);
    }
    times.sort_by(f64::total_cmp);
    let median = times[times.len() / 2];
    let result = json!({
        "workload": name, "info": format!("distillery {}, {}", place.backend(), place.adapter()), "precision": precision, "loss": loss,
        "first_step_s": first, "step_s": median, "fastest_s": times[0], "slowest_s": times[times.len() - 1], "timed_steps": times.len(),
        "tokens_per_s": (TEXTS * SEQ) as f64 / median, "peak_memory": memory::peak(),
    });
    output::line(&result.to_string())
}

/// Trains a workload and writes one JSON object: losses, latency of the first step, median steps/s of each repeat.
pub fn bench(name: &str, choice: Choice, precision: &str) -> Result<(), Error> {
    let shapes = Shape::NAMES.contains(&name);
    let numbers = Experiment::from_preset("smollm2", [("train.precision", precision)])?.train.precision;
    if numbers != Precision::F32 && !shapes {
        return Err(Error::input(format!("{name} is timed in f32: --precision is for {}", Shape::NAMES.join(" and "))));
    }
    if name == GENERATION {
        return generation(choice);
    }
    let place = device::open(choice)?;
    if shapes {
        let lacking = || Error::input(format!("this device does not multiply in {precision}: leave --precision out"));
        let place = place.multiplying(half(numbers)).ok_or_else(lacking)?;
        let made = Shape::new(name, &place)?.expect("a name of a shape");
        return shape(made, name, precision, &place);
    }
    let mut workload = Workload::new(name, &place).ok_or_else(|| {
        let names = workload_names().chain(Shape::NAMES).chain([GENERATION]).collect::<Vec<_>>().join(", ");
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
