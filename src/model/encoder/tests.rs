//! The encoder against `transformers`, its files, and what padding must not change.

use burn::tensor::{Device, Int, Tensor, TensorData};
use serde_json::Value;

use super::testing::{LENGTHS, MASKED, SHOWN, config, values};
use super::{Encoder, EncoderConfig, Padding, Pooling};
use crate::device::testing::{test, test_async};
use crate::device::{Place, Reads, read};
use crate::loss::hard;
use crate::model::formats::bert::{self, Family};
use crate::model::testing::gradient_products;
use crate::model::{Trainable, decode};

/// Made by `tests/reference/encoder.py`, which says how.
const REFERENCE: &str = include_str!("../../../tests/reference/encoder.json");
fn ids(device: &Device) -> Tensor<2, Int> {
    Tensor::from_data(TensorData::new(SHOWN.concat(), [2, 6]), device)
}

fn close(what: &str, found: &[f32], expected: &Value) {
    fn flat(value: &Value) -> Vec<f64> {
        value.as_array().map_or_else(|| value.as_f64().into_iter().collect(), |list| list.iter().flat_map(flat).collect())
    }
    let expected = flat(expected);
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < 3e-5 * expected.abs().max(1.0), "{what}: {found} instead of {expected}");
    }
}

/// States, masked logits, loss, every gradient and sentence embeddings of a batch with padding.
async fn agrees(kind: &str) {
    let reference: Value = serde_json::from_str(REFERENCE).unwrap();
    let expected = &reference["encoders"][kind];
    let config = config(kind);
    let device = Place::cpu().autodiff();
    let net = Encoder::build(&config, &values(&config), &device);
    let padding = Padding::new(&LENGTHS, 6, &device.clone().inner());
    let state = net.state(ids(&device), &padding);
    let rows = Tensor::<1, Int>::from_data(TensorData::new(MASKED.map(|(row, _)| row).to_vec(), [3]), &device);
    let logits = net.logits(state.clone().select(0, rows));
    let mut targets = vec![0.0_f32; 33];
    MASKED.iter().enumerate().for_each(|(at, (_, token))| targets[at * 11 + token] = 1.0);
    let loss = hard::cross_entropy(logits.clone(), Tensor::from_data(TensorData::new(targets, [3, 11]), &device));
    let gradients = loss.backward();
    let real = Tensor::<1, Int>::from_data(TensorData::new(padding.rows(), [10]), &device);
    let mut reads = Reads::default();
    reads.add(state.clone().select(0, real).inner());
    reads.add(logits.inner());
    reads.add(loss.inner());
    reads.add(net.embeddings(state.clone(), &padding).inner());
    let of_first = EncoderConfig { pooling: Pooling::Cls, ..config.clone() };
    reads.add(Encoder::build(&of_first, &values(&config), &device).embeddings(state, &padding).inner());
    let found = reads.run().await.unwrap();
    close("state", &found[0], &expected["state"]);
    close("logits", &found[1], &expected["logits"]);
    close("loss", &found[2], &expected["loss"]);
    close("embeddings", &found[3], &expected["embeddings"]);
    close("embeddings of first tokens", &found[4], &expected["cls"]);
    for (parameter, product) in config.parameters().iter().zip(gradient_products(&net, gradients).await) {
        close(&format!("{kind}: gradient of {}", parameter.name), &[product as f32], &expected["gradients"][&parameter.name]);
    }
}

#[test_async]
async fn bert_agrees_with_transformers() {
    agrees("bert").await;
}

#[test_async]
async fn distilbert_agrees_with_transformers() {
    agrees("distilbert").await;
}

#[test_async]
async fn electra_agrees_with_transformers() {
    agrees("electra").await;
}

/// BERT, DistilBERT and ELECTRA each have another head for classes; the last also with embeddings as wide as the network.
#[test_async]
async fn logits_of_classes_agree_with_transformers() {
    let reference: Value = serde_json::from_str(include_str!("../../../tests/reference/encoder.json")).unwrap();
    let device = Place::cpu().inner();
    for kind in ["bert", "distilbert", "electra"] {
        let config = bert::classifying(&config(kind), 3);
        let net = Encoder::build(&config, &values(&config), &device);
        let logits = read(net.class_logits(net.state(ids(&device), &Padding::new(&LENGTHS, 6, &device)), 2)).await.unwrap();
        let expected: Vec<Vec<f64>> = serde_json::from_value(reference["classes"][kind].clone()).unwrap();
        for (found, expected) in logits.iter().zip(expected.concat()) {
            assert!((f64::from(*found) - expected).abs() < 3e-5, "{kind}: {found} instead of {expected}");
        }
    }
}

