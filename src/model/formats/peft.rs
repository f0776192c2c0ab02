//! Adapters as the library `peft` keeps them: `adapter_config.json` and `adapter_model.safetensors`.

use std::collections::BTreeSet;

use serde_json::json;

use super::names::{self, Family, transpose};
use super::{File, FormatError};
use crate::model::lora::Lora;
use crate::model::transformer::TransformerConfig;
use crate::model::weights;

/// The two files of a decoder's adapters, from the values of [`Lora::factors`]. `base` is the name of the model that they belong to.
///
/// Theirs are `[rank, in]` and `[out, rank]`; what lies side by side in one of our matrices has modules of its own there, with the same A.
///
/// # Errors
/// [`FormatError::Nameless`] for a shape that is not LLaMA's, Qwen2's or GPT-2's.
pub fn folder(config: &TransformerConfig, lora: &Lora, factors: &[Vec<f32>], base: &str) -> Result<Vec<File>, FormatError> {
    let family = names::family(config)?;
    let adapted = config.parameters().into_iter().filter(|parameter| lora.adapts(&parameter.name));
    let (mut tensors, mut targets) = (Vec::new(), BTreeSet::new());
    for (parameter, factors) in adapted.zip(factors.chunks_exact(2)) {
        let pieces = names::pieces(family, config, &parameter);
        let (a, mut b) = (transpose(&factors[0], lora.rank), transpose(&factors[1], parameter.shape[1]));
        for (name, shape) in pieces.tensors {
            let module = name.strip_suffix(".weight").unwrap_or(&name);
            let out = if pieces.transposed { shape[0] } else { shape[1] };
            let rest = b.split_off(out * lora.rank);
            let mut factor = |part: &str, shape: [usize; 2], values: Vec<f32>| {
                tensors.push((format!("base_model.model.{module}.lora_{part}.weight"), shape.to_vec(), values));
            };
            factor("A", [lora.rank, parameter.shape[0]], a.clone());
            factor("B", [out, lora.rank], std::mem::replace(&mut b, rest));
            // GPT-2 has a `c_proj` in attention and another behind it.
            let at = module.rmatch_indices('.').nth(1).map_or(0, |(at, _)| at + 1);
            targets.insert(module[at..].to_owned());
        }
    }
    let description = json!({
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": base, "r": lora.rank, "lora_alpha": lora.alpha,
        "target_modules": targets, "fan_in_fan_out": family == Family::Gpt2, "bias": "none", "lora_dropout": 0.0, "inference_mode": true,
    });
    Ok(vec![
        ("adapter_config.json", serde_json::to_vec_pretty(&description).expect("plain data")),
        ("adapter_model.safetensors", weights::encode(&tensors, super::metadata(), false)),
    ])
}
