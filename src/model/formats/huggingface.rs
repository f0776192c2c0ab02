//! A decoder as `transformers` keeps it: `config.json` and `model.safetensors`.

use serde_json::{Value, json};

use super::names::{self, Family};
use super::unread::{CONFIG, Stack};
use super::{Chat, File, FormatError, KINDS, Loaded, PLAIN, number, unsupported};
use crate::data::Tokenizer;
use crate::model::transformer::{Bias, Mlp, Positions, TransformerConfig};
use crate::model::weights::{self, Decoded};

/// The shape that a `config.json` describes.
///
/// # Errors
/// Another model than `llama`, `mistral`, `qwen2` and `gpt2`, a missing number, and variants that this decoder has not.
pub fn config(text: &str) -> Result<TransformerConfig, FormatError> {
    let json: Value = serde_json::from_str(text).map_err(|error| FormatError::Config(error.to_string()))?;
    let config = match json["model_type"].as_str() {
        Some(kind @ ("llama" | "mistral" | "qwen2")) => llama(&json, kind)?,
        Some("gpt2") => gpt2(&json)?,
        _ => return Err(unsupported(&json, "model_type", KINDS)),
    };
    config.validate()?;
    Ok(config)
}

/// LLaMA, and what differs from it by little.
fn llama(json: &Value, kind: &str) -> Result<TransformerConfig, FormatError> {
    let number = |key: &str| number(json, key);
    // transformers reads these of LLaMA alone.
    for key in ["attention_bias", "mlp_bias"] {
        if kind == "llama" && json[key].as_bool() == Some(true) {
            return Err(unsupported(json, key, "LLaMA is read without biases"));
        }
    }
    if !matches!(json["hidden_act"].as_str(), None | Some("silu")) {
        return Err(unsupported(json, "hidden_act", "only `silu` is read"));
    }
    let base = rotary_base(json)?;
    let context = number("max_position_embeddings")?;
    see_all(json, kind, context)?;
    let (heads, width) = (number("num_attention_heads")?, number("hidden_size")?);
    if json["head_dim"].as_u64().is_some_and(|head| (head as usize).checked_mul(heads) != Some(width)) {
        return Err(unsupported(json, "head_dim", "heads must be hidden_size/num_attention_heads wide"));
    }
    let shape = [heads, number("num_key_value_heads").unwrap_or(heads)];
    let plain =
        TransformerConfig::llama(number("vocab_size")?, context, width, number("num_hidden_layers")?, shape, number("intermediate_size")?);
    Ok(TransformerConfig {
        epsilon: json["rms_norm_eps"].as_f64().unwrap_or(1e-6),
        positions: Positions::Rope(base),
        bias: if kind == "qwen2" { Bias::QueryKeyValue } else { Bias::None },
        tied: json["tie_word_embeddings"].as_bool().unwrap_or(false),
        ..plain
    })
}

/// The base of plain rotary positions. transformers 5 keeps it in `rope_parameters`, and takes `rope_scaling` for an old name of that.
fn rotary_base(json: &Value) -> Result<f64, FormatError> {
    let mut base = json["rope_theta"].as_f64();
    for key in ["rope_parameters", "rope_scaling"] {
        let rope = &json[key];
        let kind = rope["rope_type"].as_str().or(rope["type"].as_str());
        // Scaling of no kind is nothing that is known.
        if !matches!((kind, key), (Some("default"), _) | (None, "rope_parameters")) && !rope.is_null() {
            return Err(unsupported(json, key, PLAIN));
        }
        base = rope["rope_theta"].as_f64().or(base);
    }
    Ok(base.unwrap_or(10_000.0))
}

/// What transformers takes for a Mistral's window where its `config.json` says nothing of one.
const MISTRAL_WINDOW: u64 = 4096;

