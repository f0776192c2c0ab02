//! The benchmark's fixed distillation steps: weights, data and hyper-parameters given by formula, so that TensorFlow.js, jax-js, PyTorch and
//! Distillery train the very same thing. The networks, losses and optimiser are those of every other run; only the numbers come from here.
//!
//! Unlike a [`super::Run`], a step takes its batch from host memory and asks the frozen teacher again, because the other engines do.

mod classifier;
mod language;
mod numbers;

use burn::tensor::Tensor;

use crate::device::Place;

/// Step `k` trains on batch `k mod BATCHES`.
const BATCHES: usize = 8;

/// A fixed distillation problem on a device.
pub enum Workload {
    Classifier(Box<classifier::Classifier>),
    Language(Box<language::Language>),
}

/// Names of the workloads.
pub fn names() -> impl Iterator<Item = &'static str> {
    ["W1", "W2", "W3"].into_iter()
}

impl Workload {
    /// The workload of that name (`W1`: an MLP, `W2`: a decoder, `W3`: a CNN); `None` for any other.
    pub fn new(name: &str, place: &Place) -> Option<Self> {
        match name {
            "W2" => Some(Self::Language(Box::new(language::Language::new(place)))),
            _ => classifier::Classifier::new(name, place).map(|workload| Self::Classifier(Box::new(workload))),
        }
    }

    /// Makes step `k` (from 0) and returns its loss before the update, `[1]`, without waiting for it.
    pub fn step(&mut self, k: usize) -> Tensor<1> {
        match self {
            Self::Classifier(workload) => workload.step(k),
            Self::Language(workload) => workload.step(k),
        }
    }
}
