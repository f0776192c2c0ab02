//! The whole encoder: embeddings, layers, heads.

use std::collections::BTreeMap;

use burn::module::{Module, Param};
use burn::tensor::{Device, FloatDType, Int, Tensor, activation, module};

use super::block::Block;
use super::config::{EncoderConfig, Pooling, Squash};
use super::padding::Padding;
use crate::device::{gelu, linear};
use crate::model::layers::{Dense, Normalise, Values};
use crate::model::{Parameter, Trainable};

/// An encoder of an [`EncoderConfig`].
#[derive(Module, Debug)]
pub struct Encoder {
    tokens: Param<Tensor<2>>,
    positions: Param<Tensor<2>>,
    types: Option<Param<Tensor<2>>>,
    norm: Normalise,
    project: Option<Dense>,
    layers: Vec<Block>,
    pooler: Option<Dense>,
    masked: Option<MaskedHead>,
    classes: Option<ClassHead>,
    projection: Option<Dense>,
    #[module(skip)]
    config: EncoderConfig,
}

/// From a token's state to what stands behind its mask; the output matrix is the token embedding.
#[derive(Module, Debug)]
struct MaskedHead {
    dense: Dense,
    norm: Normalise,
    bias: Param<Tensor<1>>,
}

/// From the state of a text's first token to its class.
#[derive(Module, Debug)]
struct ClassHead {
    dense: Dense,
    out: Dense,
}

/// What an encoder thinks on its way. Rows are tokens, `[batch·seq, width]`.
#[derive(Debug, Clone)]
pub struct Trace {
    /// The embeddings, then each layer's output.
    pub states: Vec<Tensor<2>>,
    /// Queries, keys and values side by side, `[batch·seq, 3·width]`, of the layers that were asked for; the first layer is 0.
    pub qkv: BTreeMap<usize, Tensor<2>>,
}

impl Trace {
    /// The last layer's output.
    pub fn state(&self) -> Tensor<2> {
        self.states.last().expect("the embeddings at least").clone()
    }
}

impl Trainable for Encoder {
    type Layout = EncoderConfig;

    fn shapes(config: &EncoderConfig) -> Vec<Parameter> {
        config.parameters()
    }

    fn build(config: &EncoderConfig, values: &[Vec<f32>], device: &Device) -> Self {
        let mut values = Values { values: values.iter(), device };
        let EncoderConfig { vocab, context, width, embedding, types, epsilon, .. } = *config;
        Self {
            tokens: values.take([vocab, embedding]),
            positions: values.take([context, embedding]),
            types: (types > 0).then(|| values.take([types, embedding])),
            norm: Normalise::new(embedding, true, epsilon, &mut values),
            project: (embedding != width).then(|| Dense::new(embedding, width, true, &mut values)),
            layers: (0..config.layers).map(|_| Block::new(config, &mut values)).collect(),
            pooler: config.pooler.then(|| Dense::new(width, width, true, &mut values)),
            masked: config.masked.then(|| MaskedHead {
                dense: Dense::new(width, embedding, true, &mut values),
                norm: Normalise::new(embedding, true, epsilon, &mut values),
                bias: values.take([vocab]),
            }),
            classes: config.classifier.map(|classifier| ClassHead {
                dense: Dense::new(width, width, true, &mut values),
                out: Dense::new(width, classifier.classes, true, &mut values),
            }),
            projection: config.projection.map(|to| Dense::new(width, to, true, &mut values)),
            config: config.clone(),
        }
    }

    /// Embeddings, heads and logits stay f32.
    fn multiplying(mut self, half: Option<FloatDType>) -> Self {
        self.layers.iter_mut().for_each(|layer| layer.multiply_in(half));
        self
    }
}

impl Encoder {
    pub fn config(&self) -> &EncoderConfig {
        &self.config
    }

    /// Token ids `[batch, seq]`, all of the first kind, read to the end. Queries, keys and values, which are large, are kept of the `watched` layers.
    pub fn trace(&self, ids: Tensor<2, Int>, padding: &Padding, watched: &[usize]) -> Trace {
        let [batch, seq] = ids.dims();
        let embedding = self.config.embedding;
        let mut places = self.positions.val().narrow(0, 0, seq);
        if let Some(types) = &self.types {
            places = places + types.val().narrow(0, 0, 1);
        }
        let x = (module::embedding(self.tokens.val(), ids) + places.unsqueeze()).reshape([batch * seq, embedding]);
        let mut x = self.norm.forward(x);
        if let Some(project) = &self.project {
            x = project.forward(x);
        }
        let mut qkv = BTreeMap::new();
        let mut states = vec![x.clone()];
        for (layer, block) in self.layers.iter().enumerate() {
            let projected = block.project(x.clone());
            x = block.forward(x, projected.clone(), padding, &self.config);
            states.push(x.clone());
            if watched.contains(&layer) {
                qkv.insert(layer, projected);
            }
        }
        Trace { states, qkv }
    }

