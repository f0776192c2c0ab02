//! The kernels of transformers against what they stand for, written with burn's operations.

use burn::optim::{AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer as _};
use burn::tensor::{Device, Tensor, TensorData, activation, module};

use super::{AdamWStep, adamw, attention, layer_norm, linear, log_softmax, rms_norm, self_attention};
use crate::device::testing::test_async;
use crate::device::{Place, Reads, read};

fn wave<const D: usize>(shape: [usize; D], seed: f32, device: &Device) -> Tensor<D> {
    let values: Vec<f32> = (0..shape.iter().product()).map(|at| 2.0 * (1.3 * at as f32 + seed).sin()).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn learning<const D: usize>(shape: [usize; D], seed: f32) -> Tensor<D> {
    wave(shape, seed, &Place::cpu().autodiff()).require_grad()
}

/// A result and the gradients of a mixture of its numbers.
async fn with_gradients<const D: usize>(result: Tensor<D>, gradients: impl Fn(&burn::tensor::Gradients, &mut Reads)) -> Vec<Vec<f32>> {
    let mixture = wave(result.dims(), 0.4, &Place::cpu().autodiff());
    let all = (result.clone() * mixture).sum().backward();
    let mut reads = Reads::default();
    reads.add(result.inner());
    gradients(&all, &mut reads);
    reads.run().await.unwrap()
}

fn assert_close(what: &str, ours: &[Vec<f32>], theirs: &[Vec<f32>]) {
    assert_eq!(ours.len(), theirs.len());
    for (part, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert_eq!(ours.len(), theirs.len(), "{what}, part {part}");
        let size = theirs.iter().fold(1.0_f32, |most, value| most.max(value.abs()));
        for (one, other) in ours.iter().zip(theirs) {
            assert!((one - other).abs() < 1e-5 * size, "{what}, part {part}: {one} instead of {other}");
        }
    }
}

/// What stands on both sides of the diagonal by 0 and −∞, as for texts; of a sequence for itself or of all.
fn bias(batch: usize, queries: usize, keys: usize) -> Tensor<4> {
    let at = |index: usize| {
        let (sequence, query, key) = (index / (queries * keys), index / keys % queries, index % keys);
        if key == 0 || key <= query && (key + sequence) % 3 != 1 { 0.1 * key as f32 } else { f32::NEG_INFINITY }
    };
    let values: Vec<f32> = (0..batch * queries * keys).map(at).collect();
    Tensor::from_data(TensorData::new(values, [batch, 1, queries, keys]), &Place::cpu().inner())
}

/// On lengths that fill no vector, on views out of a larger tensor, on more keys than queries and on masks.
#[test_async]
async fn attention_and_its_gradients_are_those_of_its_formula() {
    for ([batch, heads, queries, keys, head], biases) in
        [([2, 3, 5, 5, 4], 1), ([3, 2, 17, 17, 8], 3), ([2, 1, 1, 19, 3], 2), ([2, 4, 64, 64, 16], 1), ([1, 2, 3, 9, 5], 1)]
    {
        let bias = bias(biases, queries, keys);
        let mut found = Vec::new();
        for ours in [true, false] {
            let [query, key] = [(queries, 0.1), (keys, 0.2)].map(|(rows, seed)| learning([batch, rows, 2 * heads, head], seed));
            let view = |x: &Tensor<4>, from: usize| x.clone().narrow(2, from, heads).swap_dims(1, 2);
            let (q, k, v) = (view(&query, 0), view(&key, 0), view(&key, heads));
            let result = if ours {
                attention(q, k, v, bias.clone())
            } else {
                let scores = q.matmul(k.swap_dims(2, 3)) / (head as f64).sqrt() + Tensor::from_inner(bias.clone());
                activation::softmax(scores, 3).matmul(v)
            };
            found.push(
                with_gradients(result, |all, reads| {
                    reads.add(query.grad(all).unwrap());
                    reads.add(key.grad(all).unwrap());
                })
                .await,
            );
        }
        assert_close(&format!("attention {batch}×{heads} of {queries} to {keys}"), &found[0], &found[1]);
        let inner = |rows, seed| wave::<4>([batch, rows, 2 * heads, head], seed, &Place::cpu().inner()).narrow(2, 1, heads).swap_dims(1, 2);
        let (query, key) = (inner(queries, 0.1), inner(keys, 0.2));
        let mut reads = Reads::default();
        reads.add(attention(query.clone(), key.clone(), key.clone(), bias.clone()));
        reads.add(module::attention(query, key.clone(), key, None, Some(bias), Default::default()));
        let both = reads.run().await.unwrap();
        assert_close("attention without gradients", &both[..1], &both[1..]);
    }
}

/// Queries, keys and values in one tensor against the same in three.
#[test_async]
async fn self_attention_and_its_gradient_are_those_of_attention_to_its_parts() {
    for ([batch, heads, seq, head], biases) in [([2, 3, 5, 4], 1), ([3, 1, 17, 8], 3), ([1, 4, 33, 16], 1)] {
        let bias = bias(biases, seq, seq);
        let mut found = Vec::new();
        for ours in [true, false] {
            let qkv = learning([batch, seq, 3 * heads, head], 0.3);
            let part = |from: usize| qkv.clone().narrow(2, from * heads, heads).swap_dims(1, 2);
            let result = if ours {
                self_attention(qkv.clone(), bias.clone())
            } else {
                attention(part(0), part(1), part(2), bias.clone()).swap_dims(1, 2).reshape([batch * seq, heads * head])
            };
            found.push(with_gradients(result, |all, reads| reads.add(qkv.grad(all).unwrap())).await);
        }
        assert_close(&format!("self-attention {batch}×{heads} of {seq}"), &found[0], &found[1]);
        let mut reads = Reads::default();
        reads.add(self_attention(wave([batch, seq, 3 * heads, head], 0.3, &Place::cpu().inner()), bias));
        assert_close("self-attention without gradients", &reads.run().await.unwrap(), &found[0][..1]);
    }
}

/// On sizes that are shared by threads and that are not, on a transposed matrix (tied embeddings), with and without a bias.
#[test_async]
async fn linear_and_its_gradients_are_those_of_burn() {
    for [rows, from, to] in [[1, 1, 1], [3, 5, 7], [17, 64, 33], [130, 129, 131]] {
        for (biased, turned) in [(true, false), (false, false), (false, true), (true, true)] {
            let mut found = Vec::new();
            for ours in [true, false] {
                let (x, bias) = (learning::<2>([rows, from], 0.1), learning::<1>([to], 0.2));
                let weight = learning::<2>(if turned { [to, from] } else { [from, to] }, 0.3);
                let matrix = if turned { weight.clone().transpose() } else { weight.clone() };
                let compute = if ours { linear } else { module::linear };
                let result = compute(x.clone(), matrix, biased.then(|| bias.clone()));
                found.push(
                    with_gradients(result, |all, reads| {
                        reads.add(x.grad(all).unwrap());
                        reads.add(weight.grad(all).unwrap());
                        if biased {
                            reads.add(bias.grad(all).unwrap());
                        }
                    })
                    .await,
                );
            }
            assert_close(&format!("linear {rows}×{from}×{to}, bias {biased}, transposed {turned}"), &found[0], &found[1]);
        }
    }
}

/// Weights that are frozen (adapters learn) and x that no gradient goes to (what a network reads), both views of larger ones; the gradient of a sum is
/// one number for all.
#[test_async]
async fn linear_takes_views_and_learns_only_what_is_to_learn() {
    for learns in [[true, false], [false, true], [true, true]] {
        let mut found = Vec::new();
        for compute in [linear, module::linear] {
            let leaf = |at: usize, shape| if learns[at] { learning(shape, 0.1) } else { wave(shape, 0.1, &Place::cpu().autodiff()) };
            let leaves: [Tensor<2>; 2] = [leaf(0, [9, 10]), leaf(1, [14, 5])];
            let [x, weight] = leaves.clone();
            let result = compute(x.slice([2..8, 3..10]).flip([1]), weight.narrow(0, 4, 7), None);
            let all = result.clone().sum().backward();
            let mut reads = Reads::default();
            reads.add(result.inner());
            for (leaf, _) in leaves.iter().zip(learns).filter(|(_, learns)| *learns) {
                reads.add(leaf.grad(&all).expect("a gradient"));
            }
            found.push(reads.run().await.unwrap());
        }
        assert_close(&format!("linear whose x and weight learn: {learns:?}"), &found[0], &found[1]);
    }
    let none = wave::<2>([0, 3], 0.1, &Place::cpu().inner());
    assert_eq!(linear(none, wave([3, 4], 0.2, &Place::cpu().inner()), Some(wave([4], 0.3, &Place::cpu().inner()))).dims(), [0, 4]);
}

#[test_async]
async fn log_softmax_and_its_gradient_are_those_of_burn() {
    for [rows, classes] in [[1, 1], [3, 5], [40, 17], [9, 4_100], [700, 64]] {
        let mut found = Vec::new();
        for ours in [true, false] {
            let logits = learning([rows, classes], 0.3);
            // Logits of a size at which sums of exponentials would be lost.
            let large = logits.clone() * 40.0 + 300.0;
            let result = if ours { log_softmax(large) } else { activation::log_softmax(large, 1) };
            found.push(with_gradients(result, |all, reads| reads.add(logits.grad(all).unwrap())).await);
        }
        assert_close(&format!("{rows} rows of {classes}"), &found[0], &found[1]);
    }
}

/// The gradient of a sum is one number for all.
#[test_async]
async fn attention_takes_a_gradient_that_lies_in_one_number() {
    let mut found = Vec::new();
    for ours in [true, false] {
        let x = learning([2, 2, 5, 4], 0.1);
        let bias = bias(1, 5, 5);
        let result = if ours {
            attention(x.clone(), x.clone(), x.clone(), bias)
        } else {
            let scores = x.clone().matmul(x.clone().swap_dims(2, 3)) * 0.5 + Tensor::from_inner(bias);
            activation::softmax(scores, 3).matmul(x.clone())
        };
        found.push(vec![read(x.grad(&result.sum().backward()).unwrap()).await.unwrap()]);
    }
    assert_close("attention", &found[0], &found[1]);
}

#[test_async]
async fn a_class_that_cannot_be_stays_so() {
    let row = TensorData::new(vec![1.0_f32, f32::NEG_INFINITY, 2.0], [1, 3]);
    let logits = Tensor::<2>::from_data(row, &Place::cpu().autodiff()).require_grad();
    let log_probs = log_softmax(logits.clone());
    let gradient = read(logits.grad(&log_probs.clone().narrow(1, 2, 1).sum().backward()).unwrap()).await.unwrap();
    let found = read(log_probs.inner()).await.unwrap();
    assert_eq!((found[1], gradient[1]), (f32::NEG_INFINITY, 0.0));
    assert_close("the others", &[vec![found[0].exp() + found[2].exp(), gradient[0] + gradient[2]]], &[vec![1.0, 0.0]]);
}

/// On more rows than one part has, so that parts are summed.
#[test_async]
async fn norms_and_their_gradients_are_those_of_their_formulas() {
    for [rows, width] in [[1, 2], [7, 5], [33, 16], [900, 64], [50, 768]] {
        for centred in [true, false] {
            let mut found = Vec::new();
            for ours in [true, false] {
                let (x, weight, shift) = (learning([rows, width], 0.1), learning([width], 0.2), learning([width], 0.3));
                let result = match (ours, centred) {
                    (true, true) => layer_norm(x.clone(), weight.clone(), shift.clone(), 1e-5),
                    (false, true) => module::layer_norm(x.clone(), weight.clone(), Some(shift.clone()), 1e-5),
                    (true, false) => rms_norm(x.clone(), weight.clone(), 1e-5),
                    (false, false) => x.clone() / (x.clone().square().mean_dim(1) + 1e-5).sqrt() * weight.clone().unsqueeze(),
                };
                let gradients = |all: &burn::tensor::Gradients, reads: &mut Reads| {
                    reads.add(x.grad(all).unwrap());
                    reads.add(weight.grad(all).unwrap());
                    if centred {
                        reads.add(shift.grad(all).unwrap());
                    }
                };
                found.push(with_gradients(result, gradients).await);
            }
            let what = if centred { "layer norm" } else { "RMS norm" };
            assert_close(&format!("{what} of {rows} rows of {width}"), &found[0], &found[1]);
        }
    }
}

/// Three steps of more parameters than one thread takes; somebody else holds the first ones, which must not change.
#[test_async]
async fn steps_of_adamw_are_those_of_burn() {
    const COUNT: usize = 40_003;
    let place = Place::cpu();
    let wave = |seed| wave::<1>([COUNT], seed, &place.inner());
    let config = AdamWConfig::new().with_beta_1(0.8).with_beta_2(0.95).with_epsilon(1e-6).with_weight_decay(0.1);
    let burns = config.build();
    let start = wave(0.1);
    let (mut theirs, mut state) = (start.clone(), None::<AdamWState<1>>);
    let (mut ours, mut means) = (start.clone(), [start.zeros_like(), start.zeros_like()]);
    for at in 1..=3 {
        let gradient = wave(at as f32);
        (theirs, state) = burns.step(0.01, theirs, gradient.clone(), state);
        let step = AdamWStep {
            beta: [0.8, 0.95],
            epsilon: 1e-6,
            kept: 1.0 - 0.01 * 0.1,
            lr: 0.01,
            correction: [0.8_f32, 0.95].map(|beta| 1.0 - beta.powi(at)),
        };
        let [value, first, second] = adamw(ours, gradient, means, step);
        (ours, means) = (value, [first, second]);
    }
    let AdaptiveMomentumState { moment_1, moment_2, .. } = state.unwrap().momentum;
    let mut reads = Reads::default();
    [ours, theirs].into_iter().chain(means).chain([moment_1, moment_2, start, wave(0.1)]).for_each(|tensor| reads.add(tensor));
    let found = reads.run().await.unwrap();
    for (what, [one, other]) in [("parameters", [0, 1]), ("first", [2, 4]), ("second", [3, 5]), ("what others hold", [6, 7])] {
        assert_close(what, &found[one..=one], &found[other..=other]);
    }
}

#[test_async]
async fn what_is_no_number_is_not_lost() {
    let place = Place::cpu();
    for (at, wrong) in [(0, f32::NAN), (4, f32::NAN), (8, f32::INFINITY)] {
        let mut values = vec![1.0_f32; 9];
        values[at] = wrong;
        let row = Tensor::<2>::from_data(TensorData::new(values, [1, 9]), &place.inner());
        let ones = Tensor::<1>::ones([9], &place.inner());
        let one = Tensor::<4>::ones([1, 1, 1, 9], &place.inner());
        let mut reads = Reads::default();
        reads.add(log_softmax(row.clone()));
        reads.add(layer_norm(row.clone(), ones.clone(), ones.clone(), 1e-5));
        reads.add(rms_norm(row.clone(), ones, 1e-5));
        reads.add(attention(one.clone(), one.clone(), one, row.reshape([1, 1, 1, 9]).narrow(3, at, 1)));
        for (what, found) in ["log softmax", "layer norm", "RMS norm", "attention"].iter().zip(reads.run().await.unwrap()) {
            assert!(found.iter().any(|value| value.is_nan()), "{what} of {wrong} at {at}: {found:?}");
        }
    }
}
