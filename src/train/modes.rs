//! The direction of the divergence, seen: one Gaussian is fitted to a mixture of two under several divergences at once.
//!
//! A student that is too small must choose: cover both modes and the void between them, or settle on one (MiniLLM, Gu et al. 2023, fig. 2).
//! All distributions live on one grid, so that the divergences are those that the students of a race are trained with.

use burn::optim::{AdamW, AdamWConfig, AdamWState, Optimizer as _};
use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::{Event, RunError};
use crate::device::{Place, Reads, log_softmax};
use crate::loss::divergence;
use crate::spec::{Divergence, SpecError};

/// The divergences that are compared, in the order of the rows.
const COMPARED: [Divergence; 6] = [
    Divergence::ForwardKl,
    Divergence::ReverseKl,
    Divergence::JsdContinuous,
    Divergence::SkewForward,
    Divergence::SkewReverse,
    Divergence::TotalVariation,
];
/// Cells of the grid over [−EXTENT, EXTENT]: so wide that a student that covers both modes is not cut off.
const CELLS: usize = 280;
const EXTENT: f64 = 14.0;
/// Quick enough to watch, slow enough not to jump over a mode.
const LR: f64 = 0.05;
/// Steps that one command may ask for.
const MOST_STEPS: usize = 2000;

/// The target `w·N(−separation/2, 1) + (1−w)·N(separation/2, 1)`, where all students start, and what shapes their divergences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ModesSpec {
    /// Weight of the left mode, 0 to 1.
    pub left: f64,
    /// Distance between the modes in standard deviations of one, 0 to 12.
    pub separation: f64,
    /// Mean of every student at the start, −8 to 8.
    pub start: f64,
    /// Standard deviation of every student at the start, 0.2 to 6.
    pub width: f64,
    /// β of the Jensen–Shannon divergence, 0.01 to 0.99.
    pub beta: f64,
    /// λ of the skewed KLs, 0 to 0.9.
    pub skew: f64,
}

/// One student of the comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ModeFit {
    pub divergence: Divergence,
    pub mean: f64,
    pub deviation: f64,
    /// Its own divergence from the target.
    pub loss: f64,
    /// Probability of each cell of the grid.
    pub mass: Vec<f32>,
    /// Shares of its mass around the left mode, in the void between, and around the right mode.
    pub regions: [f64; 3],
}

/// The students under way.
pub struct Modes {
    spec: ModesSpec,
    /// `[1, cells]`.
    log_target: Tensor<2>,
    grid: Tensor<2>,
    /// Means and logarithms of deviations, `[students, 2]`, with gradients.
    parameters: Tensor<2>,
    rule: AdamW,
    state: Option<AdamWState<2>>,
    step: usize,
}

impl Modes {
    /// Students at the start.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] for a number outside its range.
    pub fn new(spec: ModesSpec, place: &Place) -> Result<Self, RunError> {
        for (key, value, min, max) in [
            ("left", spec.left, 0.0, 1.0),
            ("separation", spec.separation, 0.0, 12.0),
            ("start", spec.start, -8.0, 8.0),
            ("width", spec.width, 0.2, 6.0),
            ("beta", spec.beta, 0.01, 0.99),
            ("skew", spec.skew, 0.0, 0.9),
        ] {
            if !(min..=max).contains(&value) {
                return Err(
                    SpecError::OutOfRange { key, value: value.to_string(), allowed: format!("a number from {min} to {max}") }.into()
                );
            }
        }
        let device = place.autodiff();
        let log_target: Vec<f32> = target(&spec).into_iter().map(|p| p.max(1e-30).ln() as f32).collect();
        let grid: Vec<f32> = (0..CELLS).map(|cell| at(cell) as f32).collect();
        let starts: Vec<f32> = COMPARED.iter().flat_map(|_| [spec.start as f32, spec.width.ln() as f32]).collect();
        let row = |values: Vec<f32>| Tensor::<2>::from_data(TensorData::new(values, [1, CELLS]), &device);
        Ok(Self {
            log_target: row(log_target),
            grid: row(grid),
            parameters: Tensor::from_data(TensorData::new(starts, [COMPARED.len(), 2]), &device).require_grad(),
            rule: AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(0.0).build(),
            state: None,
            step: 0,
            spec,
        })
    }

    /// Log-probabilities of every student on the grid, `[students, cells]`.
    fn log_students(&self) -> Tensor<2> {
        let students = COMPARED.len();
        let mean = self.parameters.clone().slice([0..students, 0..1]);
        let log_deviation = self.parameters.clone().slice([0..students, 1..2]);
        let standard = (self.grid.clone() - mean) * log_deviation.neg().exp();
        log_softmax(standard.square() * -0.5)
    }

    /// Each student's divergence from the target, `[students, 1]`.
    fn losses(&self, log_q: &Tensor<2>) -> Tensor<2> {
        let log_p = &self.log_target;
        let ModesSpec { beta, skew, .. } = self.spec;
        let rows = COMPARED.iter().enumerate().map(|(row, kind)| {
            let (p, q) = (log_p.clone(), log_q.clone().slice([row..row + 1, 0..CELLS]));
            let terms = match kind {
                Divergence::ForwardKl => divergence::forward_kl(p, q),
                Divergence::ReverseKl => divergence::reverse_kl(p, q),
                Divergence::SkewForward => divergence::skew_forward(p, q, skew),
                Divergence::SkewReverse => divergence::skew_reverse(p, q, skew),
                Divergence::TotalVariation => divergence::total_variation(p, q),
                _ => divergence::jsd_continuous(p, q, beta),
            };
            terms.sum_dim(1)
        });
        Tensor::cat(rows.collect(), 0)
    }

