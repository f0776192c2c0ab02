//! The benchmark's fixed steps against float64 losses computed in PyTorch.

use serde_json::Value;

use super::super::Workload;
use crate::device::testing::test_async;
use crate::device::{Place, read};

/// By `benches/peers/torch_reference.py`.
const REFERENCE: &str = include_str!("../../../benches/peers/reference.json");

async fn agrees(name: &str, steps: usize) {
    let mut reference: Value = serde_json::from_str(REFERENCE).unwrap();
    let losses: Vec<f32> = serde_json::from_value(reference["workloads"][name]["losses"].take()).unwrap();
    let mut workload = Workload::new(name, &Place::cpu()).expect("a workload");
    for (k, expected) in losses[..steps].iter().enumerate() {
        let loss = read(workload.step(k)).await.unwrap()[0];
        assert!((loss / expected - 1.0).abs() < 1e-4, "{name}, step {k}: {loss} instead of {expected}");
    }
}

#[test_async]
async fn an_mlp_step_is_that_of_pytorch() {
    agrees("W1", 5).await;
}

#[test_async]
async fn thirty_decoder_steps_are_those_of_pytorch() {
    agrees("W2", 30).await;
}

#[test_async]
async fn a_cnn_step_is_that_of_pytorch() {
    agrees("W3", 5).await;
}
