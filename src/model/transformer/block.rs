//! One layer: attention and feed-forward, each behind a normalisation and added to the residual stream. Rows are tokens: `[batch·seq, width]`
//! throughout, so that every projection is one matrix product.

use burn::module::{Module, Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData, activation, module};

use super::attention::{attend, rotate};
use super::cache::Cache;
use super::config::{Mlp, Norm, TransformerConfig};
use super::context::Context;
use crate::device::gelu;

/// Values of the parameters, in order, on their way into a network.
pub(super) struct Values<'a> {
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

/// `x·weight + bias`.
#[derive(Module, Debug)]
pub struct Dense {
    weight: Param<Tensor<2>>,
    bias: Option<Param<Tensor<1>>>,
}

impl Dense {
    pub(super) fn new(from: usize, to: usize, bias: bool, values: &mut Values) -> Self {
        Self { weight: values.take([from, to]), bias: bias.then(|| values.take([to])) }
    }

    /// `[from, to]`.
    pub(super) fn weight(&self) -> Tensor<2> {
        self.weight.val()
    }

    /// `[rows, from]` to `[rows, to]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        module::linear(x, self.weight.val(), self.bias.as_ref().map(Param::val))
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
    pub(super) fn new(config: &TransformerConfig, values: &mut Values) -> Self {
        let mut take = || values.take([config.width]);
        Self { weight: take(), bias: (config.norm == Norm::Layer).then(take), epsilon: config.epsilon }
    }

    /// `[rows, width]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let weight = self.weight.val();
        match &self.bias {
            Some(bias) => module::layer_norm(x, weight, Some(bias.val()), self.epsilon),
            None => {
                let size = (x.clone().square().mean_dim(1) + self.epsilon).sqrt();
                x / size * weight.unsqueeze()
            }
        }
    }
}

/// One layer.
#[derive(Module, Debug)]
pub struct Block {
    norm1: Normalise,
    qkv: Dense,
    out: Dense,
    norm2: Normalise,
    up: Dense,
    down: Dense,
}

impl Block {
    pub(super) fn new(config: &TransformerConfig, values: &mut Values) -> Self {
        Self {
            norm1: Normalise::new(config, values),
            qkv: Dense::new(config.width, config.qkv(), config.bias, values),
            out: Dense::new(config.width, config.width, config.bias, values),
            norm2: Normalise::new(config, values),
            up: Dense::new(config.width, config.up(), config.bias, values),
            down: Dense::new(config.hidden, config.width, config.bias, values),
        }
    }

    /// `x` is `[batch·seq, width]`.
    pub(super) fn forward(
        &self,
        x: Tensor<2>,
        batch: usize,
        context: &Context,
        config: &TransformerConfig,
        cache: Option<(&mut Cache, usize)>,
    ) -> Tensor<2> {
        let mixed = self.attention(self.norm1.forward(x.clone()), batch, context, config, cache);
        let x = x + mixed;
        let fed = self.feed(self.norm2.forward(x.clone()), config);
        x + fed
    }

    fn attention(
        &self,
        x: Tensor<2>,
        batch: usize,
        context: &Context,
        config: &TransformerConfig,
        cache: Option<(&mut Cache, usize)>,
    ) -> Tensor<2> {
        let [rows, width] = x.dims();
        let (seq, head, group, kv) = (rows / batch, config.head(), config.group(), config.kv_heads);
        let qkv = self.qkv.forward(x).reshape([batch, seq, config.heads + 2 * kv, head]);
        let part = |from: usize, count: usize| qkv.clone().narrow(2, from, count);
        let (mut query, mut key, value) = (part(0, config.heads), part(config.heads, kv), part(config.heads + kv, kv));
        if let Some(rope) = &context.rope {
            query = rotate(query, rope);
            key = rotate(key, rope);
        }
        let query = if group == 1 {
            query.swap_dims(1, 2)
        } else {
            query.reshape([batch, seq, kv, group, head]).permute([0, 2, 3, 1, 4]).reshape([batch, kv, group * seq, head])
        };
        let (key, value) = (key.swap_dims(1, 2), value.swap_dims(1, 2));
        let (key, value) = match cache {
            Some((cache, layer)) => cache.extend(layer, key, value),
            None => (key, value),
        };
        let mixed = attend(query, key, value, context.bias.clone());
        let mixed = if group == 1 {
            mixed.swap_dims(1, 2).reshape([rows, width])
        } else {
            mixed.reshape([batch, kv, group, seq, head]).permute([0, 3, 1, 2, 4]).reshape([rows, width])
        };
        self.out.forward(mixed)
    }

    fn feed(&self, x: Tensor<2>, config: &TransformerConfig) -> Tensor<2> {
        let up = self.up.forward(x);
        let hidden = match config.mlp {
            Mlp::Gelu => gelu(up),
            Mlp::GeluTanh => activation::gelu_approximate(up),
            Mlp::SwiGlu => {
                let gate = up.clone().narrow(1, 0, config.hidden);
                activation::silu(gate) * up.narrow(1, config.hidden, config.hidden)
            }
        };
        self.down.forward(hidden)
    }
}
