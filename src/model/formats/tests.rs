//! Both Hugging Face families there and back, as they are and with what contradicts them. Of GGUF files in [`gguf`].

mod gguf;

use serde_json::Value;

use super::{bert, huggingface};
use crate::data;
use crate::device::testing::test;
use crate::model::encoder::EncoderConfig;
use crate::model::testing::waves;
use crate::model::transformer::{Bias, Positions};
use crate::model::{TransformerConfig, decode};

/// Made by `tests/reference/transformer.py`, with the `config.json` of transformers.
const REFERENCE: &str = include_str!("../../../tests/reference/transformer.json");

fn qwen2() -> TransformerConfig {
    TransformerConfig { bias: Bias::QueryKeyValue, ..TransformerConfig::llama(11, 8, 16, 2, [4, 2], 12) }
}

/// What transformers wrote of its model of that name, which has the shape of a case.
fn theirs(case: &str, name: &str) -> String {
    let reference: Value = serde_json::from_str(REFERENCE).unwrap();
    reference[case]["configs"][name].as_str().unwrap().into()
}

#[test]
fn what_is_saved_for_hugging_face_is_read_back() {
    let untied = TransformerConfig { tied: false, ..TransformerConfig::llama(11, 16, 16, 2, [4, 2], 12) };
    let qwen2 = TransformerConfig { bias: Bias::QueryKeyValue, ..untied.clone() };
    for config in [TransformerConfig::llama(11, 16, 16, 2, [4, 2], 12), untied, qwen2, TransformerConfig::gpt2(11, 16, 8, 2, 2)] {
        let values = waves(&config.parameters());
        let (json, weights) = huggingface::save(&config, &values, &[3], false).unwrap();
        let loaded = huggingface::load(&json, decode(&weights).unwrap()).unwrap();
        assert_eq!(loaded.config, config);
        assert_eq!(loaded.values, values);
    }
}

/// Weights of which nothing would be read, but for buffers and what is tied, are another model's.
#[test]
fn weights_that_the_description_has_not_are_refused() {
    let small = |layers| [TransformerConfig::llama(11, 16, 16, layers, [4, 2], 12), TransformerConfig::gpt2(11, 16, 8, layers, 2)];
    for (config, (key, stem, buffer)) in small(3)
        .into_iter()
        .zip([("num_hidden_layers", "model.layers.0", "self_attn.rotary_emb.inv_freq"), ("n_layer", "transformer.h.0", "attn.masked_bias")])
    {
        let values = config.initial(&mut data::rng(1, "formats"));
        let (json, weights) = huggingface::save(&config, &values, &[3], false).unwrap();
        let with = |json: &str, name: &str, shape: &[usize], values: &[f32]| {
            let mut file = decode(&weights).unwrap();
            let more = [(name.to_owned(), shape.to_vec(), values.to_vec())];
            file.extend(decode(&crate::model::weights::encode(&more, super::metadata(), false)).unwrap());
            huggingface::load(json, file).map(drop).map_err(|error| error.to_string())
        };
        with(&json, &format!("{stem}.{buffer}"), &[1], &[0.0]).unwrap();
        if config.tied {
            with(&json, "lm_head.weight", &[11, config.width], &values[0]).unwrap();
        }
        let refused = |json: &str, name: &str, parts: &[&str]| {
            let error = with(json, name, &[1], &[0.0]).unwrap_err();
            assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} in {error}");
        };
        let fewer = json.replace(&format!("\"{key}\": 3"), &format!("\"{key}\": 2"));
        refused(&fewer, "other", &["disagree", &stem.replace('0', "2"), &format!("`{key}` is 2, and the weights have 3 layers")]);
        let more = json.replace(&format!("\"{key}\": 3"), &format!("\"{key}\": 4000000000"));
        refused(&more, "other", &["disagree", &stem.replace('0', "3"), &format!("`{key}` is 4000000000, and the weights have 3 layers")]);
        refused(&json, &format!("{stem}.self_attn.q_norm.weight"), &["q_norm.weight", "left over"]);
        if config.tied {
            refused(&json, "lm_head.weight", &["lm_head.weight", "tie_word_embeddings"]);
        }
    }
}

/// Of an encoder the heads may be left, a layer may not.
#[test]
fn layers_that_an_encoder_does_not_read_are_refused() {
    let bert = EncoderConfig { types: 2, pooler: true, ..EncoderConfig::bert(11, 8, 8, 3, 2) };
    let distilbert = EncoderConfig { types: 0, pooler: false, epsilon: 1e-12, ..bert.clone() };
    for (config, key, layer) in [(bert, "num_hidden_layers", "encoder.layer.2."), (distilbert, "n_layers", "transformer.layer.2.")] {
        let (json, weights) = bert::save(&config, &config.initial(&mut data::rng(1, "formats")), 0, &[]);
        let load = |json: &str| {
            let mut file = decode(&weights).unwrap();
            for head in ["cls.seq_relationship.weight", "embeddings.position_ids"] {
                let more = [(head.to_owned(), vec![1], vec![0.0])];
                file.extend(decode(&crate::model::weights::encode(&more, super::metadata(), false)).unwrap());
            }
            bert::load(json, file).map(drop).map_err(|error| error.to_string())
        };
        load(&json).unwrap();
        let error = load(&json.replace(&format!("\"{key}\": 3"), &format!("\"{key}\": 2"))).unwrap_err();
        assert!(error.contains(layer) && error.contains(&format!("`{key}` is 2, and the weights have 3 layers")), "{error}");
        let error = load(&json.replace(&format!("\"{key}\": 3"), &format!("\"{key}\": 4000000000"))).unwrap_err();
        let next = layer.replace('2', "3");
        assert!(error.contains(&next) && error.contains(&format!("`{key}` is 4000000000, and the weights have 3 layers")), "{error}");
    }
}

