//! Devices of the native build.

mod adapter;
#[cfg(not(target_os = "macos"))]
mod wgsl;
/// Metal has no need of it.
#[cfg(target_os = "macos")]
mod wgsl {
    pub(super) fn is_needed(_adapter: &wgpu::Adapter) -> bool {
        false
    }
}

use std::str::FromStr;

use burn::tensor::Device;
use burn::tensor::wgpu::{WgpuBackend, WgpuInitError};

use super::{DeviceError, Place, remote};
pub use adapter::{Adapter, list};

/// What the user asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Choice {
    /// A hardware GPU when there is one, else the CPU backend.
    #[default]
    Auto,
    Vulkan,
    Metal,
    Cpu,
    /// The device that another machine serves at this address, `HOST:PORT`.
    Remote(String),
    /// The first, and others that take their share of a step's micro-batches.
    Several(Vec<Choice>),
}

impl FromStr for Choice {
    type Err = String;

    /// Reads `auto`, `vulkan`, `metal`, `cpu` or `remote:HOST:PORT`, or several of them with commas between.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains(',') {
            return text.split(',').map(|one| one.trim().parse()).collect::<Result<_, _>>().map(Self::Several);
        }
        match text {
            "auto" => Ok(Self::Auto),
            "vulkan" => Ok(Self::Vulkan),
            "metal" => Ok(Self::Metal),
            "cpu" => Ok(Self::Cpu),
            _ => match text.strip_prefix("remote:") {
                None => Err("a device is auto, vulkan, metal, cpu or remote:HOST:PORT".into()),
                Some(address) if is_address(address) => Ok(Self::Remote(address.into())),
                Some(address) => Err(format!("`{address}` is no HOST:PORT; write it as in remote:192.168.1.5:3000 or remote:[::1]:3000")),
            },
        }
    }
}

fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        let bare = !host.contains([':', '/', '@', ' ']);
        let v6 = host.starts_with('[') && host.ends_with(']');
        !host.is_empty() && (bare || v6) && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

#[cfg(target_os = "macos")]
const BACKEND: (&str, wgpu::Backends, WgpuBackend) = ("metal", wgpu::Backends::METAL, WgpuBackend::Metal);
#[cfg(not(target_os = "macos"))]
const BACKEND: (&str, wgpu::Backends, WgpuBackend) = ("vulkan", wgpu::Backends::VULKAN, WgpuBackend::Vulkan);

/// Keeps Mesa's layer that chooses the first GPU of several from looking for a Wayland display where none can be: libwayland would print an error
/// of its own on every search for adapters. To be called before any other thread is there.
pub fn quieten() {
    let set = |name: &str| std::env::var_os(name).is_some();
    if cfg!(target_os = "linux") && !set("XDG_RUNTIME_DIR") && !set("MESA_VK_DEVICE_SELECT") {
        // SAFETY: no other thread reads the environment yet.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}

/// Opens the devices of a run: one, with others beside it if several are chosen.
///
/// # Errors
/// As [`open`].
pub fn open_all(choice: Choice) -> Result<Place, DeviceError> {
    let Choice::Several(choices) = choice else { return open(choice) };
    let mut places = choices.into_iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let first = places.remove(0);
    Ok(first.with(places))
}

/// Opens a device. `Auto` passes by software adapters: they are slower than the CPU backend.
///
/// # Errors
/// [`DeviceError::NoAdapter`] when a GPU was asked for by name and there is none, [`DeviceError::NotBuilt`] when this build has no such
/// backend, [`DeviceError::Server`] when no server of this version answers at the address of a remote device, [`DeviceError::Several`] when
/// several are chosen.
pub fn open(choice: Choice) -> Result<Place, DeviceError> {
    let asked = match choice {
        Choice::Cpu => return Ok(Place::cpu()),
        Choice::Remote(address) => return remote::open(&address),
        Choice::Several(_) => return Err(DeviceError::Several),
        Choice::Vulkan => Some("vulkan"),
        Choice::Metal => Some("metal"),
        Choice::Auto => None,
    };
    if let Some(backend) = asked.filter(|backend| *backend != BACKEND.0) {
        return Err(DeviceError::NotBuilt { backend, instead: BACKEND.0 });
    }
    let best = adapter::best();
    if asked.is_none() && !best.as_ref().is_some_and(|(_, best)| Adapter::new(best).is_hardware()) {
        let note = format!("no hardware GPU was found through {}; running on the CPU backend", BACKEND.0);
        return Ok(Place { note: Some(note), ..Place::cpu() });
    }
    let none = |message: String| DeviceError::NoAdapter { backend: BACKEND.0, message };
    let (instance, adapter) = best.ok_or_else(|| none("the driver lists none".into()))?;
    start(&instance, &adapter).map_err(|error| none(error.to_string()))
}

/// An adapter as a place to run.
#[cfg_attr(target_os = "macos", expect(unused_variables, reason = "burn takes the same one by itself"))]
fn start(instance: &wgpu::Instance, adapter: &wgpu::Adapter) -> Result<Place, WgpuInitError> {
    let options = Device::wgpu_options();
    #[cfg(not(target_os = "macos"))]
    if wgsl::is_needed(adapter) {
        let device = options.setup(wgsl::setup(instance, adapter)?).init()?;
        return Ok(Place::gpu(device, BACKEND.0, adapter.get_info().name));
    }
    let (device, setup) = options.graphics_api(BACKEND.2).init_with_setup()?;
    Ok(Place::gpu(device, BACKEND.0, setup.adapter.get_info().name))
}
