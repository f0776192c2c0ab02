//! Devices of other machines, by burn's remote devices over WebSocket: the client sends operations, the server runs them, and what is read
//! comes back. Networks, optimisers and losses do not know of it. `no_remote.rs` is what stands here in a build without the feature `remote`.

use std::net::TcpListener;

use burn::remote::{ConnectError, RemoteHost};
use burn::server::{RemoteServer, WebSocketTransport};
use burn::tensor::Device;

use super::{DeviceError, Place};

/// Connects the device that is served at `address`, `HOST:PORT`.
///
/// # Errors
/// [`DeviceError::Server`] when nothing answers there, or a server of another version does.
pub fn open(address: &str) -> Result<Place, DeviceError> {
    let host = RemoteHost::websocket(&format!("ws://{address}"));
    let device = Device::remote_options(&host).init().map_err(|error| refused(address, &error))?;
    Ok(Place::new(device, "remote", address.into()))
}

fn refused(address: &str, error: &ConnectError) -> DeviceError {
    let remedy = match error {
        ConnectError::IncompatibleProtocol { .. } => "use the same version of Distillery on both machines",
        ConnectError::Handshake { .. } => "is it another program's port, or another version of Distillery?",
        _ => "start one there with `distillery serve-device --listen HOST:PORT`, or mend the address",
    };
    DeviceError::Server { address: address.into(), problem: format!("{error}; {remedy}") }
}

/// # Errors
/// None here; a build without the feature has another one (`no_remote.rs`).
pub fn built() -> Result<(), DeviceError> {
    Ok(())
}

/// Serves a device to all who reach `listener`, until Ctrl-C.
///
/// # Errors
/// [`DeviceError::Server`] when the connection fails.
pub fn serve(place: &Place, listener: TcpListener) -> Result<(), DeviceError> {
    let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let failed = |error| DeviceError::Server { address, problem: format!("{error}") };
    RemoteServer::new([place.inner()]).serve(WebSocketTransport::from_listener(listener)).map_err(failed)
}
