//! The whole decoder: embeddings, blocks, output.

use burn::module::{Module, Param};
use burn::tensor::{Device, FloatDType, Int, Tensor, module};

use super::block::Block;
use super::cache::Cache;
use super::config::{Norm, Positions, TransformerConfig};
use super::context::Context;
use crate::device::linear;
use crate::model::layers::{Dense, Normalise, Values};
use crate::model::{Parameter, Trainable};

/// A decoder of a [`TransformerConfig`].
#[derive(Module, Debug)]
pub struct Transformer {
    tokens: Param<Tensor<2>>,
    positions: Option<Param<Tensor<2>>>,
    layers: Vec<Block>,
    norm: Normalise,
    head: Option<Dense>,
    projection: Option<Dense>,
    #[module(skip)]
    config: TransformerConfig,
}

impl Trainable for Transformer {
    type Layout = TransformerConfig;

    fn shapes(config: &TransformerConfig) -> Vec<Parameter> {
        config.parameters()
    }

    fn build(config: &TransformerConfig, values: &[Vec<f32>], device: &Device) -> Self {
        let mut values = Values { values: values.iter(), device };
        let TransformerConfig { vocab, context, width, .. } = *config;
        Self {
            tokens: values.take([vocab, width]),
            positions: (config.positions == Positions::Learned).then(|| values.take([context, width])),
            layers: (0..config.layers).map(|_| Block::new(config, &mut values)).collect(),
            norm: Normalise::new(width, config.norm == Norm::Layer, config.epsilon, &mut values),
            head: (!config.tied).then(|| Dense::new(width, vocab, false, &mut values)),
            projection: config.projection.map(|to| Dense::new(width, to, true, &mut values)),
            config: config.clone(),
        }
    }

    /// Embeddings, logits and projection stay f32.
    fn multiplying(mut self, half: Option<FloatDType>) -> Self {
        self.layers.iter_mut().for_each(|layer| layer.multiply_in(half));
        self
    }
}

impl Transformer {
    pub fn config(&self) -> &TransformerConfig {
        &self.config
    }

    /// Logits `[batch·seq, vocab]` of token ids `[batch, seq]`: row `b·seq + t` foretells the token after `t`.
    pub fn forward(&self, ids: Tensor<2, Int>, context: &Context) -> Tensor<2> {
        self.logits(self.state(ids, context))
    }

    /// What the logits are made of: the last layer after the final normalisation, `[batch·seq, width]`, rows as in [`Transformer::forward`].
    pub fn state(&self, ids: Tensor<2, Int>, context: &Context) -> Tensor<2> {
        self.norm.forward(self.hidden(ids, context, None))
    }

    /// Rows of the [`state`](Transformer::state), `[rows, width]`, as wide as the teacher's, by a learned matrix and a bias: the regressor of FitNets
    /// (Romero et al. 2015, eq. 3), linear as TinyBERT's W (Jiao et al. 2020, eq. 8). Where the widths are equal, the states as they are.
    pub fn project(&self, state: Tensor<2>) -> Tensor<2> {
        match &self.projection {
            Some(projection) => projection.forward(state),
            None => state,
        }
    }

    /// Logits `[rows, vocab]` of rows of the [`state`](Transformer::state), `[rows, width]`.
    pub fn logits(&self, state: Tensor<2>) -> Tensor<2> {
        match &self.head {
            Some(head) => head.forward(state),
            None => linear(state, self.tokens.val().transpose(), None),
        }
    }

    /// The output matrix, `[vocab, width]`: logits are `state·outputᵀ`.
    pub fn output(&self) -> Tensor<2> {
        self.head.as_ref().map_or_else(|| self.tokens.val(), |head| head.weight().transpose())
    }

    /// Logits `[batch, vocab]` of the last of the new tokens `[batch, seq]`, which go into the cache.
    pub fn extend(&self, ids: Tensor<2, Int>, context: &Context, cache: &mut Cache) -> Tensor<2> {
        let [batch, seq] = ids.dims();
        let hidden = self.hidden(ids, context, Some(cache));
        cache.advance(seq);
        let last = hidden.reshape([batch, seq, self.config.width]).narrow(1, seq - 1, 1);
        self.logits(self.norm.forward(last.reshape([batch, self.config.width])))
    }

    /// The last layer before the final normalisation, `[batch·seq, width]`.
    fn hidden(&self, ids: Tensor<2, Int>, context: &Context, mut cache: Option<&mut Cache>) -> Tensor<2> {
        let [batch, seq] = ids.dims();
        let width = self.config.width;
        let mut x = module::embedding(self.tokens.val(), ids).reshape([batch * seq, width]);
        if let Some(table) = &self.positions {
            let rows = table.val().select(0, context.positions.clone());
            let [stands, _] = rows.dims();
            // One row of positions serves all sequences when they stand alike.
            x = if stands == batch * seq {
                x + rows
            } else {
                (x.reshape([batch, seq, width]) + rows.unsqueeze()).reshape([batch * seq, width])
            };
        }
        for (index, block) in self.layers.iter().enumerate() {
            let cache = cache.as_deref_mut().map(|cache| (cache, index));
            x = block.forward(x, batch, context, &self.config, cache);
        }
        x
    }
}
