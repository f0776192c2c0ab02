//! A LLaMA in a GGUF file.

use std::collections::HashSet;

use serde_json::json;

use super::gguf::{Gguf, Value};
use super::names::{self, Family};
use super::unread::Stack;
use super::{FormatError, Loaded, PLAIN, byte_level};
use crate::model::transformer::{Positions, TransformerConfig};

const BLOCKS: &str = "llama.block_count";
/// What describes the network.
const METADATA: &str = "the metadata";

/// The decoder of a file.
///
/// # Errors
/// Everything that [`Gguf::parse`] and [`Gguf::tensor`] refuse, another architecture, numbers that are missing, variants that this decoder has
/// not, and tensors that are not a part of it.
pub fn load(file: &Gguf) -> Result<Loaded, FormatError> {
    let config = config(file)?;
    config.validate()?;
    plain(file, config.head())?;
    let stack = Stack { prefixes: &["blk."], description: METADATA, layers: config.layers, key: BLOCKS, besides: &[], optional: &[] };
    stack.bound(file.names())?;
    let mut read = HashSet::new();
    let values = names::gather(
        &config.parameters(),
        |parameter| names::pieces(Family::Llama, &config, parameter),
        |name, shape| {
            let name = file_name(name);
            let values = file.tensor(&name, shape)?;
            let turned = name.ends_with("attn_q.weight") || name.ends_with("attn_k.weight");
            read.insert(name);
            Ok::<_, FormatError>(if turned { half_split(&values, config.head(), config.width) } else { values })
        },
    )?;
    let left = || file.names().filter(|name| !read.contains(*name));
    stack.check(left())?;
    // Unlike Hugging Face's, these files have nothing besides: llama.cpp refuses them too.
    match left().min() {
        Some(name) => Err(FormatError::Unread { description: METADATA, name: name.into(), found: "no LLaMA has one".into() }),
        None => Ok(Loaded { config, values }),
    }
}

/// Its shape.
fn config(file: &Gguf) -> Result<TransformerConfig, FormatError> {
    match file.metadata.get("general.architecture") {
        Some(Value::Text(name)) if name == "llama" => {}
        Some(other) => return Err(unsupported("general.architecture", other, "only `llama` files are read")),
        None => return Err(FormatError::Missing("general.architecture".into())),
    }
    let integer = |key: &str| match file.metadata.get(key) {
        Some(Value::Integer(value)) if *value >= 0 => Ok(*value as usize),
        _ => Err(FormatError::Missing(key.into())),
    };
    let vocab = match file.metadata.get("tokenizer.ggml.tokens") {
        Some(Value::Texts(tokens)) => tokens.len(),
        _ => integer("llama.vocab_size")?,
    };
    let heads = integer("llama.attention.head_count")?;
    let shape = TransformerConfig::llama(
        vocab,
        integer("llama.context_length")?,
        integer("llama.embedding_length")?,
        integer(BLOCKS)?,
        [heads, integer("llama.attention.head_count_kv").unwrap_or(heads)],
        integer("llama.feed_forward_length")?,
    );
    let epsilon = "llama.attention.layer_norm_rms_epsilon";
    Ok(TransformerConfig {
        epsilon: float(file, epsilon)?.ok_or_else(|| FormatError::Missing(epsilon.into()))?,
        // 10,000 is the default of the format.
        positions: Positions::Rope(float(file, "llama.rope.freq_base")?.unwrap_or(10_000.0)),
        tied: !file.has("output.weight"),
        ..shape
    })
}

/// A number, if there is one under that key.
fn float(file: &Gguf, key: &str) -> Result<Option<f64>, FormatError> {
    match file.metadata.get(key) {
        None => Ok(None),
        Some(Value::Float(value)) => Ok(Some(*value)),
        Some(Value::Integer(value)) => Ok(Some(*value as f64)),
        Some(other) => Err(unsupported(key, other, "it must be a number")),
    }
}

/// That positions are not scaled, and heads are as wide as they seem.
fn plain(file: &Gguf, head: usize) -> Result<(), FormatError> {
    let scaling = "llama.rope.scaling.type";
    match file.metadata.get(scaling) {
        Some(Value::Text(kind)) if kind == "none" => {}
        Some(other) => return Err(unsupported(scaling, other, PLAIN)),
        None => {}
    }
    let widths = "heads must be llama.embedding_length/llama.attention.head_count wide, and turned as a whole";
    let numbers = [
        ("llama.rope.scaling.factor", 1.0, PLAIN),
        // Its name in files of 2023.
        ("llama.rope.scale_linear", 1.0, PLAIN),
        ("llama.rope.dimension_count", head as f64, widths),
        ("llama.attention.key_length", head as f64, widths),
        ("llama.attention.value_length", head as f64, widths),
    ];
    for (key, needed, expected) in numbers {
        if let Some(found) = float(file, key)?
            && found != needed
        {
            return Err(unsupported(key, found, expected));
        }
    }
    // What LLaMA 3.1's scaling is in these files.
    let factors = "rope_freqs.weight";
    if file.has(factors) { Err(unsupported(factors, "in the file", PLAIN)) } else { Ok(()) }
}