#[test]
fn a_folder_comes_back_as_it_was() {
    let labels = ["no", "yes", "maybe"].map(String::from);
    for kind in ["bert", "distilbert", "electra"] {
        for (config, labels) in [(config(kind), &[][..]), (bert::classifying(&config(kind), 3), &labels)] {
            let values = values(&config);
            let (json, weights) = bert::save(&config, &values, 0, labels);
            assert!(json.contains(&format!("\"model_type\": \"{kind}\"")), "{json}");
            let found = bert::load(&json, decode(&weights).unwrap()).unwrap();
            assert_eq!((found.config, found.values, &*found.labels), (config, values, labels), "{kind}");
        }
    }
    let wide = EncoderConfig { embedding: 8, ..bert::classifying(&config("electra"), 3) };
    let (json, weights) = bert::save(&wide, &values(&wide), 0, &labels);
    assert_eq!(bert::load(&json, decode(&weights).unwrap()).unwrap().config, wide, "the head tells an ELECTRA with wide embeddings");
}

/// DistilBERT's code has its epsilon written in: a student of another one is written as a BERT.
#[test]
fn a_student_of_another_epsilon_is_written_as_a_bert() {
    let config = EncoderConfig { epsilon: 1e-5, ..config("distilbert") };
    let (json, weights) = bert::save(&config, &values(&config), 0, &[]);
    let found = bert::load(&json, decode(&weights).unwrap()).unwrap();
    assert_eq!(found.config, EncoderConfig { types: 1, ..config.clone() });
    let kinds = found.config.parameters().iter().position(|parameter| parameter.name == "types.weight").unwrap();
    assert!(found.values[kinds].iter().all(|value| *value == 0.0));
}

#[test]
fn what_is_wrong_with_a_folder_is_said() {
    let config = config("bert");
    let (json, weights) = bert::save(&config, &values(&config), 0, &[]);
    let error = |json: &str, weights: &[u8]| bert::load(json, decode(weights).unwrap()).unwrap_err().to_string();
    assert!(error("{}", &weights).contains("`bert`, `distilbert` and `electra`"));
    let wider = json.replace("\"hidden_size\": 8", "\"hidden_size\": 10");
    assert!(error(&wider, &weights).contains("embeddings.word_embeddings.weight"), "{}", error(&wider, &weights));
    let deeper = json.replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3");
    assert!(error(&deeper, &weights).contains("encoder.layer.2"), "{}", error(&deeper, &weights));
    let relative = json.replace("\"pad_token_id\": 0", "\"pad_token_id\": 0, \"position_embedding_type\": \"relative_key\"");
    assert!(error(&relative, &weights).contains("absolute"));
    let several = json.replace("\"pad_token_id\": 0", "\"pad_token_id\": 0, \"problem_type\": \"multi_label_classification\"");
    assert!(error(&several, &weights).contains("single_label_classification"));
    let relu = json.replace("\"gelu\"", "\"relu\"");
    assert!(error(&relu, &weights).contains("hidden_act"));
    // Read as what is assumed where they say nothing, all of these gave other numbers than transformers.
    for (key, wrong) in [
        ("is_decoder", "true"),
        ("add_cross_attention", "true"),
        ("is_decoder", "\"yes\""),
        ("layer_norm_eps", "\"x\""),
        ("type_vocab_size", "\"x\""),
        ("type_vocab_size", "2.5"),
        ("hidden_size", "\"8\""),
        ("hidden_act", "1"),
        ("position_embedding_type", "1"),
        ("problem_type", "1"),
        ("tie_word_embeddings", "\"x\""),
    ] {
        let mut changed: Value = serde_json::from_str(&json).unwrap();
        changed[key] = serde_json::from_str(wrong).unwrap();
        let error = error(&changed.to_string(), &weights);
        assert!(error.contains(&format!("`{key}` is {wrong}; ")), "{key}: {error}");
    }
    for names in [r#"{"0": "no", "2": "yes"}"#, r#"{"0": "no", "1": 1}"#] {
        let mut changed: Value = serde_json::from_str(&json).unwrap();
        changed["architectures"] = serde_json::json!(["BertForSequenceClassification"]);
        changed["id2label"] = serde_json::from_str(names).unwrap();
        assert!(error(&changed.to_string(), &weights).contains("`id2label`"), "{names}");
    }
}

