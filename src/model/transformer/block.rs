//! One layer: attention and feed-forward, each behind a normalisation and added to the residual stream. Rows are tokens: `[batch·seq, width]`
//! throughout, so that every projection is one matrix product.

use burn::module::Module;
use burn::tensor::{FloatDType, Tensor, activation};

use super::cache::Cache;
use super::config::{Mlp, Norm, TransformerConfig};
use super::context::Context;
use super::rotary::rotate;
use crate::device::{attention, gelu, self_attention};
use crate::model::layers::{Dense, Normalise, Values};

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
        let norm = |values: &mut Values| Normalise::new(config.width, config.norm == Norm::Layer, config.epsilon, values);
        Self {
            norm1: norm(values),
            qkv: Dense::new(config.width, config.qkv(), config.bias.of_qkv(), values),
            out: Dense::new(config.width, config.width, config.bias.of_others(), values),
            norm2: norm(values),
            up: Dense::new(config.width, config.up(), config.bias.of_others(), values),
            down: Dense::new(config.hidden, config.width, config.bias.of_others(), values),
        }
    }

    pub(super) fn multiply_in(&mut self, half: Option<FloatDType>) {
        for matrix in [&mut self.qkv, &mut self.out, &mut self.up, &mut self.down] {
            matrix.half = half;
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
        if group == 1 && context.rope.is_none() && cache.is_none() {
            return self.out.forward(self_attention(qkv, context.bias.clone()));
        }
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
        let mixed = attention(query, key, value, context.bias.clone());
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
