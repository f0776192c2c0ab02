//! The network of every role: convolutions with pools, then dense layers, ReLU between. Without convolutions it is an MLP.

use burn::module::{Module, ModuleMapper, Param};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d, conv::Conv2d, conv::Conv2dConfig};
use burn::tensor::{Device, Tensor, TensorData, activation::relu};

use super::layout::{Layout, Parameter};
use super::trainable::Trainable;
use crate::device::{convolve, linear, max_pool};

/// What a forward pass leaves for the losses.
#[derive(Debug, Clone)]
pub struct Activations {
    /// `[batch, classes]`.
    pub logits: Tensor<2>,
    /// Last hidden dense layer after its ReLU, `[batch, width]`.
    pub hidden: Option<Tensor<2>>,
    /// Each convolution after its ReLU, before its pool: `[batch, channels, height, width]`.
    pub maps: Vec<Tensor<4>>,
}

/// A network of a [`Layout`].
#[derive(Module, Debug)]
pub struct Net {
    convs: Vec<Conv2d>,
    dense: Vec<Linear>,
    projection: Option<Linear>,
    input: [usize; 3],
}

impl Net {
    /// A network with these values, in the order of [`Layout::parameters`]. On a device with gradients it can be trained.
    pub fn new(layout: &Layout, values: &[Vec<f32>], device: &Device) -> Self {
        let mut into = layout.input[0];
        let convs = layout
            .channels
            .iter()
            .map(|&out| {
                let config = Conv2dConfig::new([into, out], [3, 3]).with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1));
                into = out;
                config.init(device)
            })
            .collect();
        let dense = layout.dense.windows(2).map(|pair| LinearConfig::new(pair[0], pair[1]).init(device)).collect();
        let projection = layout.projection.zip(layout.hidden()).map(|(width, hidden)| LinearConfig::new(hidden, width).init(device));
        let net = Self { convs, dense, projection, input: layout.input };
        net.map(&mut Fill { layout: &layout.parameters(), values, next: 0, device })
    }

    /// `input` is `[batch, features]`.
    pub fn forward(&self, input: Tensor<2>) -> Activations {
        let mut maps = Vec::new();
        let mut x = input;
        if !self.convs.is_empty() {
            let [batch, _] = x.dims();
            let [channels, height, width] = self.input;
            let mut image = x.reshape([batch, channels, height, width]);
            for conv in &self.convs {
                let bias = conv.bias.as_ref().expect("every convolution here has one").val();
                let map = relu(convolve(image, conv.weight.val(), bias));
                maps.push(map.clone());
                image = max_pool(map);
            }
            x = image.flatten(1, 3);
        }
        let mut hidden = None;
        for (index, layer) in self.dense.iter().enumerate() {
            x = dense(layer, x);
            if index + 1 < self.dense.len() {
                x = relu(x);
                hidden = Some(x.clone());
            }
        }
        Activations { logits: x, hidden, maps }
    }

    /// The hidden layer `[batch, width]` through the learned projection, `[batch, teacher's width]`.
    pub fn project(&self, hidden: Tensor<2>) -> Option<Tensor<2>> {
        self.projection.as_ref().map(|projection| dense(projection, hidden))
    }
}

fn dense(layer: &Linear, x: Tensor<2>) -> Tensor<2> {
    linear(x, layer.weight.val(), layer.bias.as_ref().map(Param::val))
}

impl Trainable for Net {
    type Layout = Layout;

    fn shapes(layout: &Layout) -> Vec<Parameter> {
        layout.parameters()
    }

    fn build(layout: &Layout, values: &[Vec<f32>], device: &Device) -> Self {
        Self::new(layout, values, device)
    }
}

struct Fill<'a> {
    layout: &'a [Parameter],
    values: &'a [Vec<f32>],
    next: usize,
    device: &'a Device,
}

impl ModuleMapper for Fill<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (parameter, values) = (&self.layout[self.next], &self.values[self.next]);
        self.next += 1;
        let data = TensorData::new(values.clone(), parameter.shape.clone());
        let id = param.id;
        let value = Tensor::from_data(data, self.device);
        Param::initialized(id, if self.device.is_autodiff() { value.require_grad() } else { value })
    }
}