/// transformers has an output of its own for masked words where it is not tied to the embeddings.
#[test]
fn an_output_for_masked_words_that_is_not_the_embeddings_is_refused() {
    for kind in ["bert", "distilbert", "electra"] {
        let config = config(kind);
        let (json, weights) = bert::save(&config, &values(&config), 0, &[]);
        let untied = json.replacen('{', "{\"tie_word_embeddings\": false,", 1);
        let name = Family::of(&config).output();
        let load = |json: &str, output: Option<Vec<f32>>| {
            let mut file = decode(&weights).unwrap();
            if let Some(output) = output {
                let more = [(name.to_owned(), vec![config.vocab, config.embedding], output)];
                file.extend(decode(&crate::model::encode(&more, std::collections::HashMap::new(), false)).unwrap());
            }
            bert::load(json, file).map(drop).map_err(|error| error.to_string())
        };
        let same = values(&config)[0].clone();
        let other: Vec<f32> = same.iter().map(|value| value + 1.0).collect();
        load(&json, Some(same.clone())).unwrap();
        load(&untied, Some(same)).unwrap();
        for (json, output) in [(&json, Some(other.clone())), (&untied, Some(other))] {
            let error = load(json, output).unwrap_err();
            assert!(error.contains("tie_word_embeddings") && error.contains("embeddings"), "{kind}: {error}");
        }
        let error = load(&untied, None).unwrap_err();
        assert!(error.contains(name), "{kind}: {error}");
    }
}

/// Runs of before go on: they know their models by a fingerprint of the shape too.
#[test]
fn a_mean_is_not_mentioned_and_a_first_token_is() {
    let config = config("bert");
    let text = serde_json::to_string(&config).unwrap();
    assert!(!text.contains("pooling"), "{text}");
    assert_eq!(serde_json::from_str::<EncoderConfig>(&text).unwrap(), config);
    let first = EncoderConfig { pooling: Pooling::Cls, ..config };
    let text = serde_json::to_string(&first).unwrap();
    assert_eq!(serde_json::from_str::<EncoderConfig>(&text).unwrap(), first, "{text}");
}

/// A student without token types thinks what its teacher thinks: all tokens are of the first kind.
#[test_async]
async fn a_student_of_all_layers_is_its_teacher() {
    let config = config("bert");
    let values = values(&config);
    let (student, its) = config.student(&values, 2, &[]).unwrap();
    assert_eq!((student.layers, student.types, student.parameter_count()), (2, 0, config.parameter_count() - 16));
    let device = Place::cpu().inner();
    let padding = Padding::new(&LENGTHS, 6, &device);
    let state = |config: &EncoderConfig, values: &[Vec<f32>]| Encoder::build(config, values, &device).state(ids(&device), &padding);
    let difference = (state(&config, &values) - state(&student, &its)).abs().max();
    assert!(read(difference).await.unwrap()[0] < 1e-5);
    let (half, _) = config.student(&values, 1, &[]).unwrap();
    assert_eq!(half.layers, 1);
    assert!(config.student(&values, 3, &[]).unwrap_err().contains("2 layers"));
}

#[test_async]
async fn padding_changes_no_embedding() {
    let config = config("distilbert");
    let device = Place::cpu().inner();
    let net = Encoder::build(&config, &values(&config), &device);
    let embedding = |seq: usize, filler: i32| {
        let row: Vec<i32> = SHOWN[1][..4].iter().copied().chain(std::iter::repeat_n(filler, seq - 4)).collect();
        let padding = Padding::new(&[4], seq, &device);
        net.embeddings(net.state(Tensor::from_data(TensorData::new(row, [1, seq]), &device), &padding), &padding)
    };
    let plain = read(embedding(4, 0)).await.unwrap();
    for (seq, filler) in [(6, 0), (8, 9)] {
        let padded = read(embedding(seq, filler)).await.unwrap();
        assert!(plain.iter().zip(&padded).all(|(a, b)| (a - b).abs() < 1e-6), "{plain:?} {padded:?}");
    }
}
