//! One layer: attention and feed-forward, each added to its input and then normalised.

use burn::module::Module;
use burn::tensor::{FloatDType, Tensor, activation};

use super::config::EncoderConfig;
use super::padding::Padding;
use crate::device::{gelu, self_attention};
use crate::model::layers::{Dense, Normalise, Values};

/// One layer.
#[derive(Module, Debug)]
pub struct Block {
    qkv: Dense,
    out: Dense,
    norm1: Normalise,
    up: Dense,
    down: Dense,
    norm2: Normalise,
}

impl Block {
    pub fn new(config: &EncoderConfig, values: &mut Values) -> Self {
        let norm = |values: &mut Values| Normalise::new(config.width, true, config.epsilon, values);
        Self {
            qkv: Dense::new(config.width, 3 * config.width, true, values),
            out: Dense::new(config.width, config.width, true, values),
            norm1: norm(values),
            up: Dense::new(config.width, config.hidden, true, values),
            down: Dense::new(config.hidden, config.width, true, values),
            norm2: norm(values),
        }
    }

    /// Its matrices are multiplied in other numbers than f32; norms and attention stay f32.
    pub fn multiply_in(&mut self, half: Option<FloatDType>) {
        for matrix in [&mut self.qkv, &mut self.out, &mut self.up, &mut self.down] {
            matrix.half = half;
        }
    }

    /// Queries, keys and values of `x` side by side, `[batch·seq, 3·width]`.
    pub fn project(&self, x: Tensor<2>) -> Tensor<2> {
        self.qkv.forward(x)
    }

    /// `x` is `[batch·seq, width]`, `qkv` its [`project`](Block::project)ion.
    pub fn forward(&self, x: Tensor<2>, qkv: Tensor<2>, padding: &Padding, config: &EncoderConfig) -> Tensor<2> {
        let (batch, seq) = (padding.batch(), padding.seq);
        let qkv = qkv.reshape([batch, seq, 3 * config.heads, config.head()]);
        let mixed = self_attention(qkv, padding.bias.clone());
        let x = self.norm1.forward(x + self.out.forward(mixed));
        let up = self.up.forward(x.clone());
        let fed = self.down.forward(if config.gelu_tanh { activation::gelu_approximate(up) } else { gelu(up) });
        self.norm2.forward(x + fed)
    }
}
