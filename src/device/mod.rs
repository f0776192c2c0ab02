//! WHERE a run happens: a GPU through WebGPU, Vulkan or Metal, or the CPU backend. The only room, with `web`, that asks about the target.

mod error;
mod kernels;
mod read;
mod self_test;
mod shader_log;
#[cfg(test)]
pub(crate) mod testing;

#[cfg(not(target_family = "wasm"))]
mod native;
#[cfg(target_family = "wasm")]
mod software;
#[cfg(target_family = "wasm")]
mod web;

use burn::tensor::Device;

pub use error::DeviceError;
pub use kernels::gelu;
pub use read::{Reads, read};
pub use self_test::{SelfTest, self_test};

#[cfg(not(target_family = "wasm"))]
pub use native::{Adapter, Choice, list, open};
#[cfg(target_family = "wasm")]
pub use web::open_webgpu;

/// A device with a name.
#[derive(Debug, Clone)]
pub struct Place {
    device: Device,
    backend: &'static str,
    adapter: String,
    note: Option<String>,
    /// Whether the backward pass computes again what is cheap, so that the forward pass need not keep it.
    recompute: bool,
}

impl Place {
    /// The CPU backend (burn-flex).
    pub fn cpu() -> Self {
        Self { device: Device::flex(), backend: "cpu", adapter: "burn-flex".into(), note: None, recompute: false }
    }

    /// A GPU that has been initialised.
    fn gpu(device: Device, backend: &'static str, adapter: String) -> Self {
        shader_log::install();
        Self { device, backend, adapter, note: None, recompute: false }
    }

    /// The device without gradients.
    pub fn inner(&self) -> Device {
        self.device.clone()
    }

    /// The same device, on which training keeps less and computes more, or not: burn's gradient checkpointing. Tensors of both kinds cannot meet
    /// in one operation; those without gradients meet either.
    pub fn recomputing(&self, recompute: bool) -> Self {
        Self { recompute, ..self.clone() }
    }

    /// The device with gradients.
    pub fn autodiff(&self) -> Device {
        let device = self.device.clone().autodiff();
        if self.recompute { device.gradient_checkpointing() } else { device }
    }

    /// `cpu`, `webgpu`, `vulkan` or `metal`.
    pub fn backend(&self) -> &str {
        self.backend
    }

    /// What the driver calls the hardware.
    pub fn adapter(&self) -> &str {
        &self.adapter
    }

    /// Why this device and not the one hoped for.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}
