//! The adapters that this build can use.

use super::BACKEND;

/// One adapter of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapter {
    pub backend: &'static str,
    pub name: String,
    /// `discrete GPU`, `integrated GPU`, `virtual GPU`, `software` or `other`.
    pub kind: &'static str,
    /// Its shaders go through WGSL ([`super::wgsl`]): slower, and without half precision.
    pub wgsl: bool,
}

impl Adapter {
    pub(super) fn new(adapter: &wgpu::Adapter) -> Self {
        let info = adapter.get_info();
        let kind = match info.device_type {
            wgpu::DeviceType::DiscreteGpu => "discrete GPU",
            wgpu::DeviceType::IntegratedGpu => "integrated GPU",
            wgpu::DeviceType::VirtualGpu => "virtual GPU",
            wgpu::DeviceType::Cpu => "software",
            wgpu::DeviceType::Other => "other",
        };
        Self { backend: BACKEND.0, name: info.name, kind, wgsl: super::wgsl::is_needed(adapter) }
    }

    /// Whether it is faster than the CPU backend.
    pub fn is_hardware(&self) -> bool {
        self.kind != "software"
    }
}

fn instance() -> wgpu::Instance {
    wgpu::Instance::new(wgpu::InstanceDescriptor { backends: BACKEND.1, ..wgpu::InstanceDescriptor::new_without_display_handle() })
}

/// Every adapter that this build can use; the CPU backend is always there besides.
pub fn list() -> Vec<Adapter> {
    pollster::block_on(instance().enumerate_adapters(BACKEND.1)).iter().map(Adapter::new).collect()
}

/// The adapter that burn takes by itself, with the instance that found it.
pub(super) fn best() -> Option<(wgpu::Instance, wgpu::Adapter)> {
    let instance = instance();
    let fastest = wgpu::RequestAdapterOptions { power_preference: wgpu::PowerPreference::HighPerformance, ..Default::default() };
    let adapter = pollster::block_on(instance.request_adapter(&fastest)).ok()?;
    Some((instance, adapter))
}
