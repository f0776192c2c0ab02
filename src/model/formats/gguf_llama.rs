//! A LLaMA in a GGUF file.

use serde_json::json;

use super::gguf::{Gguf, Value};
use super::names::{self, Family};
use super::{FormatError, Loaded, byte_level};
use crate::model::transformer::{Positions, TransformerConfig};

/// The decoder of a file.
///
/// # Errors
/// Everything that [`Gguf::parse`] and [`Gguf::tensor`] refuse, another architecture, and numbers that are missing.
pub fn load(file: &Gguf) -> Result<Loaded, FormatError> {
    let config = config(file)?;
    config.validate()?;
    let values = names::gather(
        &config.parameters(),
        |parameter| names::pieces(Family::Llama, &config, parameter),
        |name, shape| {
            let name = file_name(name);
            let values = file.tensor(&name, shape)?;
            Ok::<_, FormatError>(match name.as_str() {
                _ if name.ends_with("attn_q.weight") || name.ends_with("attn_k.weight") => half_split(&values, config.head(), config.width),
                _ => values,
            })
        },
    )?;
    Ok(Loaded { config, values })
}

/// Its shape.
fn config(file: &Gguf) -> Result<TransformerConfig, FormatError> {
    match file.metadata.get("general.architecture") {
        Some(Value::Text(name)) if name == "llama" => {}
        other => {
            return Err(FormatError::Unsupported {
                key: "general.architecture".into(),
                found: format!("{other:?}"),
                expected: "only `llama` files are read",
            });
        }
    }
    let integer = |key: &str| match file.metadata.get(key) {
        Some(Value::Integer(value)) if *value >= 0 => Ok(*value as usize),
        _ => Err(FormatError::Missing(key.into())),
    };
    let float = |key: &str| match file.metadata.get(key) {
        Some(Value::Float(value)) => Some(*value),
        _ => None,
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
        integer("llama.block_count")?,
        [heads, integer("llama.attention.head_count_kv").unwrap_or(heads)],
        integer("llama.feed_forward_length")?,
    );
    let epsilon = "llama.attention.layer_norm_rms_epsilon";
    Ok(TransformerConfig {
        epsilon: float(epsilon).ok_or_else(|| FormatError::Missing(epsilon.into()))?,
        // 10,000 is the default of the format.
        positions: Positions::Rope(float("llama.rope.freq_base").unwrap_or(10_000.0)),
        tied: !file.has("output.weight"),
        ..shape
    })
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
    let unsupported = |key: &str, expected| FormatError::Unsupported { key: key.into(), found: format!("`{}`", text(key)), expected };
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
    Ok(byte_level::tokenizer_json(vocab, texts("tokenizer.ggml.merges")?, &control, &split))
}

/// The token that ends a text, if the file names one.
pub fn end_of_text(file: &Gguf) -> Option<u32> {
    match file.metadata.get("tokenizer.ggml.eos_token_id") {
        Some(Value::Integer(id)) => u32::try_from(*id).ok(),
        _ => None,
    }
}
