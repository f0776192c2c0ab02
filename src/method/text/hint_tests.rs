//! Hints beside token KD: the numbers of PyTorch, and the same over a large vocabulary.

use serde_json::Value;

use super::large_tests::Stage;
use super::*;
use crate::data::text::Example;
use crate::device::testing::test_async;
use crate::device::{Place, Reads};
use crate::model::testing::{gradient_products, waves};
use crate::model::transformer::Context;
use crate::model::{Trainable, Transformer, TransformerConfig};
use crate::spec::Experiment;

/// Made by `tests/reference/transformer.py`, which says how.
const REFERENCE: &str = include_str!("../../../tests/reference/transformer.json");

/// The teacher of the reference, with any student.
fn stage(student: &TransformerConfig, examples: Vec<Example>) -> Stage {
    let teacher = TransformerConfig::llama(11, 8, 16, 2, [4, 2], 12);
    let place = Place::cpu();
    let build = |config: &TransformerConfig, device| Transformer::build(config, &waves(&config.parameters()), &device);
    let mut reading = Stage::new(true).reading;
    (reading.set.train, reading.set.stop, reading.seq) = (examples.into(), 0, 7);
    Stage {
        reading,
        teacher: build(&teacher, place.inner()),
        student: build(student, place.autodiff()),
        speaker: build(student, place.inner()),
        contexts: [&teacher, student].map(|config| Context::causal(config, 7, &place.inner())),
        place,
    }
}

fn experiment(hint_weight: &str) -> Experiment {
    let set = [("distill.temperature", "2"), ("distill.alpha", "0.3"), ("distill.hint_weight", hint_weight)];
    Experiment::from_preset("grammar", set).unwrap()
}

/// A GPT-2 half as wide as its teacher.
fn narrow() -> TransformerConfig {
    TransformerConfig { projection: Some(16), ..TransformerConfig::gpt2(11, 8, 8, 2, 2) }
}

/// Loss, labels, divergence and hint, and of the gradient of every parameter its product with cos(0.1·i).
async fn learned(student: &Transformer, parts: Parts) -> Vec<f64> {
    let gradients = parts.total.backward();
    let mut reads = Reads::default();
    let Parts { total, hard, soft, hint, .. } = parts.plain();
    [Some(total), hard, soft, hint].into_iter().for_each(|part| reads.add(part.expect("every part is there")));
    let values = reads.run().await.unwrap().into_iter().map(|value| f64::from(value[0]));
    values.chain(gradient_products(student, gradients).await).collect()
}

#[test_async]
async fn token_kd_with_a_hint_is_that_of_pytorch() {
    let reference: Value = serde_json::from_str(REFERENCE).unwrap();
    let expected = &reference["hint"];
    let texts: Vec<[Vec<u32>; 2]> = serde_json::from_value(expected["texts"].clone()).unwrap();
    let example = |[prompt, mut response]: [Vec<u32>; 2]| {
        assert_eq!(response.pop(), Some(0), "the end is the set's to add");
        Example { prompt, response }
    };
    let stage = stage(&narrow(), texts.into_iter().map(example).collect());
    let experiment = experiment("0.6");
    for large in [false, true] {
        let found = learned(&stage.student, token_kd::loss(&stage.scene(&experiment, &[0, 1, 2], large))).await;
        let parts = ["total", "hard", "soft", "hint"].map(|part| (part.to_owned(), &expected[part]));
        let gradients = narrow().parameters().into_iter().map(|parameter| (parameter.name.clone(), &expected["gradients"][parameter.name]));
        let all: Vec<_> = parts.into_iter().chain(gradients).collect();
        assert_eq!(found.len(), all.len());
        for (found, (name, expected)) in found.iter().zip(all) {
            let expected = expected.as_f64().unwrap();
            assert!((found - expected).abs() < 3e-5 * expected.abs().max(1.0), "{name}, large {large}: {found} instead of {expected}");
        }
    }
}

#[test_async]
async fn hints_over_a_large_vocabulary_are_those_of_the_whole() {
    // More rows than a chunk has, of responses of 1 to 5 tokens and the end.
    let examples =
        (0..100_u32).map(|k| Example { prompt: vec![1 + k % 10, 3], response: (0..1 + k % 5).map(|at| 1 + (k + at) % 10).collect() });
    let examples: Vec<_> = examples.collect();
    let rows: Vec<usize> = (0..examples.len()).collect();
    let as_wide = TransformerConfig::llama(11, 8, 16, 1, [2, 2], 12);
    for student in [narrow(), as_wide] {
        let stage = stage(&student, examples.clone());
        let experiment = experiment("0.6");
        let of = |large| learned(&stage.student, token_kd::loss(&stage.scene(&experiment, &rows, large)));
        let (whole, chunks) = (of(false).await, of(true).await);
        assert!(whole[3] > 0.1, "the states differ: {}", whole[3]);
        assert_eq!(whole.len(), chunks.len());
        for (at, (found, expected)) in chunks.iter().zip(&whole).enumerate() {
            assert!((found - expected).abs() < 2e-5 * expected.abs().max(1.0), "number {at}: {found} instead of {expected}");
        }
    }
}

/// Texts of the student's own and fine-tuning have none: the term is about the data.
#[test_async]
async fn hints_are_heard_on_the_data_alone() {
    let example = Example { prompt: vec![3, 1], response: vec![4, 1, 5] };
    let stage = stage(&narrow(), vec![example]);
    let [with, without] = ["1", "0"].map(experiment);
    for large in [false, true] {
        let scene = stage.scene(&with, &[0], large);
        assert!(token_kd::loss(&scene).hint.is_some());
        assert!(token_kd::on(&scene, &scene.sequences(&scene.data())).hint.is_none() && sft::loss(&scene).hint.is_none());
        assert!(token_kd::loss(&stage.scene(&without, &[0], large)).hint.is_none());
    }
}
