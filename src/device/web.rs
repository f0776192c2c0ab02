//! The browser's GPU.

use burn::tensor::Device;

use super::{DeviceError, Place};

/// Opens the visitor's GPU. Must run before the first tensor: in a browser a device cannot be initialised on the way.
///
/// # Errors
/// [`DeviceError::NoAdapter`] when the browser has no WebGPU or gives no adapter.
pub async fn open_webgpu() -> Result<Place, DeviceError> {
    let (device, setup) = Device::wgpu_options()
        .tasks_max(32)
        .init_with_setup_async()
        .await
        .map_err(|error| DeviceError::NoAdapter { backend: "webgpu", message: error.to_string() })?;
    let info = setup.adapter.get_info();
    let parts = [info.name, info.driver, info.driver_info];
    let name = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    Ok(Place::gpu(device, "webgpu", if name.is_empty() { "WebGPU".into() } else { name }))
}
