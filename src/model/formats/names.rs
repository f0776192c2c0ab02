//! Which Hugging Face tensors make up each parameter of our decoders, for reading and for writing.

use super::FormatError;
use crate::model::transformer::{Bias, Mlp, Norm, Positions, TransformerConfig};
use crate::model::{Named, Parameter};

/// The two families that Hugging Face has names for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// And Qwen2, whose queries, keys and values have biases besides.
    Llama,
    Gpt2,
}

/// The family of a shape.
pub fn family(config: &TransformerConfig) -> Result<Family, FormatError> {
    match (config.positions, config.norm, config.mlp, config.bias) {
        (Positions::Rope(_), Norm::Rms, Mlp::SwiGlu, Bias::None | Bias::QueryKeyValue) => Ok(Family::Llama),
        // GPT-2 has as many key heads as query heads.
        (Positions::Learned, Norm::Layer, Mlp::Gelu | Mlp::GeluTanh, Bias::All) if config.group() == 1 => Ok(Family::Gpt2),
        _ => Err(FormatError::Nameless),
    }
}

/// The tensors that stand below each other in one of our parameters.
pub struct Pieces {
    /// Name and shape in their file.
    pub tensors: Vec<(String, Vec<usize>)>,
    /// Theirs is `[out, in]`, ours `[in, out]`.
    pub transposed: bool,
}

/// What one of our parameters is made of.
pub fn pieces(family: Family, config: &TransformerConfig, parameter: &Parameter) -> Pieces {
    let (path, kind) = parameter.name.rsplit_once('.').expect("a layer and `weight` or `bias`");
    let (block, part) = path.strip_prefix("layers.").and_then(|rest| rest.split_once('.')).map_or((None, path), |(l, p)| (Some(l), p));
    let whole = |name: &str, transposed: bool| {
        let shape = if transposed { parameter.shape.iter().rev().copied().collect() } else { parameter.shape.clone() };
        let name = match (family, block) {
            (Family::Llama, Some(layer)) => format!("model.layers.{layer}.{name}.{kind}"),
            (Family::Gpt2, Some(layer)) => format!("transformer.h.{layer}.{name}.{kind}"),
            (_, None) => format!("{name}.{kind}"),
        };
        Pieces { tensors: vec![(name, shape)], transposed }
    };
    let matrix = kind == "weight";
    let stack = |names: &[(&str, usize)]| Pieces {
        tensors: names
            .iter()
            .map(|(name, rows)| {
                let shape = if matrix { vec![*rows, config.width] } else { vec![*rows] };
                (format!("model.layers.{}.{name}.{kind}", block.unwrap_or("0")), shape)
            })
            .collect(),
        transposed: matrix,
    };
    let (query, key) = (config.width, config.kv_heads * config.head());
    match (family, part) {
        (_, "head") => whole("lm_head", true),
        (Family::Llama, "tokens") => whole("model.embed_tokens", false),
        (Family::Llama, "norm1") => whole("input_layernorm", false),
        (Family::Llama, "qkv") => stack(&[("self_attn.q_proj", query), ("self_attn.k_proj", key), ("self_attn.v_proj", key)]),
        (Family::Llama, "out") => whole("self_attn.o_proj", true),
        (Family::Llama, "norm2") => whole("post_attention_layernorm", false),
        (Family::Llama, "up") => stack(&[("mlp.gate_proj", config.hidden), ("mlp.up_proj", config.hidden)]),
        (Family::Llama, "down") => whole("mlp.down_proj", true),
        (Family::Llama, _) => whole("model.norm", false),
        // GPT-2's matrices are [in, out], as ours.
        (Family::Gpt2, "tokens") => whole("transformer.wte", false),
        (Family::Gpt2, "positions") => whole("transformer.wpe", false),
        (Family::Gpt2, "norm1") => whole("ln_1", false),
        (Family::Gpt2, "qkv") => whole("attn.c_attn", false),
        (Family::Gpt2, "out") => whole("attn.c_proj", false),
        (Family::Gpt2, "norm2") => whole("ln_2", false),
        (Family::Gpt2, "up") => whole("mlp.c_fc", false),
        (Family::Gpt2, "down") => whole("mlp.c_proj", false),
        (Family::Gpt2, _) => whole("transformer.ln_f", false),
    }
}

/// Our values of these parameters, from tensors that `take` gives by name and shape.
pub fn gather<E>(
    parameters: &[Parameter],
    pieces: impl Fn(&Parameter) -> Pieces,
    mut take: impl FnMut(&str, &[usize]) -> Result<Vec<f32>, E>,
) -> Result<Vec<Vec<f32>>, E> {
    let read = |parameter: &Parameter| {
        let pieces = pieces(parameter);
        // Grown by what is there: what the description says of a shape may be any number.
        let mut values = Vec::new();
        for (name, shape) in &pieces.tensors {
            let mut part = take(name, shape)?;
            if values.is_empty() { values = part } else { values.append(&mut part) }
        }
        Ok(if pieces.transposed { transpose(&values, parameter.shape[0]) } else { values })
    };
    parameters.iter().map(read).collect()
}

/// Our values as their tensors.
pub fn scatter(parameters: &[Parameter], pieces: impl Fn(&Parameter) -> Pieces, values: &[Vec<f32>]) -> Vec<Named> {
    let mut list = Vec::new();
    for (parameter, values) in parameters.iter().zip(values) {
        let pieces = pieces(parameter);
        let mut values = if pieces.transposed { transpose(values, parameter.shape[1]) } else { values.clone() };
        for (name, shape) in pieces.tensors {
            let rest = values.split_off(shape.iter().product());
            list.push((name, shape, std::mem::replace(&mut values, rest)));
        }
    }
    list
}

/// `[n, columns]`, row by row, as `[columns, n]`.
pub fn transpose(values: &[f32], columns: usize) -> Vec<f32> {
    let rows = values.len() / columns;
    let mut out = Vec::with_capacity(values.len());
    for column in 0..columns {
        out.extend((0..rows).map(|row| values[row * columns + column]));
    }
    out
}
