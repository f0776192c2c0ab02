//! The benchmark's fixed steps against float64 losses computed in PyTorch.

use super::super::Workload;
use crate::device::testing::test_async;
use crate::device::{Place, read};

/// First losses of the peers' `reference.json` (made by `torch_bench.py --reference`, float64).
const W1: [f32; 5] = [0.7305458, 0.7030124, 0.6968955, 0.6479682, 0.6259488];
const W2: [f32; 5] = [1.4051178, 1.3028297, 1.2034636, 1.1114993, 1.0484659];
const W3: [f32; 5] = [1.902761, 1.237586, 0.7550181, 0.5109922, 0.4937787];

async fn agrees(name: &str, expected: &[f32; 5]) {
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
async fn a_decoder_step_is_that_of_pytorch() {
    agrees("W2", &W2).await;
}

#[test_async]
async fn a_cnn_step_is_that_of_pytorch() {
    agrees("W3", &W3).await;
}
