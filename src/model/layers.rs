//! What transformers are made of, decoders and encoders alike. Rows are tokens: `[batch·seq, width]`, so that every projection is one matrix
//! product.

use burn::module::{Module, Param, ParamId};
use burn::tensor::{Device, FloatDType, Tensor, TensorData, module};

use super::Parameter;
use crate::device::{layer_norm, linear, rms_norm};

/// Values of the parameters, in order, on their way into a network.
pub struct Values<'a> {
    pub values: std::slice::Iter<'a, Vec<f32>>,
    pub device: &'a Device,
}

impl Values<'_> {
    pub fn take<const D: usize>(&mut self, shape: [usize; D]) -> Param<Tensor<D>> {
        let values = self.values.next().expect("a value for every parameter").clone();
        let tensor = Tensor::from_data(TensorData::new(values, shape), self.device);
        Param::initialized(ParamId::new(), if self.device.is_autodiff() { tensor.require_grad() } else { tensor })
    }
}

/// The parameters of a network on paper, as they are listed one after another. Matrices are `[in, out]`.
#[derive(Debug, Default)]
pub struct Listing(Vec<Parameter>);

impl Listing {
    /// One parameter; `fan_in` inputs flow into one output.
    pub fn push(&mut self, name: impl Into<String>, shape: &[usize], fan_in: usize) {
        self.0.push(Parameter { name: name.into(), shape: shape.to_vec(), fan_in, linear: true });
    }

    /// As [`Dense`] takes them.
    pub fn dense(&mut self, name: &str, from: usize, to: usize, bias: bool) {
        self.push(format!("{name}.weight"), &[from, to], from);
        if bias {
            self.push(format!("{name}.bias"), &[to], from);
        }
    }

    /// As [`Normalise`] takes them.
    pub fn norm(&mut self, name: &str, width: usize, bias: bool) {
        self.push(format!("{name}.weight"), &[width], width);
        if bias {
            self.push(format!("{name}.bias"), &[width], width);
        }
    }

    pub fn list(self) -> Vec<Parameter> {
        self.0
    }
}

/// `x·weight + bias`.
#[derive(Module, Debug)]
pub struct Dense {
    weight: Param<Tensor<2>>,
    bias: Option<Param<Tensor<1>>>,
    /// What `x` and `weight` are multiplied in, where it is not f32: forward, and backward for the gradients of both. The weight itself, its gradient and
    /// what comes out are f32.
    #[module(skip)]
    pub half: Option<FloatDType>,
}

impl Dense {
    pub fn new(from: usize, to: usize, bias: bool, values: &mut Values) -> Self {
        Self { weight: values.take([from, to]), bias: bias.then(|| values.take([to])), half: None }
    }

    /// `[from, to]`.
    pub fn weight(&self) -> Tensor<2> {
        self.weight.val()
    }

    /// `[rows, from]` to `[rows, to]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let (weight, bias) = (self.weight.val(), self.bias.as_ref().map(Param::val));
        match self.half {
            None => linear(x, weight, bias),
            Some(half) => {
                let product = module::linear(x.cast(half), weight.cast(half), None).cast(FloatDType::F32);
                bias.map_or(product.clone(), |bias| product + bias.unsqueeze())
            }
        }
    }
}

/// Layer norm, or RMS norm where there is no bias.
#[derive(Module, Debug)]
pub struct Normalise {
    weight: Param<Tensor<1>>,
    bias: Option<Param<Tensor<1>>>,
    epsilon: f64,
}

impl Normalise {
    pub fn new(width: usize, bias: bool, epsilon: f64, values: &mut Values) -> Self {
        let mut take = || values.take([width]);
        Self { weight: take(), bias: bias.then(take), epsilon }
    }

    /// `[rows, width]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let weight = self.weight.val();
        match &self.bias {
            Some(bias) => layer_norm(x, weight, bias.val(), self.epsilon),
            None => rms_norm(x, weight, self.epsilon),
        }
    }
}

/// Which of a teacher's layers a student takes, in the student's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken(Vec<usize>);

impl Taken {
    /// The `chosen` ones of `all`, or where none are chosen `layers` that are evenly spaced.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn new(layers: usize, chosen: &[usize], all: usize) -> Result<Self, String> {
        if let Some(missing) = chosen.iter().find(|layer| **layer >= all) {
            return Err(format!(
                "the teacher has {all} layers, and student.from_layers names layer {missing}: they go from 0 to {}",
                all - 1
            ));
        }
        if !chosen.is_empty() {
            return Ok(Self(chosen.to_vec()));
        }
        if !(1..=all).contains(&layers) {
            return Err(format!("the teacher has {all} layers, and {layers} were asked for: set student.layers from 1 to {all}"));
        }
        Ok(Self((0..layers).map(|index| source_layer(index, layers, all)).collect()))
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The teacher's name of what a parameter of the student starts from.
    pub fn source_name(&self, name: String) -> String {
        match name.strip_prefix("layers.").and_then(|rest| rest.split_once('.')) {
            Some((layer, rest)) => format!("layers.{}.{rest}", self.0[layer.parse::<usize>().expect("a number of a layer")]),
            None => name,
        }
    }
}

/// Which of `all` layers is layer `index` of `layers`: evenly spaced, first and last kept. Of 12, 6 are DistilBERT's 0, 2, 4, 7, 9, 11.
fn source_layer(index: usize, layers: usize, all: usize) -> usize {
    if layers == 1 { 0 } else { (2 * index * (all - 1) + layers - 1) / (2 * (layers - 1)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    #[test]
    fn layers_are_evenly_spaced_and_the_ends_are_kept() {
        let of = |layers, all| Taken::new(layers, &[], all).unwrap().0;
        assert_eq!(of(15, 30), [0, 2, 4, 6, 8, 10, 12, 15, 17, 19, 21, 23, 25, 27, 29]);
        assert_eq!(of(6, 12), [0, 2, 4, 7, 9, 11], "Sanh et al. 2019");
        assert_eq!(of(4, 4), [0, 1, 2, 3]);
        assert_eq!(of(2, 7), [0, 6]);
        assert_eq!(of(1, 7), [0]);
    }

    #[test]
    fn chosen_layers_are_taken_in_their_order() {
        let taken = Taken::new(3, &[4, 0, 5], 6).unwrap();
        let source = |name: &str| taken.source_name(name.into());
        assert_eq!(taken.count(), 3);
        assert_eq!([source("layers.0.up.weight"), source("layers.1.out.bias")], ["layers.4.up.weight", "layers.0.out.bias"]);
        assert_eq!(source("tokens.weight"), "tokens.weight");
        let error = Taken::new(3, &[0, 2, 6], 6).unwrap_err();
        assert!(error.contains("layer 6") && error.contains("from 0 to 5"), "{error}");
    }
}
