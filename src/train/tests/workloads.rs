//! The benchmark's fixed steps against float64 losses computed in PyTorch.

use super::super::Workload;
use crate::device::testing::test_async;
use crate::device::{Place, read};

/// First losses by the peers' `torch_bench.py` in float64.
const W1: [f32; 5] = [0.7305458, 0.7030124, 0.6968955, 0.6479682, 0.6259488];
/// 30 steps of a decoder teaching a smaller one.
const W2: [f32; 30] = [
    1.4051178, 1.3028297, 1.2034636, 1.1114993, 1.0484659, 1.0043196, 0.950992, 0.9122305, 0.881195, 0.8624005, 0.8464455, 0.8243719,
    0.8056621, 0.8038516, 0.7826989, 0.7729386, 0.7593737, 0.7572031, 0.75771, 0.746047, 0.7379395, 0.7464844, 0.7338488, 0.7329521,
    0.7252678, 0.7266622, 0.7358149, 0.7270321, 0.7195592, 0.7324348,
];
const W3: [f32; 5] = [1.902761, 1.237586, 0.7550181, 0.5109922, 0.4937787];

async fn agrees(name: &str, expected: &[f32]) {
    let mut workload = Workload::new(name, &Place::cpu()).expect("a workload");
    for (k, expected) in expected.iter().enumerate() {
        let loss = read(workload.step(k)).await.unwrap()[0];
        assert!((loss / expected - 1.0).abs() < 1e-4, "{name}, step {k}: {loss} instead of {expected}");
    }
}

#[test_async]
async fn an_mlp_step_is_that_of_pytorch() {
    agrees("W1", &W1).await;
}

#[test_async]
async fn thirty_decoder_steps_are_those_of_pytorch() {
    agrees("W2", &W2).await;
}

#[test_async]
async fn a_cnn_step_is_that_of_pytorch() {
    agrees("W3", &W3).await;
}
