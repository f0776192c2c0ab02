//! Many MLPs of one shape side by side, so that one tensor operation computes what all of them do.

use burn::module::{Module, Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData, activation::relu};

use super::layout::Layout;
use crate::device::linear;

/// MLPs of a [`Layout`] without convolutions. Each has weights of its own; what they read is the same.
#[derive(Module, Debug)]
pub struct Stack {
    /// `[features, members·width]`: one product of what all of them read.
    first: Param<Tensor<2>>,
    first_bias: Param<Tensor<1>>,
    /// The further layers, `[members, in, out]`.
    weights: Vec<Param<Tensor<3>>>,
    /// `[members, 1, out]`.
    biases: Vec<Param<Tensor<3>>>,
    members: usize,
}

impl Stack {
    /// `members` MLPs that all start from these values, in the order of [`Layout::parameters`], on a device with gradients.
    pub fn new(layout: &Layout, values: &[Vec<f32>], members: usize, device: &Device) -> Self {
        debug_assert!(layout.channels.is_empty() && layout.projection.is_none(), "an MLP and nothing else");
        let pairs: Vec<_> = layout.dense.windows(2).map(|pair| [pair[0], pair[1]]).collect();
        let [into, out] = pairs[0];
        // Row by row the weights of all members stand behind each other.
        let first = values[0].chunks(out).flat_map(|row| row.repeat(members)).collect();
        let mut weights = Vec::new();
        let mut biases = Vec::new();
        for ([into, out], values) in pairs.iter().zip(values.chunks(2)).skip(1) {
            weights.push(parameter(values[0].repeat(members), [members, *into, *out], device));
            biases.push(parameter(values[1].repeat(members), [members, 1, *out], device));
        }
        Self {
            first: parameter(first, [into, members * out], device),
            first_bias: parameter(values[1].repeat(members), [members * out], device),
            weights,
            biases,
            members,
        }
    }

    /// Logits `[members, batch, classes]` of `input` `[batch, features]`.
    pub fn forward(&self, input: Tensor<2>) -> Tensor<3> {
        let [batch, _] = input.dims();
        let x = linear(input, self.first.val(), Some(self.first_bias.val()));
        let x = if self.weights.is_empty() { x } else { relu(x) };
        let [_, all] = x.dims();
        let mut x = x.reshape([batch, self.members, all / self.members]).swap_dims(0, 1);
        for (index, (weight, bias)) in self.weights.iter().zip(&self.biases).enumerate() {
            x = x.matmul(weight.val()) + bias.val();
            if index + 1 < self.weights.len() {
                x = relu(x);
            }
        }
        x
    }
}

fn parameter<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Param<Tensor<D>> {
    Param::initialized(ParamId::new(), Tensor::from_data(TensorData::new(values, shape), device).require_grad())
}

#[cfg(test)]
impl Stack {
    /// Gives one member weights that are no numbers.
    pub fn spoil(&mut self, member: usize) {
        let [into, all] = self.first.val().dims();
        let width = all / self.members;
        let value = self.first.val().inner().slice_fill([0..into, member * width..(member + 1) * width], f32::NAN);
        self.first = Param::initialized(self.first.id, Tensor::from_inner(value).require_grad());
    }
}
