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
use crate::train::learner::{Learner, scaled_gradients};
use crate::train::scale::LossScale;

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

/// Losses of the steps.
#[derive(Deserialize)]
struct Trained {
    f32: Vec<f64>,
    bf16: Halved,
    f16: Halved,
    /// From a factor of 2^22, which overflows.
    f16_large: Halved,
}

/// Losses of the steps, how many of them were left out, and the gradients of the first.
#[derive(Deserialize)]
struct Halved {
    losses: Vec<f64>,
    skipped: usize,
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

/// From a factor of the loss where it is scaled.
async fn train<N: Trainable>(layout: N::Layout, half: Option<FloatDType>, factor: f32, loss: impl Fn(&N, &Place) -> Tensor<1>) -> Halved {
    let place = Place::cpu().multiplying(half).expect("the CPU backend has bf16 and f16");
    let parameters = N::shapes(&layout);
    let start: Vec<Vec<f32>> = parameters.iter().map(values).collect();
    let mut learner: Learner<N> = Learner::new(layout, &start, &Train { weight_decay: 0.0, clip: 0.0, ..Train::default() }, &place);
    learner.scale = learner.scale.and_then(|_| LossScale::from_numbers(&[factor, 0.0, 0.0]));
    let (mut losses, mut first) = (Vec::new(), HashMap::new());
    for step in 0..10 {
        if step == 0 {
            for (parameter, gradient) in parameters.iter().zip(scaled_gradients(&learner.net, &loss(&learner.net, &place), learner.scale)) {
                let size = learner.scale.map_or(1.0, |_| f64::from(factor));
                let gradient = read(gradient).await.unwrap().into_iter().map(|value| f64::from(value) / size).collect();
                first.insert(short(parameter).to_owned(), gradient);
            }
        }
        let loss = loss(&learner.net, &place);
        losses.push(f64::from(read(loss.clone().inner()).await.unwrap()[0]));
        learner.gather(&loss, 1.0);
        learner.step_if_finite(RATE).await.unwrap();
    }
    assert!(learner.net.parameters().into_iter().all(|values| values.dtype() == burn::tensor::DType::F32), "weights stay f32");
    Halved { losses, skipped: learner.scale.map_or(0, |scale| scale.skipped()), gradients: first }
}

/// In f32 the losses are PyTorch's; in half of its bits they and the gradients are near to autocast's, and in bf16 nearer than f32 is. (f16 has so
/// many digits that what else autocast rounds weighs as much.)
async fn trains_as_autocast<N: Trainable>(reference: Trained, layout: N::Layout, loss: impl Fn(&N, &Place) -> Tensor<1>) {
    let Trained { f32, bf16, f16, f16_large } = reference;
    let plain = train(layout.clone(), None, 1.0, &loss).await;
    for (step, (found, expected)) in plain.losses.iter().zip(&f32).enumerate() {
        assert!((found - expected).abs() < 1e-4, "step {step}: {found} and PyTorch's {expected}");
    }
    for (half, factor, off_gradient, autocast) in
        [(FloatDType::BF16, 1.0, 0.02, bf16), (FloatDType::F16, 65_536.0, 0.005, f16), (FloatDType::F16, 4_194_304.0, 0.005, f16_large)]
    {
        let mixed = train(layout.clone(), Some(half), factor, &loss).await;
        assert_eq!(mixed.skipped, autocast.skipped, "{half:?}, steps that are left out");
        for (step, (found, expected)) in mixed.losses.iter().zip(&autocast.losses).enumerate() {
            assert!((found - expected).abs() < 0.02, "{half:?}, step {step}: {found} and autocast's {expected}");
        }
        let off = |found: &Halved| found.losses.iter().zip(&autocast.losses).map(|(a, b)| (a - b).abs()).sum::<f64>();
        let nearer = half == FloatDType::BF16;
        assert!(
            !nearer || off(&mixed) < off(&plain),
            "{half:?}: nearer to autocast's losses than f32 is: {:?} and {:?}",
            mixed.losses,
            plain.losses
        );
        let norm = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>().sqrt();
        for (name, expected) in &autocast.gradients {
            let apart = |found: &[f64]| norm(&found.iter().zip(expected).map(|(a, b)| a - b).collect::<Vec<_>>()) / norm(expected);
            let (mixed, plain) = (apart(&mixed.gradients[name]), apart(&plain.gradients[name]));
            assert!(mixed < off_gradient, "{half:?}, {name}: {mixed} from autocast's");
            // Those of the embeddings are made outside of autocast: what it rounds before, attention and sums, is not rounded here.
            assert!(!nearer || name == "tokens" || mixed < plain, "{half:?}, {name}: {mixed} from autocast's, f32 is {plain} from it");
        }
    }
}

fn reference() -> Reference {
    serde_json::from_str(REFERENCE).unwrap()
}

#[test_async]
async fn a_decoder_in_half_the_bits_trains_as_autocast_does() {
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
async fn an_encoder_in_half_the_bits_trains_as_autocast_does() {
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
    for half in ["bf16", "f16"] {
        let refused = Experiment::from_preset("first-light", [("train.precision", half)]).unwrap_err().to_string();
        assert!(refused.contains("train.precision") && refused.contains("transformers"), "{refused}");
    }
}
