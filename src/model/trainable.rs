//! What training and checkpoints ask of a network, whichever it is.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, FloatDType, Tensor};

use super::Parameter;

/// A network that is made from plain values and can be taken apart into them again.
pub trait Trainable: Module {
    /// Its shape on paper.
    type Layout: Clone;

    /// Name and shape of every parameter.
    fn shapes(layout: &Self::Layout) -> Vec<Parameter>;

    /// A network with these values, in the order of the layout's parameters. On a device with gradients it can be trained.
    fn build(layout: &Self::Layout, values: &[Vec<f32>], device: &Device) -> Self;

    /// The same network, whose layers multiply their matrices in other numbers than f32, if it can (mixed precision, Micikevicius et al. 2018).
    fn multiplying(self, _half: Option<FloatDType>) -> Self {
        self
    }

    /// Every parameter as a flat tensor without gradients, in the order of the layout's parameters.
    fn parameters(&self) -> Vec<Tensor<1>> {
        let mut flat = Flat(Vec::new());
        self.visit(&mut flat);
        flat.0
    }
}

struct Flat(Vec<Tensor<1>>);

impl ModuleVisitor for Flat {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let value = if value.device().is_autodiff() { value.inner() } else { value };
        self.0.push(value.flatten(0, D - 1));
    }
}
