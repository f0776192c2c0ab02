//! Vulkan drivers without VK_KHR_workgroup_memory_explicit_layout: Mesa's llvmpipe, SwiftShader, older and virtual GPUs.
//!
//! On Vulkan cubecl 0.11.3 writes SPIR-V itself, and where that extension is missing it gives shared memory the type of a pointer to itself
//! (`cubecl-spirv/src/ops/memory.rs`, `lower_shared_implicit`): llvmpipe then crashes, and SwiftShader computes nonsense. cubecl's WGSL is
//! right everywhere, and cubecl falls back to it where Vulkan is too old to be asked for newer features (`cubecl-wgpu/src/backend/vulkan.rs`,
//! `request_device` and `register_features`). So such a driver is opened as if it were Vulkan 1.0.
//! To be deleted when cubecl has mended its SPIR-V.

use burn::tensor::wgpu::{WgpuInitError, WgpuSetup};
use wgpu::hal::{api::Vulkan, vulkan};

/// `VK_API_VERSION_1_0`.
const VULKAN_1_0: u32 = 1 << 22;

/// Whether cubecl's SPIR-V is wrong for this driver.
pub(super) fn is_needed(adapter: &wgpu::Adapter) -> bool {
    // SAFETY: nothing of the driver's is kept or destroyed.
    let vulkan = unsafe { adapter.as_hal::<Vulkan>() };
    vulkan.is_some_and(|vulkan| !vulkan.physical_device_capabilities().supports_extension(c"VK_KHR_workgroup_memory_explicit_layout"))
}

/// The same adapter, ready for burn, in a way that makes cubecl compile through WGSL.
pub(super) fn setup(instance: &wgpu::Instance, adapter: &wgpu::Adapter) -> Result<WgpuSetup, WgpuInitError> {
    let unavailable = |message: String| WgpuInitError::RequestDevice { message };
    let wanted = adapter.get_info();
    let instance = as_old(instance).map_err(|error| unavailable(error.to_string()))?;
    let adapter = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::VULKAN))
        .into_iter()
        .find(|adapter| same(&adapter.get_info(), &wanted))
        .ok_or_else(|| unavailable(format!("{} has no Vulkan 1.0", wanted.name)))?;
    let asked = wgpu::DeviceDescriptor {
        required_features: adapter
            .features()
            .difference(wgpu::Features::MAPPABLE_PRIMARY_BUFFERS | wgpu::Features::all_experimental_mask()),
        required_limits: adapter.limits(),
        // burn keeps buffers in pools of its own.
        memory_hints: wgpu::MemoryHints::MemoryUsage,
        ..Default::default()
    };
    let (device, queue) = pollster::block_on(adapter.request_device(&asked)).map_err(|error| unavailable(error.to_string()))?;
    Ok(WgpuSetup { instance, adapter, device, queue, backend: wgpu::Backend::Vulkan })
}

fn same(one: &wgpu::AdapterInfo, other: &wgpu::AdapterInfo) -> bool {
    (&one.name, one.vendor, one.device) == (&other.name, other.vendor, other.device)
}

/// A second face of the same Vulkan instance, which knows neither a version after 1.0 nor the extension that asks for newer features.
fn as_old(instance: &wgpu::Instance) -> Result<wgpu::Instance, wgpu::hal::InstanceError> {
    let owner = instance.clone();
    // SAFETY: the handles are used only while `owner`, which the new instance drops last, keeps them alive.
    let shared = unsafe { instance.as_hal::<Vulkan>() }.expect("the instance was made for Vulkan").shared_instance();
    let known = |name: &&std::ffi::CStr| *name != c"VK_KHR_get_physical_device_properties2";
    let extensions = shared.extensions().iter().copied().filter(known).collect();
    // SAFETY: the instance was made with all these extensions, and by a later version: 1.0 is a part of what it can do.
    unsafe {
        let old = vulkan::Instance::from_raw(
            shared.entry().clone(),
            shared.raw_instance().clone(),
            VULKAN_1_0,
            0,
            None,
            extensions,
            wgpu::InstanceFlags::empty(),
            wgpu::MemoryBudgetThresholds::default(),
            false,
            Some(Box::new(move || drop(owner))),
        )?;
        Ok(wgpu::Instance::from_hal::<Vulkan>(old))
    }
}
