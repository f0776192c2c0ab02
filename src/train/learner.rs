//! A network that is being trained.

use burn::module::Module;
use burn::tensor::Tensor;

use super::mean::Mean;
use super::optimizer::{Optimizer, gradients};
use super::scale::LossScale;
use crate::device::{DeviceError, Place};
use crate::model::lora::{self, Lora};
use crate::model::{Net, Parameter, Trainable};
use crate::spec::Train;

/// Rows per forward pass outside training: bounds the memory that wide maps take.
const ROWS: usize = 1000;

/// A network, its optimiser and the steps it has made.
pub struct Learner<N: Trainable = Net> {
    pub layout: N::Layout,
    pub net: N,
    pub optimizer: Optimizer,
    pub steps: usize,
    /// Adapters that learn while all else stands still.
    lora: Option<Lora>,
    /// Where matrices are multiplied in f16.
    pub(super) scale: Option<LossScale>,
    /// The gradient of the next step, as far as its micro-batches were seen.
    gathered: Mean,
}

impl<N: Trainable> Learner<N> {
    /// A network with these values on a device with gradients.
    pub fn new(layout: N::Layout, values: &[Vec<f32>], train: &Train, place: &Place) -> Self {
        let net = build(&layout, values, None, place);
        Self::of(layout, net, None, train, place)
    }

    fn of(layout: N::Layout, net: N, lora: Option<Lora>, train: &Train, place: &Place) -> Self {
        let scale = LossScale::of(place);
        Self { layout, net, optimizer: Optimizer::new(train), steps: 0, lora, scale, gathered: Mean::default() }
    }

    /// Two of them that start alike. Of adapted ones only the adapters learn, and there is one copy of what is frozen.
    pub fn twins(layout: N::Layout, values: &[Vec<f32>], lora: Option<Lora>, train: &Train, place: &Place) -> [Self; 2] {
        let first: N = build(&layout, values, lora, place);
        let second = match lora {
            Some(lora) => lora.start(first.clone(), &N::shapes(&layout)),
            None => build(&layout, values, None, place),
        };
        [first, second].map(|net| Self::of(layout.clone(), net, lora, train, place))
    }

    /// Other values for all parameters. Adapters and optimiser start afresh.
    pub fn start_from(&mut self, values: &[Vec<f32>], train: &Train, place: &Place) {
        self.net = build(&self.layout, values, self.lora, place);
        self.optimizer = Optimizer::new(train);
        self.scale = LossScale::of(place);
    }

    /// Other values for what learns, and for what is frozen if there are any.
    pub fn put(&mut self, frozen: Option<&[Vec<f32>]>, learned: Vec<Vec<f32>>, place: &Place) {
        match self.lora {
            None => self.net = build(&self.layout, &learned, None, place),
            Some(_) => {
                if let Some(values) = frozen {
                    self.net = build(&self.layout, values, self.lora, place);
                }
                self.net = lora::put(self.net.clone(), learned);
            }
        }
    }

    /// Without gradients, adapters merged into their matrices: what it is to all others.
    pub fn merged(&self) -> N {
        self.net.valid().materialize()
    }

    /// The parameters that learn, in the order of the network.
    pub fn learning(&self) -> Vec<Parameter> {
        let parameters = N::shapes(&self.layout);
        self.lora.map_or(parameters.clone(), |lora| lora.factors(&parameters))
    }

    /// All values as they stand with their names, factors of adapters behind their matrices.
    pub fn stored(&self) -> Vec<(Parameter, Tensor<1>)> {
        let parameters = N::shapes(&self.layout);
        let parameters = self.lora.map_or(parameters.clone(), |lora| lora.listing(&parameters));
        parameters.into_iter().zip(self.net.parameters()).collect()
    }

    pub fn lora(&self) -> Option<&Lora> {
        self.lora.as_ref()
    }

    /// One step down the gradient of `loss`.
    pub fn learn(&mut self, loss: &Tensor<1>, lr: f64) {
        self.gather(loss, 1.0);
        self.step(lr);
    }

    /// Takes in the gradient of one micro-batch's loss, which counts `weight` in the next step, and frees its graph.
    pub fn gather(&mut self, loss: &Tensor<1>, weight: f64) {
        self.take_in(scaled_gradients(&self.net, loss, self.scale), weight);
    }

    /// Takes in the gradient of a micro-batch as [`scaled_gradients`] has it, which counts `weight` in the next step.
    pub fn take_in(&mut self, gradient: Vec<Tensor<1>>, weight: f64) {
        self.gathered.add(gradient, weight);
    }

    /// One step down the mean of the gradients that were gathered since the last one, none of which is scaled.
    pub fn step(&mut self, lr: f64) {
        debug_assert!(self.scale.is_none(), "scaled gradients are for step_if_finite");
        let gradients = self.gathered.take();
        self.descend(gradients, lr);
        self.steps += 1;
    }

    /// As [`Learner::step`], of gradients that may be scaled: a step in which one overflowed counts and changes nothing.
    ///
    /// # Errors
    /// [`DeviceError::Lost`] when the device fails.
    pub async fn step_if_finite(&mut self, lr: f64) -> Result<(), DeviceError> {
        let Some(scale) = &mut self.scale else {
            self.step(lr);
            return Ok(());
        };
        if let Some(gradients) = scale.settle(self.gathered.take()).await? {
            self.descend(gradients, lr);
        }
        self.steps += 1;
        Ok(())
    }

    fn descend(&mut self, gradients: Vec<Tensor<1>>, lr: f64) {
        self.net = self.optimizer.step(self.net.clone(), gradients, lr);
    }
}

/// The gradients of a loss at all that learns, or those of the loss enlarged.
pub fn scaled_gradients<N: Trainable>(net: &N, loss: &Tensor<1>, scale: Option<LossScale>) -> Vec<Tensor<1>> {
    match scale {
        Some(scale) => gradients(net, &scale.enlarge(loss)),
        None => gradients(net, loss),
    }
}

fn build<N: Trainable>(layout: &N::Layout, values: &[Vec<f32>], lora: Option<Lora>, place: &Place) -> N {
    let net = N::build(layout, values, &place.autodiff()).multiplying(place.half());
    match lora {
        Some(lora) => lora.attach(net, &N::shapes(layout)),
        None => net,
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