    /// The last layer's output, `[batch·seq, width]`.
    pub fn state(&self, ids: Tensor<2, Int>, padding: &Padding) -> Tensor<2> {
        self.trace(ids, padding, &[]).state()
    }

    /// States `[rows, width]` as wide as the teacher's, by TinyBERT's learned W (Jiao et al. 2020 eq. 8), one for all layers, with the bias that
    /// the authors' code has; where the widths are equal, the states as they are.
    pub fn project(&self, state: Tensor<2>) -> Tensor<2> {
        match &self.projection {
            Some(projection) => projection.forward(state),
            None => state,
        }
    }

    /// What the logits of masked tokens are made of, `[rows, embedding + 1]`, from rows of the state: the last column is 1 and meets the bias
    /// in [`Encoder::output`].
    ///
    /// # Panics
    /// Without a head for masked tokens: who makes a run has looked.
    pub fn guess(&self, state: Tensor<2>) -> Tensor<2> {
        let head = self.masked.as_ref().expect("a head for masked tokens");
        let dense = head.dense.forward(state);
        // ELECTRA's head has the exact form whatever its layers have.
        let approximate = self.config.gelu_tanh && self.project.is_none();
        let guess = head.norm.forward(if approximate { activation::gelu_approximate(dense) } else { gelu(dense) });
        let [rows, _] = guess.dims();
        let one = Tensor::ones([rows, 1], &guess.device());
        Tensor::cat(vec![guess, one], 1)
    }

    /// The output matrix with its bias as the last column, `[vocab, embedding + 1]`: logits are `guess·outputᵀ`.
    ///
    /// # Panics
    /// As [`Encoder::guess`].
    pub fn output(&self) -> Tensor<2> {
        let head = self.masked.as_ref().expect("a head for masked tokens");
        Tensor::cat(vec![self.tokens.val(), head.bias.val().unsqueeze_dim(1)], 1)
    }

    /// Logits `[rows, vocab]` of masked tokens from rows of the state `[rows, width]`.
    ///
    /// # Panics
    /// As [`Encoder::guess`].
    pub fn logits(&self, state: Tensor<2>) -> Tensor<2> {
        linear(self.guess(state), self.output().transpose(), None)
    }

    /// The pooler's view of each text, `[batch, width]`, where there is one.
    pub fn pooled(&self, state: Tensor<2>, batch: usize) -> Option<Tensor<2>> {
        self.pooler.as_ref().map(|pooler| activation::tanh(pooler.forward(first(state, batch))))
    }

    /// Sentence embeddings (Reimers & Gurevych 2019): the mean over a text's real tokens or the state of the first, of length 1. `state` is
    /// `[batch·seq, width]`; out comes `[batch, width]`.
    pub fn embeddings(&self, state: Tensor<2>, padding: &Padding) -> Tensor<2> {
        let [_, width] = state.dims();
        let (batch, seq) = (padding.batch(), padding.seq);
        let pooled = match self.config.pooling {
            Pooling::Cls => first(state, batch),
            Pooling::Mean => {
                let shares: Tensor<2> = padding.real.clone() / padding.real.clone().sum_dim(1);
                shares.reshape([batch, 1, seq]).matmul(state.reshape([batch, seq, width])).reshape([batch, width])
            }
        };
        pooled.clone() / pooled.square().sum_dim(1).sqrt().clamp_min(1e-12)
    }

    /// Logits of the classes of texts, `[batch, classes]`, from their state `[batch·seq, width]`, as transformers' models `ForSequenceClassification`
    /// have them.
    ///
    /// # Panics
    /// Without a head for classes: who makes a run has looked.
    pub fn class_logits(&self, state: Tensor<2>, batch: usize) -> Tensor<2> {
        let (head, shape) = self.classes.as_ref().zip(self.config.classifier).expect("a head for classes");
        let dense = head.dense.forward(first(state, batch));
        head.out.forward(match shape.squash {
            Squash::Tanh => activation::tanh(dense),
            Squash::Relu => activation::relu(dense),
            Squash::Gelu => gelu(dense),
        })
    }
}

/// The state of the first token of each text, `[batch, width]`.
fn first(state: Tensor<2>, batch: usize) -> Tensor<2> {
    let [rows, width] = state.dims();
    state.reshape([batch, rows / batch, width]).narrow(1, 0, 1).reshape([batch, width])
}