#[test]
fn a_config_that_this_decoder_cannot_follow_is_refused_by_key() {
    let refused = |json: &str| huggingface::config(json).unwrap_err().to_string();
    assert!(refused(r#"{"model_type": "bert"}"#).contains("model_type"));
    assert!(refused(r#"{"model_type": "llama", "attention_bias": true}"#).contains("attention_bias"));
    for (key, kind) in [("rope_scaling", "type"), ("rope_scaling", "rope_type"), ("rope_parameters", "rope_type")] {
        for model in ["llama", "mistral", "qwen2"] {
            let error = refused(&format!(r#"{{"model_type": "{model}", "{key}": {{"factor": 8.0, "{kind}": "llama3"}}}}"#));
            let parts = [&format!("`{key}` is {{"), "\"factor\":8.0", &format!("\"{kind}\":\"llama3\""), "plain rotary"];
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }
    assert!(refused(r#"{"model_type": "qwen3"}"#).contains("`llama`, `mistral`, `qwen2` and `gpt2`"));
    assert!(refused(r#"{"model_type": "gpt2"}"#).contains("n_embd"));
    assert!(refused("{").contains("config.json"));
}

#[test]
fn what_transformers_writes_of_a_shape_is_read_as_that() {
    let llama = TransformerConfig::llama(11, 8, 16, 2, [4, 2], 12);
    for name in ["Llama", "Mistral"] {
        assert_eq!(huggingface::config(&theirs("llama", name)).unwrap(), llama, "{name}");
    }
    let qwen2 = TransformerConfig { epsilon: 1e-6, positions: Positions::Rope(1e6), tied: false, ..qwen2() };
    assert_eq!(huggingface::config(&theirs("qwen2", "Qwen2")).unwrap(), qwen2);
}

#[test]
fn attention_with_a_window_is_refused_unless_no_text_is_longer() {
    let mistral = |from: &str, to: &str| {
        let theirs = theirs("llama", "Mistral");
        assert!(theirs.contains(from), "{from} in {theirs}");
        huggingface::config(&theirs.replace(from, to)).map(drop).map_err(|error| error.to_string())
    };
    let window = "\"sliding_window\": null,";
    mistral(window, "\"sliding_window\": 8,").unwrap();
    let error = mistral(window, "\"sliding_window\": 7,").unwrap_err();
    assert!(error.contains("`sliding_window` is 7 and `max_position_embeddings` is 8"), "{error}");
    mistral(window, "").unwrap();
    let error = mistral("\"max_position_embeddings\": 8,", "\"max_position_embeddings\": 4097,").map(drop);
    assert_eq!(error, Ok(()), "null is no window");
    let longer =
        theirs("llama", "Mistral").replace(window, "").replace("\"max_position_embeddings\": 8,", "\"max_position_embeddings\": 4097,");
    let error = huggingface::config(&longer).unwrap_err().to_string();
    assert!(
        error.contains("`sliding_window` is not there, which is 4096 to transformers, and `max_position_embeddings` is 4097"),
        "{error}"
    );
    let qwen2 = theirs("qwen2", "Qwen2").replace("\"use_sliding_window\": false", "\"use_sliding_window\": true");
    let error = huggingface::config(&qwen2).unwrap_err().to_string();
    assert!(error.contains("`use_sliding_window` is true") && error.contains("window"), "{error}");
    for (key, value) in [("scale_attn_weights", "false"), ("scale_attn_by_inverse_layer_idx", "true")] {
        let gpt2 = format!(
            r#"{{"model_type": "gpt2", "vocab_size": 9, "n_positions": 8, "n_embd": 8, "n_layer": 1, "n_head": 2, "{key}": {value}}}"#
        );
        let error = huggingface::config(&gpt2).unwrap_err().to_string();
        assert!(error.contains(&format!("`{key}` is {value}")), "{error}");
    }
}

/// Queries, keys and values have their biases each by its name; nothing else has one.
#[test]
fn a_qwen2_is_written_as_one() {
    let config = qwen2();
    let values = waves(&config.parameters());
    let (json, weights) = huggingface::save(&config, &values, &[3], false).unwrap();
    for part in ["\"Qwen2ForCausalLM\"", "\"model_type\": \"qwen2\"", "\"use_sliding_window\": false"] {
        assert!(json.contains(part), "{part} in {json}");
    }
    assert!(!json.contains("attention_bias"), "{json}");
    let bias = config.parameters().iter().position(|parameter| parameter.name == "layers.1.qkv.bias").unwrap();
    let mut file = decode(&weights).unwrap();
    for (part, place) in [("q", 0..16), ("k", 16..24), ("v", 24..32)] {
        let name = format!("model.layers.1.self_attn.{part}_proj.bias");
        assert_eq!(file.take(&name, &[place.len()]).unwrap(), values[bias][place], "{name}");
    }
    let error = huggingface::load(&json, file).unwrap_err().to_string();
    assert!(error.contains("model.layers.1.self_attn.q_proj.bias"), "{error}");
    let mut file = decode(&weights).unwrap();
    let more = [("model.layers.0.self_attn.o_proj.bias".to_owned(), vec![16], vec![0.0; 16])];
    file.extend(decode(&crate::model::weights::encode(&more, super::metadata(), false)).unwrap());
    let error = huggingface::load(&json, file).unwrap_err().to_string();
    assert!(error.contains("o_proj.bias") && error.contains("no layer of this kind has one"), "{error}");
}
