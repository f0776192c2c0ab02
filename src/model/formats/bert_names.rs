//! Which Hugging Face tensors make up each parameter of our encoders, for reading and for writing.

use super::names::Pieces;
use crate::model::Parameter;
use crate::model::encoder::{EncoderConfig, Squash};

/// DistilBERT's code has it written in.
pub const DISTILBERT_EPSILON: f64 = 1e-12;

/// The families whose encoders are ours by configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    Bert,
    /// No token types, no pooler.
    DistilBert,
    /// Embeddings narrower than the network.
    Electra,
}

impl Family {
    /// As a shape is written: where nothing else distinguishes it, without token types it is DistilBERT's, whose epsilon is written into its
    /// code.
    pub fn of(config: &EncoderConfig) -> Self {
        // Large ELECTRAs have embeddings as wide as the network: their classifier tells them.
        if config.embedding != config.width || config.classifier.is_some_and(|classifier| classifier.squash == Squash::Gelu) {
            Self::Electra
        } else if config.types == 0 && !config.pooler && config.epsilon == DISTILBERT_EPSILON {
            Self::DistilBert
        } else {
            Self::Bert
        }
    }

    /// What stands between the two layers of its classifier.
    pub fn squash(self) -> Squash {
        match self {
            Self::Bert => Squash::Tanh,
            Self::DistilBert => Squash::Relu,
            Self::Electra => Squash::Gelu,
        }
    }

    /// The output matrix of its head for masked words.
    pub fn output(self) -> &'static str {
        match self {
            Self::Bert => "cls.predictions.decoder.weight",
            Self::DistilBert => "vocab_projector.weight",
            Self::Electra => "generator_lm_head.weight",
        }
    }

    /// `model_type` in their `config.json`; with a head, the encoder's tensors stand behind it too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bert => "bert",
            Self::DistilBert => "distilbert",
            Self::Electra => "electra",
        }
    }
}

/// What one of our parameters is made of, by the names of an encoder without a head. Those of a head begin with `head:`, which is not part
/// of their name.
pub fn pieces(family: Family, config: &EncoderConfig, parameter: &Parameter) -> Pieces {
    let (path, kind) = parameter.name.rsplit_once('.').expect("a part and `weight` or `bias`");
    let (layer, part) = path.strip_prefix("layers.").and_then(|rest| rest.split_once('.')).map_or((None, path), |(l, p)| (Some(l), p));
    let place = |name: &str| match (layer, family) {
        (Some(layer), Family::DistilBert) => format!("transformer.layer.{layer}.{name}.{kind}"),
        (Some(layer), _) => format!("encoder.layer.{layer}.{name}.{kind}"),
        (None, _) => format!("{name}.{kind}"),
    };
    // Embeddings stand as they are; matrices of dense layers are [out, in] there.
    let matrix = kind == "weight" && parameter.shape.len() == 2 && !matches!(part, "tokens" | "positions" | "types");
    let shape: Vec<usize> = if matrix { parameter.shape.iter().rev().copied().collect() } else { parameter.shape.clone() };
    if part == "qkv" {
        let names = match family {
            Family::DistilBert => ["attention.q_lin", "attention.k_lin", "attention.v_lin"],
            _ => ["attention.self.query", "attention.self.key", "attention.self.value"],
        };
        let third = if matrix { vec![config.width, config.width] } else { vec![config.width] };
        return Pieces { tensors: names.map(|name| (place(name), third.clone())).to_vec(), transposed: matrix };
    }
    let name = match (family, part) {
        (_, "tokens") => "embeddings.word_embeddings",
        (_, "positions") => "embeddings.position_embeddings",
        (_, "types") => "embeddings.token_type_embeddings",
        (_, "norm") => "embeddings.LayerNorm",
        (_, "project") => "embeddings_project",
        (_, "pooler") => "pooler.dense",
        (Family::DistilBert, "out") => "attention.out_lin",
        (Family::DistilBert, "norm1") => "sa_layer_norm",
        (Family::DistilBert, "up") => "ffn.lin1",
        (Family::DistilBert, "down") => "ffn.lin2",
        (Family::DistilBert, "norm2") => "output_layer_norm",
        (Family::Bert, "classes.dense") => "pooler.dense",
        (Family::DistilBert, "classes.dense") => "head:pre_classifier",
        (Family::Electra, "classes.dense") => "head:classifier.dense",
        (Family::Electra, "classes.out") => "head:classifier.out_proj",
        (_, "classes.out") => "head:classifier",
        (Family::DistilBert, "masked.dense") => "head:vocab_transform",
        (Family::DistilBert, "masked.norm") => "head:vocab_layer_norm",
        (Family::DistilBert, _) => "head:vocab_projector",
        (_, "out") => "attention.output.dense",
        (_, "norm1") => "attention.output.LayerNorm",
        (_, "up") => "intermediate.dense",
        (_, "down") => "output.dense",
        (_, "norm2") => "output.LayerNorm",
        (Family::Electra, "masked.dense") => "head:generator_predictions.dense",
        (Family::Electra, "masked.norm") => "head:generator_predictions.LayerNorm",
        (Family::Electra, _) => "head:generator_lm_head",
        (Family::Bert, "masked.dense") => "head:cls.predictions.transform.dense",
        (Family::Bert, "masked.norm") => "head:cls.predictions.transform.LayerNorm",
        (Family::Bert, _) => "head:cls.predictions",
    };
    Pieces { tensors: vec![(place(name), shape)], transposed: matrix }
}
