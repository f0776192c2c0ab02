//! A fixed problem that every GPU solves once beside the CPU backend: forward, loss, backward and two AdamW steps of a small network with a
//! convolution, a pool and two dense layers. A driver that computes something else is found before a visitor sees its numbers.

use burn::optim::{AdamWConfig, Optimizer};
use burn::tensor::{Device, Tensor, TensorData, activation, module, ops::ConvOptions, ops::MaxPoolOptions};
use web_time::Instant;

use super::{DeviceError, Place, Reads};

/// How far a device was from the CPU backend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SelfTest {
    /// Worst difference of any value, relative to the largest value of its tensor.
    pub worst: f64,
    pub limit: f64,
    pub passed: bool,
    pub milliseconds: f64,
}

/// f32 sums in another order differ by about 1e-6; AdamW's division by √v near zero amplifies that.
const LIMIT: f64 = 1e-3;
/// No multiple of a block of rows, and more than one block.
const BATCH: usize = 11;
const HIDDEN: usize = 12;
const CLASSES: usize = 5;
const STEPS: usize = 2;

/// Runs the fixed problem on `place` and on the CPU backend.
///
/// # Errors
/// [`DeviceError`] when the device fails while it computes.
pub async fn self_test(place: &Place) -> Result<SelfTest, DeviceError> {
    let start = Instant::now();
    let found = solve(&place.inner()).await?;
    let expected = solve(&Place::cpu().inner()).await?;
    let mut worst: f64 = 0.0;
    for (found, expected) in found.iter().zip(&expected) {
        let scale = expected.iter().fold(1e-6_f32, |largest, value| largest.max(value.abs()));
        for (a, b) in found.iter().zip(expected) {
            let difference = f64::from((a - b).abs() / scale);
            // A NaN compares as no difference at all.
            worst = if difference.is_finite() { worst.max(difference) } else { f64::INFINITY };
        }
    }
    Ok(SelfTest { worst, limit: LIMIT, passed: worst <= LIMIT, milliseconds: start.elapsed().as_secs_f64() * 1e3 })
}

/// Deterministic values in [-1, 1).
fn values(seed: u32, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn tensor<const D: usize>(seed: u32, shape: [usize; D], scale: f32, device: &Device) -> Tensor<D> {
    let data = values(seed, shape.iter().product()).into_iter().map(|v| v * scale).collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(data, shape), device)
}

/// Losses, logits and final weights, each as a flat list.
async fn solve(device: &Device) -> Result<Vec<Vec<f32>>, DeviceError> {
    let grad_device = device.clone().autodiff();
    let input = tensor(1, [BATCH, 1, 8, 8], 1.0, &grad_device);
    let targets = activation::softmax(tensor(2, [BATCH, CLASSES], 2.0, &grad_device), 1);
    let mut kernel = tensor(3, [4, 1, 3, 3], 0.5, device);
    let mut first = tensor(6, [64, HIDDEN], 0.2, device);
    let mut weight = tensor(4, [HIDDEN, CLASSES], 0.4, device);
    let mut bias = tensor(5, [CLASSES], 0.1, device);
    let optimizer = AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(0.01).build();
    let (mut kernel_state, mut first_state, mut weight_state, mut bias_state) = (None, None, None, None);
    let mut reads = Reads::default();
    for _ in 0..STEPS {
        let k = Tensor::from_inner(kernel.clone()).require_grad();
        let f = Tensor::from_inner(first.clone()).require_grad();
        let w = Tensor::from_inner(weight.clone()).require_grad();
        let b = Tensor::from_inner(bias.clone()).require_grad();
        let maps = activation::relu(module::conv2d(input.clone(), k.clone(), None, ConvOptions::new([1, 1], [1, 1], [1, 1], 1)));
        let pooled = module::max_pool2d(maps, MaxPoolOptions::new([2, 2]).with_stride([2, 2]));
        let hidden = activation::relu(pooled.reshape([BATCH, 64]).matmul(f.clone()));
        let logits = hidden.matmul(w.clone()) + b.clone().unsqueeze();
        let loss = -(activation::log_softmax(logits.clone(), 1) * targets.clone()).sum() / BATCH as f64;
        reads.add(loss.clone().inner());
        reads.add(logits.inner());
        let mut grads = loss.backward();
        let missing = || DeviceError::Lost("no gradient came back".into());
        let lr = 1e-2;
        (kernel, kernel_state) = optimizer.step(lr, kernel, k.grad_remove(&mut grads).ok_or_else(missing)?, kernel_state);
        (first, first_state) = optimizer.step(lr, first, f.grad_remove(&mut grads).ok_or_else(missing)?, first_state);
        (weight, weight_state) = optimizer.step(lr, weight, w.grad_remove(&mut grads).ok_or_else(missing)?, weight_state);
        (bias, bias_state) = optimizer.step(lr, bias, b.grad_remove(&mut grads).ok_or_else(missing)?, bias_state);
    }
    reads.add(kernel);
    reads.add(first);
    reads.add(weight);
    reads.add(bias);
    reads.run().await
}
