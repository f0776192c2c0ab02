//! The browser's GPU.

use burn::BurnConfig;
use burn::tensor::Device;
use burn_cubecl::cubecl::config::RuntimeConfig;

use super::{DeviceError, Place, software};

/// Settings of burn's fusion. It looks for kernels among so many groups of operations at a time; with its own choice, 5, it gives up in the
/// middle of a loss and launches each operation alone. Kernels per step, with 5 and with 2: W1 92 and 61, W3 130 and 103.
const FUSION: &str = r#"{"fusion":{"beam_search":{"max_blocks":2}}}"#;

/// Opens the visitor's GPU. Must run before the first tensor: in a browser a device cannot be initialised on the way.
///
/// # Errors
/// [`DeviceError::NoAdapter`] when the browser has no WebGPU or gives no adapter.
pub async fn open_webgpu() -> Result<Place, DeviceError> {
    let settings: BurnConfig = serde_json::from_str(FUSION).expect("settings as burn reads them");
    // Refused when the settings were read before, as at a second opening: they are these.
    BurnConfig::try_set(settings);
    let (device, setup) = Device::wgpu_options()
        .tasks_max(32)
        .init_with_setup_async()
        .await
        .map_err(|error| DeviceError::NoAdapter { backend: "webgpu", message: error.to_string() })?;
    let info = setup.adapter.get_info();
    if info.device_type == wgpu::DeviceType::Cpu {
        software::install();
    }
    let parts = [info.name, info.driver, info.driver_info];
    let name = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    Ok(Place::gpu(device, "webgpu", if name.is_empty() { "WebGPU".into() } else { name }))
}
