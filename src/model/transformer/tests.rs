//! The decoder against PyTorch, and what padding and the cache must not change.

use burn::tensor::{Device, Int, Tensor, TensorData};
use serde_json::Value;

use super::{Bias, Cache, Context, Positions, Transformer, TransformerConfig};
use crate::device::testing::{test, test_async};
use crate::device::{Place, Reads, read};
use crate::loss::hard;
use crate::model::Trainable;
use crate::model::testing::waves;

/// Made by `tests/reference/transformer.py`, which says how.
const REFERENCE: &str = include_str!("../../../tests/reference/transformer.json");
const IDS: [[i32; 6]; 2] = [[3, 1, 4, 1, 5, 9], [0, 0, 2, 6, 5, 3]];
const REAL: [bool; 12] = [true, true, true, true, true, true, false, false, true, true, true, true];

fn gpt2() -> TransformerConfig {
    TransformerConfig::gpt2(11, 8, 8, 2, 2)
}

fn llama() -> TransformerConfig {
    TransformerConfig::llama(11, 8, 16, 2, [4, 2], 12)
}

fn qwen2() -> TransformerConfig {
    TransformerConfig { epsilon: 1e-6, positions: Positions::Rope(1e6), bias: Bias::QueryKeyValue, tied: false, ..llama() }
}

fn values(config: &TransformerConfig) -> Vec<Vec<f32>> {
    waves(&config.parameters())
}

fn ids<const N: usize>(rows: &[[i32; N]], device: &Device) -> Tensor<2, Int> {
    Tensor::from_data(TensorData::new(rows.concat(), [rows.len(), N]), device)
}

fn close(what: &str, found: f32, expected: &Value) {
    let expected = expected.as_f64().unwrap();
    assert!((f64::from(found) - expected).abs() < 2e-5 * expected.abs().max(1.0), "{what}: {found} instead of {expected}");
}

/// Logits, loss and every gradient of a batch with left padding.
async fn agrees(name: &str, config: &TransformerConfig) {
    let reference: Value = serde_json::from_str(REFERENCE).unwrap();
    let expected = &reference[name];
    let device = Place::cpu().autodiff();
    let net = Transformer::build(config, &values(config), &device);
    let context = Context::padded(config, &REAL, 6, &device.clone().inner());
    let logits = net.forward(ids(&IDS, &device), &context);
    // Rows whose token and next token are both real.
    let mut targets = vec![0.0_f32; 12 * 11];
    for row in 0..2 {
        for at in 0..5 {
            if REAL[row * 6 + at] && REAL[row * 6 + at + 1] {
                targets[(row * 6 + at) * 11 + IDS[row][at + 1] as usize] = 1.0;
            }
        }
    }
    let targets = Tensor::<2>::from_data(TensorData::new(targets, [12, 11]), &device);
    let loss = hard::cross_entropy(logits.clone(), targets);
    let mut gradients = loss.backward();
    let mut reads = Reads::default();
    reads.add(logits.inner());
    reads.add(loss.inner());
    struct Collect<'a>(&'a mut burn::tensor::Gradients, &'a mut Reads);
    impl burn::module::ModuleVisitor for Collect<'_> {
        fn visit_float<const D: usize>(&mut self, param: &burn::module::Param<Tensor<D>>) {
            self.1.add(param.val().grad_remove(self.0).expect("every parameter is reached"));
        }
    }
    burn::module::Module::visit(&net, &mut Collect(&mut gradients, &mut reads));
    let found = reads.run().await.unwrap();
    let real = found[0].chunks_exact(11).zip(REAL).filter(|(_, real)| *real).map(|(row, _)| row);
    for (row, (found, expected)) in real.zip(expected["logits"].as_array().unwrap()).enumerate() {
        for (class, value) in found.iter().enumerate() {
            close(&format!("{name}: logit {class} of real token {row}"), *value, &expected[class]);
        }
    }
    close(&format!("{name}: loss"), found[1][0], &expected["loss"]);
    for (parameter, gradient) in config.parameters().iter().zip(&found[2..]) {
        let expected = &expected["gradients"][&parameter.name];
        let what = |part| format!("{name}: gradient of {}, {part}", parameter.name);
        // Its terms may cancel: it is as exact as they are.
        let (sum, size) = gradient.iter().fold((0.0, 0.0), |(sum, size), value| (sum + f64::from(*value), size + f64::from(value.abs())));
        let expected_sum = expected[0].as_f64().unwrap();
        assert!((sum - expected_sum).abs() < 2e-5 * size.max(1.0), "{}: {sum} instead of {expected_sum}", what("sum"));
        close(&what("first"), gradient[0], &expected[1]);
        close(&what("middle"), gradient[gradient.len() / 2], &expected[2]);
        close(&what("last"), gradient[gradient.len() - 1], &expected[3]);
    }
}

#[test_async]
async fn a_gpt2_with_padding_is_that_of_pytorch() {
    agrees("gpt2", &gpt2()).await;
}

#[test_async]
async fn a_llama_with_shared_key_heads_and_padding_is_that_of_pytorch() {
    agrees("llama", &llama()).await;
}

#[test_async]
async fn a_qwen2_with_biases_of_its_attention_is_that_of_pytorch() {
    agrees("qwen2", &qwen2()).await;
}

