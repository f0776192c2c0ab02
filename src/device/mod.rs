//! WHERE a run happens: a GPU through WebGPU, Vulkan or Metal, or the CPU backend. The only room, with `web`, that asks about the target.

mod error;
mod kernels;
mod read;
mod self_test;
#[cfg(test)]
pub(crate) mod testing;

#[cfg(not(target_family = "wasm"))]
mod native;
#[cfg(all(not(target_family = "wasm"), feature = "remote"))]
mod remote;
#[cfg(all(not(target_family = "wasm"), not(feature = "remote")))]
#[path = "no_remote.rs"]
mod remote;
#[cfg(target_family = "wasm")]
mod shader_log;
#[cfg(target_family = "wasm")]
mod software;
#[cfg(target_family = "wasm")]
mod web;

use burn::tensor::{Device, FloatDType};

pub use error::DeviceError;
pub use kernels::{
    AdamWStep, adamw, attention, convolve, gelu, is_ours, layer_norm, linear, log_softmax, max_pool, rms_norm, self_attention,
};
pub use read::{Reads, read};
pub use self_test::{SelfTest, self_test};

#[cfg(not(target_family = "wasm"))]
pub use native::{Adapter, Choice, list, open, open_all, quieten};
#[cfg(not(target_family = "wasm"))]
pub use remote::{built as remote_built, serve};
#[cfg(target_family = "wasm")]
pub use software::is_installed as is_software;
#[cfg(target_family = "wasm")]
pub use web::open_webgpu;

/// Whether the GPU is a CPU that plays one. Natively such adapters are as any other.
#[cfg(not(target_family = "wasm"))]
pub fn is_software() -> bool {
    false
}

/// A device with a name.
#[derive(Debug, Clone)]
pub struct Place {
    device: Device,
    backend: &'static str,
    adapter: String,
    note: Option<String>,
    /// Whether the backward pass computes again what is cheap, so that the forward pass need not keep it.
    recompute: bool,
    /// What the matrices of networks that are made here are multiplied in, where it is not f32.
    half: Option<FloatDType>,
    /// Devices that take their share of a step's micro-batches.
    beside: Vec<Place>,
}

impl Place {
    /// The CPU backend (burn-flex).
    pub fn cpu() -> Self {
        Self::new(Device::flex(), "cpu", "burn-flex".into())
    }

    fn new(device: Device, backend: &'static str, adapter: String) -> Self {
        Self { device, backend, adapter, note: None, recompute: false, half: None, beside: Vec::new() }
    }

    /// A GPU that has been initialised.
    fn gpu(device: Device, backend: &'static str, adapter: String) -> Self {
        #[cfg(target_family = "wasm")]
        shader_log::install();
        Self::new(device, backend, adapter)
    }

    /// The same device, with others beside it that take their share of a step's micro-batches.
    pub fn with(self, beside: Vec<Place>) -> Self {
        Self { beside, ..self }
    }

    /// The devices beside this one.
    pub fn beside(&self) -> &[Place] {
        &self.beside
    }

    /// The device without gradients.
    pub fn inner(&self) -> Device {
        self.device.clone()
    }

    /// The same device, on which training keeps less and computes more, or not: burn's gradient checkpointing. Tensors of both kinds cannot meet
    /// in one operation; those without gradients meet either.
    pub fn recomputing(&self, recompute: bool) -> Self {
        let beside = self.beside.iter().map(|place| place.recomputing(recompute)).collect();
        Self { recompute, beside, ..self.clone() }
    }

    /// The same device, on which matrices are multiplied in these numbers; none where it cannot.
    pub fn multiplying(&self, half: Option<FloatDType>) -> Option<Self> {
        let beside = self.beside.iter().map(|place| place.multiplying(half)).collect::<Option<_>>()?;
        half.is_none_or(|dtype| self.device.supports_dtype(dtype)).then(|| Self { half, beside, ..self.clone() })
    }

    /// What matrices are multiplied in, where it is not f32.
    pub fn half(&self) -> Option<FloatDType> {
        self.half
    }

    /// The device with gradients.
    pub fn autodiff(&self) -> Device {
        let device = self.device.clone().autodiff();
        if self.recompute { device.gradient_checkpointing() } else { device }
    }

    /// `cpu`, `webgpu`, `vulkan`, `metal` or `remote`.
    pub fn backend(&self) -> &str {
        self.backend
    }

    /// What the driver calls the hardware; of a remote device, its address.
    pub fn adapter(&self) -> &str {
        &self.adapter
    }

    /// Why this device and not the one hoped for.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}
