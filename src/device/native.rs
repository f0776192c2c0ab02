//! Devices of the native build.

use burn::tensor::{Device, wgpu as burn_wgpu};

use super::{DeviceError, Place};

/// What the user asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// A hardware GPU when there is one, else the CPU backend.
    Auto,
    Vulkan,
    Metal,
    Cpu,
}

/// One adapter of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapter {
    pub backend: &'static str,
    pub name: String,
    /// `discrete GPU`, `integrated GPU`, `virtual GPU`, `software` or `other`.
    pub kind: &'static str,
}

#[cfg(target_os = "macos")]
const BACKEND: (&str, wgpu::Backends, burn_wgpu::WgpuBackend) = ("metal", wgpu::Backends::METAL, burn_wgpu::WgpuBackend::Metal);
#[cfg(not(target_os = "macos"))]
const BACKEND: (&str, wgpu::Backends, burn_wgpu::WgpuBackend) = ("vulkan", wgpu::Backends::VULKAN, burn_wgpu::WgpuBackend::Vulkan);

/// Every adapter that this build can use; the CPU backend is always there besides.
pub fn list() -> Vec<Adapter> {
    let (backend, backends, _) = BACKEND;
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor { backends, ..wgpu::InstanceDescriptor::new_without_display_handle() });
    pollster::block_on(instance.enumerate_adapters(backends))
        .iter()
        .map(|adapter| {
            let info = adapter.get_info();
            let kind = match info.device_type {
                wgpu::DeviceType::DiscreteGpu => "discrete GPU",
                wgpu::DeviceType::IntegratedGpu => "integrated GPU",
                wgpu::DeviceType::VirtualGpu => "virtual GPU",
                wgpu::DeviceType::Cpu => "software",
                wgpu::DeviceType::Other => "other",
            };
            Adapter { backend, name: info.name, kind }
        })
        .collect()
}

/// Opens a device. `Auto` passes by software adapters: they are slower than the CPU backend.
///
/// # Errors
/// [`DeviceError::NoAdapter`] when a GPU was asked for by name and there is none, [`DeviceError::NotBuilt`] when this build has no such
/// backend.
pub fn open(choice: Choice) -> Result<Place, DeviceError> {
    let asked = match choice {
        Choice::Cpu => return Ok(Place::cpu()),
        Choice::Vulkan => Some("vulkan"),
        Choice::Metal => Some("metal"),
        Choice::Auto => None,
    };
    if let Some(backend) = asked.filter(|backend| *backend != BACKEND.0) {
        return Err(DeviceError::NotBuilt { backend, instead: BACKEND.0 });
    }
    let adapters = list();
    if asked.is_none() && adapters.iter().all(|adapter| adapter.kind == "software") {
        let note = format!("no hardware GPU was found through {}; running on the CPU backend", BACKEND.0);
        return Ok(Place { note: Some(note), ..Place::cpu() });
    }
    if adapters.is_empty() {
        return Err(DeviceError::NoAdapter { backend: BACKEND.0, message: "the driver lists none".into() });
    }
    let (device, setup) = Device::wgpu_options()
        .graphics_api(BACKEND.2)
        .init_with_setup()
        .map_err(|error| DeviceError::NoAdapter { backend: BACKEND.0, message: error.to_string() })?;
    Ok(Place::gpu(device, BACKEND.0, setup.adapter.get_info().name))
}