/// Were padding seen, or positions counted from the start of the row, real tokens would answer otherwise in longer rows.
#[test_async]
async fn padding_on_either_side_changes_no_logit() {
    let device = Place::cpu().inner();
    for config in [gpt2(), llama(), qwen2()] {
        let net = Transformer::build(&config, &values(&config), &device);
        let plain = net.forward(ids(&[[2, 6, 5, 3]], &device), &Context::causal(&config, 4, &device));
        let left = [false, false, true, true, true, true];
        let right = [true, true, true, true, false, false];
        let padded = |row: [i32; 6], real: [bool; 6]| net.forward(ids(&[row], &device), &Context::padded(&config, &real, 6, &device));
        let left = padded([7, 9, 2, 6, 5, 3], left).slice([2..6, 0..11]);
        let right = padded([2, 6, 5, 3, 10, 1], right).slice([0..4, 0..11]);
        let plain = read(plain).await.unwrap();
        for (side, found) in [("left", left), ("right", right)] {
            for (a, b) in plain.iter().zip(read(found).await.unwrap()) {
                assert!((a - b).abs() < 1e-5, "{side} padding: {b} instead of {a}");
            }
        }
    }
}

/// A prompt in one piece, then token by token, must answer what the whole sequence does without a cache.
#[test_async]
async fn the_cache_changes_no_logit() {
    let device = Place::cpu().inner();
    for config in [gpt2(), llama(), qwen2()] {
        let net = Transformer::build(&config, &values(&config), &device);
        let whole = read(net.forward(ids(&IDS, &device), &Context::padded(&config, &REAL, 6, &device))).await.unwrap();
        let mut cache = Cache::new(&config, 2, 7, &device);
        let real = |tokens: usize| -> Vec<bool> { REAL.chunks_exact(6).flat_map(|row| row[..tokens].to_vec()).collect() };
        for (from, to) in [(0, 3), (3, 4), (4, 5), (5, 6)] {
            let part: Vec<i32> = IDS.iter().flat_map(|row| row[from..to].to_vec()).collect();
            let part = Tensor::from_data(TensorData::new(part, [2, to - from]), &device);
            let context = Context::cached(&config, &real(to), 2, to - from, cache.capacity(), &device);
            let found = read(net.extend(part, &context, &mut cache)).await.unwrap();
            for row in 0..2 {
                for class in 0..11 {
                    let (a, b) = (whole[(row * 6 + to - 1) * 11 + class], found[row * 11 + class]);
                    assert!((a - b).abs() < 1e-5, "row {row}, token {}: {b} instead of {a}", to - 1);
                }
            }
        }
        assert_eq!(cache.filled(), 6);
    }
}

#[test]
fn impossible_shapes_are_refused_by_name() {
    let wrong = |config: TransformerConfig| config.validate().unwrap_err().to_string();
    assert!(wrong(TransformerConfig::gpt2(11, 8, 9, 2, 2)).contains("width 9"));
    assert!(wrong(TransformerConfig::llama(11, 8, 16, 2, [4, 3], 12)).contains("4 heads"));
    assert!(wrong(TransformerConfig::llama(11, 8, 12, 2, [4, 2], 12)).contains("even width"));
    assert!(wrong(TransformerConfig::gpt2(0, 8, 8, 2, 2)).contains("vocab"));
    assert!(gpt2().validate().is_ok());
}

/// A projection to a teacher's width changes neither what is written of a model without one, nor the first values of all else.
#[test]
fn a_projection_stands_behind_all_else_and_is_written_only_where_it_is() {
    for plain in [llama(), gpt2(), qwen2()] {
        assert!(!serde_json::to_string(&plain).unwrap().contains("projection"));
        let guided = TransformerConfig { projection: Some(20), ..plain.clone() };
        let json = serde_json::to_string(&guided).unwrap();
        assert_eq!(serde_json::from_str::<TransformerConfig>(&json).unwrap(), guided);
        let [own, more] = [&plain, &guided].map(|config| config.initial(&mut crate::data::rng(7, "student")));
        assert_eq!(more[..own.len()], own);
        let names: Vec<String> = guided.parameters().into_iter().map(|parameter| parameter.name).collect();
        assert_eq!(names[own.len()..], ["projection.weight", "projection.bias"]);
        assert_eq!(guided.parameter_count() - plain.parameter_count(), (plain.width + 1) * 20);
    }
}

/// What was written before there were biases of some projections is read, and fingerprints of models stay what they were.
#[test]
fn biases_are_written_as_they_always_were() {
    for (config, written) in [(llama(), "false"), (gpt2(), "true"), (qwen2(), "\"query_key_value\"")] {
        let json = serde_json::to_string(&config).unwrap();
        assert!(json.contains(&format!("\"bias\":{written},\"tied\"")), "{json}");
        assert_eq!(serde_json::from_str::<TransformerConfig>(&json).unwrap(), config);
    }
}

/// A batch that is padded less far takes the beginning of what was made for the longest.
#[test_async]
async fn the_beginning_of_a_context_is_that_of_a_shorter_batch() {
    let device = Place::cpu().inner();
    for config in [gpt2(), llama()] {
        let net = Transformer::build(&config, &values(&config), &device);
        let short = IDS.map(|row| [row[0], row[1], row[2], row[3]]);
        let whole = Context::causal(&config, 6, &device);
        let expected = read(net.forward(ids(&short, &device), &Context::causal(&config, 4, &device))).await.unwrap();
        assert_eq!(read(net.forward(ids(&short, &device), &whole.first(4))).await.unwrap(), expected);
        assert_eq!(whole.first(6).bias.dims(), whole.bias.dims());
    }
}