/// That every token looks at all before it, as far as the model reaches.
fn see_all(json: &Value, kind: &str, context: usize) -> Result<(), FormatError> {
    if kind == "qwen2" && json["use_sliding_window"].as_bool() == Some(true) {
        return Err(unsupported(json, "use_sliding_window", "only attention without a window is read: take a model that has none"));
    }
    let window = match json.get("sliding_window") {
        _ if kind != "mistral" => None,
        None => Some((MISTRAL_WINDOW, format!("not there, which is {MISTRAL_WINDOW} to transformers,"))),
        Some(window) => window.as_u64().map(|tokens| (tokens, tokens.to_string())),
    };
    match window {
        Some((tokens, shown)) if tokens < context as u64 => Err(FormatError::Unsupported {
            key: "sliding_window".into(),
            found: format!("{shown} and `max_position_embeddings` is {context}"),
            expected: "only attention without a window is read: with `max_position_embeddings` no larger than the window the model is read, for \
                       texts of that length",
        }),
        _ => Ok(()),
    }
}

fn gpt2(json: &Value) -> Result<TransformerConfig, FormatError> {
    let number = |key: &str| number(json, key);
    let width = number("n_embd")?;
    for (key, usual) in [("scale_attn_weights", true), ("scale_attn_by_inverse_layer_idx", false)] {
        if json[key].as_bool().is_some_and(|value| value != usual) {
            return Err(unsupported(json, key, "attention is read that is divided by the root of a head's width alone"));
        }
    }
    let plain = TransformerConfig::gpt2(number("vocab_size")?, number("n_positions")?, width, number("n_layer")?, number("n_head")?);
    Ok(TransformerConfig {
        hidden: number("n_inner").unwrap_or(plain.hidden),
        epsilon: json["layer_norm_epsilon"].as_f64().unwrap_or(1e-5),
        mlp: match json["activation_function"].as_str() {
            None | Some("gelu_new" | "gelu_pytorch_tanh") => Mlp::GeluTanh,
            Some("gelu") => Mlp::Gelu,
            Some(_) => return Err(unsupported(json, "activation_function", "`gelu_new` and `gelu` are read")),
        },
        tied: json["tie_word_embeddings"].as_bool().unwrap_or(true),
        ..plain
    })
}

/// The decoder of a folder, from its description and its tensors.
///
/// # Errors
/// As [`config`], and weights that are missing, of another shape or not finite.
pub fn load(config_json: &str, mut file: Decoded) -> Result<Loaded, FormatError> {
    let config = config(config_json)?;
    let family = names::family(&config)?;
    let stack = match family {
        Family::Llama => Stack {
            prefixes: &["model.layers."],
            description: CONFIG,
            layers: config.layers,
            key: "num_hidden_layers",
            besides: &["rotary_emb.inv_freq"],
            // Qwen2 has no keys for more biases.
            optional: if config.bias == Bias::None { &[("_proj.bias", "attention_bias` or `mlp_bias")] } else { &[] },
        },
        // The mask of the causal attention, and what stands where it masks.
        Family::Gpt2 => Stack {
            prefixes: &["transformer.h.", "h."],
            description: CONFIG,
            layers: config.layers,
            key: "n_layer",
            besides: &[".attn.bias", ".attn.masked_bias"],
            optional: &[(".crossattention.c_attn.weight", "add_cross_attention")],
        },
    };
    stack.bound(file.names())?;
    let values = names::gather(
        &config.parameters(),
        |parameter| names::pieces(family, &config, parameter),
        |name, shape| {
            // GPT-2's first checkpoints have the names without their prefix.
            let short = name.strip_prefix("transformer.").filter(|short| !file.has(name) && file.has(short));
            file.take(short.unwrap_or(name), shape)
        },
    )?;
    stack.check(file.names())?;
    // Some files have the embeddings twice.
    let tokens = config.parameters().iter().position(|parameter| parameter.name == "tokens.weight");
    if let (true, Some(head), Some(tokens)) = (config.tied, file.values(HEAD), tokens)
        && head != values[tokens]
    {
        return Err(FormatError::Unread {
            description: CONFIG,
            name: HEAD.into(),
            found: "`tie_word_embeddings` says that it is the embeddings, and it is not".into(),
        });
    }
    Ok(Loaded { config, values })
}

/// What makes logits of the last states.
const HEAD: &str = "lm_head.weight";

