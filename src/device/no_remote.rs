//! What a build without the feature `remote` says of devices of other machines.

use std::net::TcpListener;

use super::{DeviceError, Place};

const NOT_BUILT: DeviceError =
    DeviceError::NotBuilt { backend: "remote", instead: "one that was built with `cargo build --release --features remote`" };

/// # Errors
/// Always [`DeviceError::NotBuilt`].
pub fn open(_address: &str) -> Result<Place, DeviceError> {
    Err(NOT_BUILT)
}

/// # Errors
/// Always [`DeviceError::NotBuilt`].
pub fn built() -> Result<(), DeviceError> {
    Err(NOT_BUILT)
}

/// # Errors
/// Always [`DeviceError::NotBuilt`].
pub fn serve(_place: &Place, _listener: TcpListener) -> Result<(), DeviceError> {
    Err(NOT_BUILT)
}
