//! The benchmark's fixed workloads for a page: what `benches/peer.mjs` drives beside TensorFlow.js and jax-js.

use burn::tensor::Tensor;
use wasm_bindgen::prelude::*;

use super::bindings;
use crate::device::{Place, read};
use crate::train::{Workload, workload_names};

/// A device for workloads.
#[wasm_bindgen]
pub struct Peer(Place);

/// A fixed distillation problem on a device.
#[wasm_bindgen]
pub struct PeerModel(Workload);

/// The loss of one step, still on the device.
#[wasm_bindgen]
pub struct PeerLoss(Tensor<1>);

#[wasm_bindgen]
impl Peer {
    /// Opens `"webgpu"` or `"cpu"`.
    pub async fn create(backend: &str) -> Result<Peer, JsValue> {
        Ok(Peer(bindings::open(backend).await?))
    }

    /// What the driver calls the hardware.
    pub fn adapter(&self) -> String {
        self.0.adapter().into()
    }

    /// The workload `"W1"`, `"W2"` or `"W3"`.
    pub fn workload(&self, name: &str) -> Result<PeerModel, JsValue> {
        let known = || workload_names().collect::<Vec<_>>().join(", ");
        Workload::new(name, &self.0).map(PeerModel).ok_or_else(|| JsValue::from_str(&format!("no such workload; there are {}", known())))
    }
}

#[wasm_bindgen]
impl PeerModel {
    /// Makes step `k`, counted from 0.
    pub fn step(&mut self, k: usize) -> PeerLoss {
        PeerLoss(self.0.step(k))
    }
}

#[wasm_bindgen]
impl PeerLoss {
    /// Waits for the loss.
    pub async fn read(self) -> Result<f32, JsValue> {
        let values = read(self.0).await.map_err(|error| JsValue::from_str(&error.to_string()))?;
        Ok(values.first().copied().unwrap_or(f32::NAN))
    }
}