/// The two files of a decoder: `config.json` and `model.safetensors` (F32, or F16 when `half`). `stop` are the tokens that end a text:
/// without any `transformers` assumes one of its own. What was a Mistral is a LLaMA: their weights mean the same.
///
/// # Errors
/// [`FormatError::Nameless`] for a shape that is not LLaMA's, Qwen2's or GPT-2's.
pub fn save(config: &TransformerConfig, values: &[Vec<f32>], stop: &[u32], half: bool) -> Result<(String, Vec<u8>), FormatError> {
    let end = ends(stop);
    let family = names::family(config)?;
    let dtype = if half { "float16" } else { "float32" };
    let description = match (family, config.positions) {
        (Family::Llama, Positions::Rope(base)) => {
            let (class, kind, off): (_, _, &[_]) = match config.bias {
                Bias::QueryKeyValue => ("Qwen2ForCausalLM", "qwen2", &["use_sliding_window"]),
                _ => ("LlamaForCausalLM", "llama", &["attention_bias", "mlp_bias"]),
            };
            let mut description = json!({
                "architectures": [class], "model_type": kind, "hidden_act": "silu", "vocab_size": config.vocab,
                "max_position_embeddings": config.context, "hidden_size": config.width, "intermediate_size": config.hidden,
                "num_hidden_layers": config.layers, "num_attention_heads": config.heads, "num_key_value_heads": config.kv_heads,
                "rms_norm_eps": config.epsilon, "rope_theta": base, "tie_word_embeddings": config.tied, "torch_dtype": dtype,
                "bos_token_id": null, "eos_token_id": end,
            });
            off.iter().for_each(|key| description[*key] = false.into());
            description
        }
        _ => json!({
            "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "vocab_size": config.vocab, "n_positions": config.context,
            "n_embd": config.width, "n_inner": config.hidden, "n_layer": config.layers, "n_head": config.heads,
            "layer_norm_epsilon": config.epsilon, "bos_token_id": null, "eos_token_id": end, "tie_word_embeddings": config.tied, "torch_dtype": dtype,
            "activation_function": if config.mlp == Mlp::Gelu { "gelu" } else { "gelu_new" },
        }),
    };
    let tensors = names::scatter(&config.parameters(), |parameter| names::pieces(family, config, parameter), values);
    Ok((serde_json::to_string_pretty(&description).expect("plain data"), weights::encode(&tensors, super::metadata(), half)))
}

/// One id as itself, several as a list.
fn ends(stop: &[u32]) -> Value {
    match stop {
        [] => Value::Null,
        [end] => json!(end),
        several => json!(several),
    }
}

/// A decoder and its tokenizer as the files of a folder that `AutoModelForCausalLM` and `AutoTokenizer` load. `stop` are the tokens that end a
/// text, of which the tokenizer names the first, `chat` how its conversations are written.
///
/// # Errors
/// As [`save`].
pub fn folder(
    config: &TransformerConfig,
    values: &[Vec<f32>],
    tokenizer_json: &str,
    stop: &[u32],
    chat: &Chat,
    half: bool,
) -> Result<Vec<File>, FormatError> {
    let (description, weights) = save(config, values, stop, half)?;
    let reader = Tokenizer::from_json(tokenizer_json.as_bytes())?;
    let mut tokenizer = json!({
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": config.context, "clean_up_tokenization_spaces": false,
    });
    chat.describe(&mut tokenizer, |token| reader.id(token).is_some());
    tokenizer["eos_token"] = stop.first().and_then(|end| reader.token(*end)).into();
    // What `generate` stops at: it asks no other file where this one is.
    let mut generation = json!({ "eos_token_id": ends(stop) });
    if let Some(pad) = chat.tokens.get("pad_token").and_then(|pad| reader.id(pad)) {
        generation["pad_token_id"] = pad.into();
    }
    let text = |json: &Value| serde_json::to_vec_pretty(json).expect("plain data");
    Ok(vec![
        ("config.json", description.into_bytes()),
        ("model.safetensors", weights),
        ("tokenizer.json", tokenizer_json.into()),
        ("tokenizer_config.json", text(&tokenizer)),
        ("generation_config.json", text(&generation)),
    ])
}
