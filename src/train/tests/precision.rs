//! Mixed precision beside PyTorch's autocast.

use std::collections::HashMap;

use burn::tensor::{FloatDType, Int, Tensor, TensorData};
use serde::Deserialize;

use super::*;
use crate::device::read;
use crate::device::testing::test_async;
use crate::loss::sequence;
use crate::model::transformer::{Context, Mlp};
use crate::model::{Parameter, Trainable, Transformer, TransformerConfig};
use crate::spec::Train;
use crate::train::learner::Learner;
use crate::train::optimizer::gradients;

/// Made by `tests/reference/precision.py`, which says how.
const REFERENCE: &str = include_str!("../../../tests/reference/precision.json");
const VOCAB: usize = 17;
const SEQ: usize = 8;
const BATCH: usize = 4;
const RATE: f64 = 2e-3;

#[derive(Deserialize)]
struct Reference {
    f32: Vec<f64>,
    bf16: Vec<f64>,
    gradients: HashMap<String, Vec<f64>>,
}

/// The name in the script.
fn short(parameter: &Parameter) -> &str {
    let name = parameter.name.as_str();
    let name = name.strip_prefix("layers.0.").unwrap_or(name);
    if parameter.name.starts_with("tokens") || parameter.name.starts_with("positions") { name.trim_end_matches(".weight") } else { name }
}

fn values(parameter: &Parameter) -> Vec<f32> {
    let name = short(parameter);
    let seed = name.bytes().zip(1..).map(|(letter, at)| usize::from(letter) * at).sum::<usize>() % 97;
    let (centre, scale) = if name.contains("norm") && name.contains("weight") { (1.0, 0.1) } else { (0.0, 0.3) };
    let count: usize = parameter.shape.iter().product();
    (0..count).map(|at| centre + ((at as f64 * 1.7 + seed as f64).sin() * scale) as f32).collect()
}

/// Losses of the steps, and the gradients of the first.
async fn train(half: Option<FloatDType>) -> (Vec<f64>, HashMap<String, Vec<f64>>) {
    let place = Place::cpu().multiplying(half).expect("the CPU backend has bf16");
    let config = TransformerConfig { mlp: Mlp::GeluTanh, tied: true, ..TransformerConfig::gpt2(VOCAB, SEQ, 16, 1, 2) };
    let parameters = config.parameters();
    let start: Vec<Vec<f32>> = parameters.iter().map(values).collect();
    let mut learner: Learner<Transformer> =
        Learner::new(config.clone(), &start, &Train { weight_decay: 0.0, clip: 0.0, ..Train::default() }, &place);
    let ids: Vec<usize> = (0..BATCH * SEQ).map(|at| (at * 5 + at / 3) % VOCAB).collect();
    let device = place.inner();
    let hot: Vec<f32> = (0..ids.len())
        .flat_map(|at| (0..VOCAB).map(move |token| (at, token)))
        .map(|(at, token)| f32::from(ids.get(at + 1) == Some(&token)))
        .collect();
    let counts: Vec<f32> = (0..ids.len()).map(|at| f32::from(at % SEQ < SEQ - 1)).collect();
    let targets = Tensor::<2>::from_data(TensorData::new(hot, [ids.len(), VOCAB]), &device);
    let mask = Tensor::<1>::from_data(TensorData::new(counts, [ids.len()]), &device);
    let ids: Vec<i32> = ids.iter().map(|id| *id as i32).collect();
    let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [BATCH, SEQ]), &device);
    let context = Context::causal(&config, SEQ, &device);
    let (mut losses, mut first) = (Vec::new(), HashMap::new());
    for step in 0..10 {
        let loss = || sequence::cross_entropy(learner.net.forward(ids.clone(), &context), targets.clone(), mask.clone());
        if step == 0 {
            for (parameter, gradient) in parameters.iter().zip(gradients(&learner.net, &loss())) {
                let gradient = read(gradient).await.unwrap().into_iter().map(f64::from).collect();
                first.insert(short(parameter).to_owned(), gradient);
            }
        }
        let loss = loss();
        losses.push(f64::from(read(loss.clone().inner()).await.unwrap()[0]));
        learner.learn(&loss, RATE);
    }
    assert!(learner.net.parameters().into_iter().all(|values| values.dtype() == burn::tensor::DType::F32), "weights stay f32");
    (losses, first)
}

/// In f32 the losses are PyTorch's; in bf16 they and the gradients are as far from f32 as autocast's are, and on the same side of it.
#[test_async]
async fn bf16_trains_as_autocast_does() {
    let reference: Reference = serde_json::from_str(REFERENCE).unwrap();
    let (plain, exact) = train(None).await;
    let (mixed, rounded) = train(Some(FloatDType::BF16)).await;
    for step in 0..plain.len() {
        let (f32, bf16) = (reference.f32[step], reference.bf16[step]);
        assert!((plain[step] - f32).abs() < 1e-4, "step {step}: {} and PyTorch's {f32}", plain[step]);
        assert!((mixed[step] - bf16).abs() < 0.02, "step {step}: {} and autocast's {bf16}", mixed[step]);
    }
    let off = |found: &[f64]| found.iter().zip(&reference.bf16).map(|(a, b)| (a - b).abs()).sum::<f64>();
    assert!(off(&mixed) < off(&plain), "nearer to autocast's losses than f32 is: {mixed:?} and {plain:?}");
    let norm = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>().sqrt();
    for (name, expected) in &reference.gradients {
        let apart = |found: &[f64]| norm(&found.iter().zip(expected).map(|(a, b)| a - b).collect::<Vec<_>>()) / norm(expected);
        assert!(
            apart(&rounded[name]) < apart(&exact[name]).min(0.02),
            "{name}: {} from autocast's, f32 is {} from it",
            apart(&rounded[name]),
            apart(&exact[name])
        );
    }
}

#[test_async]
async fn what_is_no_decoder_learns_in_f32() {
    let set = [("train.precision", "bf16")];
    assert!(Experiment::from_preset("first-light", set).unwrap_err().to_string().contains("train.precision"));
    assert!(Experiment::from_preset("distilbert", set).unwrap_err().to_string().contains("train.precision"));
}
