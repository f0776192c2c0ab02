//! A network that is being trained.

use burn::module::Module;
use burn::tensor::Tensor;

use super::mean::Mean;
use super::optimizer::{Optimizer, gradients};
use crate::device::Place;
use crate::model::{Net, Trainable};
use crate::spec::Train;

/// Rows per forward pass outside training: bounds the memory that wide maps take.
const ROWS: usize = 1000;

/// A network, its optimiser and the steps it has made.
pub struct Learner<N: Trainable = Net> {
    pub layout: N::Layout,
    pub net: N,
    pub optimizer: Optimizer,
    pub steps: usize,
    /// The gradient of the next step, as far as its micro-batches were seen.
    gathered: Mean,
}

impl<N: Trainable> Learner<N> {
    /// A network with these values on a device with gradients.
    pub fn new(layout: N::Layout, values: &[Vec<f32>], train: &Train, place: &Place) -> Self {
        let net = N::build(&layout, values, &place.autodiff());
        Self { layout, net, optimizer: Optimizer::new(train), steps: 0, gathered: Mean::default() }
    }

    /// One step down the gradient of `loss`.
    pub fn learn(&mut self, loss: &Tensor<1>, lr: f64) {
        self.gather(loss, 1.0);
        self.step(lr);
    }

    /// Takes in the gradient of one micro-batch's loss, which counts `weight` in the next step, and frees its graph.
    pub fn gather(&mut self, loss: &Tensor<1>, weight: f64) {
        self.gathered.add(gradients(&self.net, loss), weight);
    }

    /// One step down the mean of the gradients that were gathered since the last one.
    pub fn step(&mut self, lr: f64) {
        self.net = self.optimizer.step(self.net.clone(), self.gathered.take(), lr);
        self.steps += 1;
    }
}

impl Learner {
    /// Logits `[rows, classes]` of rows `[rows, features]`, both without gradients.
    pub fn logits(&self, inputs: &Tensor<2>) -> Tensor<2> {
        logits(&self.net.valid(), inputs)
    }
}

/// Logits of any number of rows, a part at a time.
pub fn logits(net: &Net, inputs: &Tensor<2>) -> Tensor<2> {
    let [rows, features] = inputs.dims();
    if rows <= ROWS {
        return net.forward(inputs.clone()).logits;
    }
    let parts = (0..rows).step_by(ROWS).map(|from| {
        let part = inputs.clone().slice([from..(from + ROWS).min(rows), 0..features]);
        net.forward(part).logits
    });
    Tensor::cat(parts.collect(), 0)
}