fn unsupported(key: &str, found: impl ToString, expected: &'static str) -> FormatError {
    FormatError::Unsupported { key: key.into(), found: found.to_string(), expected }
}

/// llama.cpp's name of a Hugging Face tensor.
fn file_name(name: &str) -> String {
    let table = [
        ("model.embed_tokens", "token_embd"),
        ("model.norm", "output_norm"),
        ("lm_head", "output"),
        ("model.layers.", "blk."),
        ("input_layernorm", "attn_norm"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.o_proj", "attn_output"),
        ("post_attention_layernorm", "ffn_norm"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
    ];
    table.iter().fold(name.to_owned(), |name, (theirs, here)| name.replace(theirs, here))
}

/// Rows of query and key as half-split rotary positions need them. llama.cpp's converter puts the two dimensions that turn together side
/// by side; Hugging Face has them half a head apart.
fn half_split(values: &[f32], head: usize, columns: usize) -> Vec<f32> {
    let half = head / 2;
    let mut out = Vec::with_capacity(values.len());
    for rows in values.chunks_exact(head * columns) {
        for row in 0..head {
            let from = 2 * (row % half) + row / half;
            out.extend_from_slice(&rows[from * columns..(from + 1) * columns]);
        }
    }
    out
}

/// The file's tokenizer as a Hugging Face `tokenizer.json`.
///
/// # Errors
/// A tokenizer that is not byte-level BPE with GPT-2's or SmolLM's splitting.
pub fn tokenizer_json(file: &Gguf) -> Result<String, FormatError> {
    let text = |key: &str| match file.metadata.get(key) {
        Some(Value::Text(text)) => text.as_str(),
        _ => "",
    };
    let unsupported = |key: &str, expected| unsupported(key, format!("`{}`", text(key)), expected);
    if text("tokenizer.ggml.model") != "gpt2" {
        return Err(unsupported("tokenizer.ggml.model", "only byte-level BPE (`gpt2`) is read: give the model's tokenizer.json instead"));
    }
    let byte_level = byte_level::splitting();
    let split = match text("tokenizer.ggml.pre") {
        "smollm" => json!({ "type": "Sequence", "pretokenizers": [{ "type": "Digits", "individual_digits": true }, byte_level] }),
        "gpt-2" | "default" | "" => byte_level,
        _ => return Err(unsupported("tokenizer.ggml.pre", "only `smollm` and `gpt-2` are read: give the model's tokenizer.json instead")),
    };
    let texts = |key: &str| match file.metadata.get(key) {
        Some(Value::Texts(texts)) => Ok(texts),
        _ => Err(FormatError::Missing(key.into())),
    };
    let tokens = texts("tokenizer.ggml.tokens")?;
    let kinds = match file.metadata.get("tokenizer.ggml.token_type") {
        Some(Value::Integers(kinds)) => kinds.as_slice(),
        _ => &[],
    };
    // Type 3 is a control token such as <|im_end|>.
    let control = tokens.iter().enumerate().filter(|(id, _)| kinds.get(*id) == Some(&3));
    let control: Vec<_> = control.map(|(id, token)| (id as u32, token.clone())).collect();
    let vocab = tokens.iter().enumerate().map(|(id, token)| (token.clone(), json!(id))).collect();
    Ok(byte_level::tokenizer_json(vocab, texts("tokenizer.ggml.merges")?, &control, &split, begin(file, tokens)?))
}

/// The token that stands before every text, where the file asks for one.
fn begin<'a>(file: &Gguf, tokens: &'a [String]) -> Result<Option<(u32, &'a str)>, FormatError> {
    if !matches!(file.metadata.get("tokenizer.ggml.add_bos_token"), Some(Value::Integer(flag)) if *flag != 0) {
        return Ok(None);
    }
    let key = "tokenizer.ggml.bos_token_id";
    let Some(Value::Integer(id)) = file.metadata.get(key) else { return Err(FormatError::Missing(key.into())) };
    match usize::try_from(*id).ok().and_then(|id| tokens.get(id)) {
        Some(token) => Ok(Some((*id as u32, token))),
        None => Err(unsupported(key, id, "it must be the id of a token")),
    }
}

/// The token that ends a text, if the file names one.
pub fn end_of_text(file: &Gguf) -> Option<u32> {
    match file.metadata.get("tokenizer.ggml.eos_token_id") {
        Some(Value::Integer(id)) => u32::try_from(*id).ok(),
        _ => None,
    }
}
