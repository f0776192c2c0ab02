//! Points in the plane: the task whose decision regions can be drawn.

use std::f64::consts::TAU;

use rand::{Rng, RngExt};

use crate::spec::{AddedPoint, Shape, Task};

use super::seed::rng;
use super::{Dataset, Rows};

/// Spirals start this far from the origin: nearer, all arms are one.
const SPIRAL_START: f64 = 0.1;
/// Full turns of an arm from its start to its end.
const SPIRAL_TURNS: f64 = 0.75;
/// Where arms end and the largest ring lies; leaves room for noise inside the square.
const OUTER: f64 = 0.9;
/// Own standard deviation of a blob, to which the task's noise is added.
const BLOB_SPREAD: f64 = 0.12;
const BLOB_OUTER: f64 = 0.7;
const BLOB_INNER: f64 = 0.3;

/// The points of a task, `[points, 2]` within −1..1, class by class in turn so that classes differ by one point at most, then split;
/// the points that were added come last among the training rows.
pub(super) fn generate(task: &Task) -> Dataset {
    let mut rng = rng(task.split_seed, "plane");
    let mut rows = Rows { inputs: Vec::with_capacity(2 * task.points), labels: Vec::with_capacity(task.points) };
    for point in 0..task.points {
        let class = point % task.classes;
        for coordinate in clean(&mut rng, task, class) {
            rows.inputs.push(noisy(&mut rng, coordinate, task.noise) as f32);
        }
        rows.labels.push(class as u8);
    }
    let classes = (0..task.classes).map(|class| format!("class_{class}")).collect();
    let mut dataset = Dataset::split(task, vec![2], classes, &rows);
    for AddedPoint(x, y, class) in &task.added {
        dataset.train.inputs.extend([*x as f32, *y as f32]);
        dataset.train.labels.push(*class);
    }
    dataset
}

/// A point of the shape, before noise.
fn clean(rng: &mut impl Rng, task: &Task, class: usize) -> [f64; 2] {
    let (class, classes) = (class as f64, task.classes as f64);
    match task.shape {
        Shape::Spirals => {
            // The square root puts more points outwards, where an arm is longer.
            let along = rng.random::<f64>().sqrt();
            polar(SPIRAL_START + along * (OUTER - SPIRAL_START), class / classes + along * SPIRAL_TURNS)
        }
        Shape::Rings => polar(OUTER * (class + 1.0) / classes, rng.random()),
        Shape::Blobs => {
            let inner = (classes / 3.0).floor();
            let [x, y] =
                if class < inner { polar(BLOB_INNER, class / inner) } else { polar(BLOB_OUTER, (class - inner) / (classes - inner)) };
            [noisy(rng, x, BLOB_SPREAD), noisy(rng, y, BLOB_SPREAD)]
        }
    }
}

/// The point at a radius and a number of turns.
fn polar(radius: f64, turns: f64) -> [f64; 2] {
    let (sin, cos) = libm::sincos(turns * TAU);
    [radius * cos, radius * sin]
}

/// A coordinate within −1..1 plus Gaussian noise, drawn again while it falls outside: clamping would heap points up on the border.
fn noisy(rng: &mut impl Rng, coordinate: f64, deviation: f64) -> f64 {
    loop {
        let value = coordinate + deviation * gaussian(rng);
        if value.abs() <= 1.0 {
            return value;
        }
    }
}

/// A standard normal number (Box–Muller).
fn gaussian(rng: &mut impl Rng) -> f64 {
    // 1 − u is in (0, 1], where the logarithm is finite.
    let radius = (-2.0 * libm::log(1.0 - rng.random::<f64>())).sqrt();
    radius * libm::cos(TAU * rng.random::<f64>())
}
