//! Mixed precision beside PyTorch's autocast.

use std::collections::HashMap;

use burn::tensor::{FloatDType, Int, Tensor, TensorData};
use serde::Deserialize;

use super::*;
use crate::device::read;
use crate::device::testing::test_async;
use crate::loss::sequence;
use crate::model::encoder::{Encoder, EncoderConfig, Padding};
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
    decoder: Trained,
    encoder: Trained,
}

/// Losses of the steps, and the gradients of the first in bf16.
#[derive(Deserialize)]
struct Trained {
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

/// The ids of the batch, row after row.
fn ids() -> Vec<usize> {
    (0..BATCH * SEQ).map(|at| (at * 5 + at / 3) % VOCAB).collect()
}

fn on(device: &burn::tensor::Device, ids: Vec<usize>) -> Tensor<2, Int> {
    Tensor::from_data(TensorData::new(ids.iter().map(|id| *id as i32).collect::<Vec<_>>(), [BATCH, SEQ]), device)
}

/// What each row of logits is compared with: the token of that number, none for a row that does not count.
fn targets(device: &burn::tensor::Device, of: impl Fn(usize) -> Option<usize>) -> (Tensor<2>, Tensor<1>) {
    let wanted: Vec<Option<usize>> = (0..BATCH * SEQ).map(of).collect();
    let hot: Vec<f32> = wanted.iter().flat_map(|wanted| (0..VOCAB).map(move |token| f32::from(*wanted == Some(token)))).collect();
    let counts: Vec<f32> = wanted.iter().map(|wanted| f32::from(wanted.is_some())).collect();
    (
        Tensor::from_data(TensorData::new(hot, [wanted.len(), VOCAB]), device),
        Tensor::from_data(TensorData::new(counts, [wanted.len()]), device),
    )
}

/// Losses of the steps, and the gradients of the first.
async fn train<N: Trainable>(
    layout: N::Layout,
    half: Option<FloatDType>,
    loss: impl Fn(&N, &Place) -> Tensor<1>,
) -> (Vec<f64>, HashMap<String, Vec<f64>>) {
    let place = Place::cpu().multiplying(half).expect("the CPU backend has bf16");
    let parameters = N::shapes(&layout);
    let start: Vec<Vec<f32>> = parameters.iter().map(values).collect();
    let mut learner: Learner<N> = Learner::new(layout, &start, &Train { weight_decay: 0.0, clip: 0.0, ..Train::default() }, &place);
    let (mut losses, mut first) = (Vec::new(), HashMap::new());
    for step in 0..10 {
        if step == 0 {
            for (parameter, gradient) in parameters.iter().zip(gradients(&learner.net, &loss(&learner.net, &place))) {
                let gradient = read(gradient).await.unwrap().into_iter().map(f64::from).collect();
                first.insert(short(parameter).to_owned(), gradient);
            }
        }
        let loss = loss(&learner.net, &place);
        losses.push(f64::from(read(loss.clone().inner()).await.unwrap()[0]));
        learner.learn(&loss, RATE);
    }
    assert!(learner.net.parameters().into_iter().all(|values| values.dtype() == burn::tensor::DType::F32), "weights stay f32");
    (losses, first)
}

/// In f32 the losses are PyTorch's; in bf16 they and the gradients are as far from f32 as autocast's are, and on the same side of it.
async fn trains_as_autocast<N: Trainable>(reference: Trained, layout: N::Layout, loss: impl Fn(&N, &Place) -> Tensor<1>) {
    let (plain, exact) = train(layout.clone(), None, &loss).await;
    let (mixed, rounded) = train(layout, Some(FloatDType::BF16), &loss).await;
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
        let (mixed, plain) = (apart(&rounded[name]), apart(&exact[name]));
        assert!(mixed < 0.02, "{name}: {mixed} from autocast's");
        // Those of the embeddings are made outside of autocast: what it rounds before, attention and sums, is not rounded here.
        assert!(name == "tokens" || mixed < plain, "{name}: {mixed} from autocast's, f32 is {plain} from it");
    }
}

fn reference() -> Reference {
    serde_json::from_str(REFERENCE).unwrap()
}

#[test_async]
async fn a_decoder_in_bf16_trains_as_autocast_does() {
    let config = TransformerConfig { mlp: Mlp::GeluTanh, tied: true, ..TransformerConfig::gpt2(VOCAB, SEQ, 16, 1, 2) };
    let shape = config.clone();
    trains_as_autocast(reference().decoder, config, move |net: &Transformer, place| {
        let device = place.inner();
        let (targets, mask) = targets(&device, |at| (at % SEQ < SEQ - 1).then(|| ids()[at + 1]));
        sequence::cross_entropy(net.forward(on(&device, ids()), &Context::causal(&shape, SEQ, &device)), targets, mask)
    })
    .await;
}

#[test_async]
async fn an_encoder_in_bf16_trains_as_autocast_does() {
    trains_as_autocast(reference().encoder, EncoderConfig::bert(VOCAB, SEQ, 16, 1, 2), |net: &Encoder, place| {
        let device = place.inner();
        let (targets, mask) = targets(&device, |at| at.is_multiple_of(2).then(|| (ids()[at] + 1) % VOCAB));
        let padding = Padding::new(&[SEQ; BATCH], SEQ, &device);
        sequence::cross_entropy(net.logits(net.state(on(&device, ids()), &padding)), targets, mask)
    })
    .await;
}

#[test_async]
async fn what_is_no_transformer_learns_in_f32() {
    let refused = Experiment::from_preset("first-light", [("train.precision", "bf16")]).unwrap_err().to_string();
    assert!(refused.contains("train.precision") && refused.contains("transformers"), "{refused}");
}