    /// Makes steps of every student (at most 2,000 at once) and shows where they stand.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails.
    pub async fn advance(&mut self, steps: usize) -> Result<Event, RunError> {
        for _ in 0..steps.min(MOST_STEPS) {
            let mut gradients = self.losses(&self.log_students()).sum().backward();
            let gradient = self.parameters.grad_remove(&mut gradients).expect("the loss depends on every parameter");
            let (value, state) = self.rule.step(LR, self.parameters.clone().inner(), gradient, self.state.take());
            self.parameters = Tensor::from_inner(value).require_grad();
            self.state = state;
            self.step += 1;
        }
        self.show().await
    }

    async fn show(&self) -> Result<Event, RunError> {
        let log_q = self.log_students();
        let mut reads = Reads::default();
        reads.add(self.parameters.clone().inner());
        reads.add(self.losses(&log_q).inner());
        reads.add(log_q.inner().exp());
        let values = reads.run().await?;
        let [parameters, losses, masses] = &values[..] else { unreachable!("three were asked for") };
        let fits = COMPARED
            .into_iter()
            .enumerate()
            .map(|(row, divergence)| {
                let mass = masses[row * CELLS..(row + 1) * CELLS].to_vec();
                let probabilities: Vec<f64> = mass.iter().map(|p| f64::from(*p)).collect();
                ModeFit {
                    divergence,
                    mean: f64::from(parameters[row * 2]),
                    deviation: f64::from(parameters[row * 2 + 1]).exp(),
                    loss: f64::from(losses[row]),
                    regions: self.regions(&probabilities),
                    mass,
                }
            })
            .collect();
        let target = target(&self.spec);
        Ok(Event::Modes {
            step: self.step,
            spec: self.spec.clone(),
            grid: (0..CELLS).map(|cell| at(cell) as f32).collect(),
            regions: self.regions(&target),
            target: target.into_iter().map(|p| p as f32).collect(),
            fits,
        })
    }

    /// Mass left of the void, in it, and right of it. The void is what lies more than two deviations inside of both modes.
    fn regions(&self, mass: &[f64]) -> [f64; 3] {
        let edge = (self.spec.separation / 2.0 - 2.0).max(0.0);
        let mut sums = [0.0; 3];
        for (cell, p) in mass.iter().enumerate() {
            let x = at(cell);
            let region = if x < -edge {
                0
            } else if x <= edge {
                1
            } else {
                2
            };
            sums[region] += p;
        }
        sums
    }
}

/// Middle of a cell.
fn at(cell: usize) -> f64 {
    EXTENT * (2.0 * (cell as f64 + 0.5) / CELLS as f64 - 1.0)
}

/// Probability of each cell under the target.
fn target(spec: &ModesSpec) -> Vec<f64> {
    let half = spec.separation / 2.0;
    let bell = |x: f64| (-0.5 * x * x).exp();
    let density: Vec<f64> = (0..CELLS).map(|cell| spec.left * bell(at(cell) + half) + (1.0 - spec.left) * bell(at(cell) - half)).collect();
    let total: f64 = density.iter().sum();
    density.into_iter().map(|p| p / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test_async;

    fn spec() -> ModesSpec {
        ModesSpec { left: 0.6, separation: 7.0, start: -2.0, width: 1.0, beta: 0.5, skew: 0.1 }
    }

    /// methods.md, fixture 3, moved by ½: forward KL finds mean −0.7 and deviation 3.5; reverse KL stays at the left mode.
    #[test_async]
    async fn forward_kl_covers_both_modes_and_reverse_kl_seeks_one() {
        let mut modes = Modes::new(spec(), &Place::cpu()).unwrap();
        let Event::Modes { fits, regions, .. } = modes.advance(800).await.unwrap() else { panic!("modes were asked for") };
        let fit = |divergence| fits.iter().find(|fit| fit.divergence == divergence).unwrap();
        let (forward, reverse) = (fit(Divergence::ForwardKl), fit(Divergence::ReverseKl));
        assert!((forward.mean + 0.7).abs() < 0.1 && (forward.deviation - 3.57).abs() < 0.1, "{} {}", forward.mean, forward.deviation);
        assert!((reverse.mean + 3.5).abs() < 0.1 && (reverse.deviation - 1.0).abs() < 0.15, "{} {}", reverse.mean, reverse.deviation);
        assert!(forward.regions[1] > 0.25 && regions[1] < 0.06, "forward KL fills the void: {:?}", forward.regions);
        assert!(reverse.regions[2] < 0.01 && regions[2] > 0.35, "reverse KL forgets the right mode: {:?}", reverse.regions);
    }

    #[test_async]
    async fn numbers_out_of_range_are_named() {
        let error = Modes::new(ModesSpec { beta: 1.0, ..spec() }, &Place::cpu()).err().expect("β = 1 has no Jensen–Shannon divergence");
        assert!(error.to_string().contains("beta") && error.to_string().contains("0.99"), "{error}");
    }
}
