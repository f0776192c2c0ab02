//! Devices of the native build.

use std::str::FromStr;

use burn::tensor::{Device, wgpu as burn_wgpu};

use super::{DeviceError, Place, remote};

/// What the user asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// A hardware GPU when there is one, else the CPU backend.
    Auto,
    Vulkan,
    Metal,
    Cpu,
    /// The device that another machine serves at this address, `HOST:PORT`.
    Remote(String),
}

impl FromStr for Choice {
    type Err = String;

    /// Reads `auto`, `vulkan`, `metal`, `cpu` or `remote:HOST:PORT`.
    fn from_str(text: &str) -> Result<Self, String> {
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

/// One adapter of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapter {
    pub backend: &'static str,
    pub name: String,
    /// `discrete GPU`, `integrated GPU`, `virtual GPU`, `software` or `other`.
    pub kind: &'static str,
    /// What burn's shaders need and the driver lacks: it cannot be used.
    pub lacks: Option<&'static str>,
}

impl Adapter {
    /// Whether it can be used and is faster than the CPU backend.
    pub fn is_hardware(&self) -> bool {
        self.lacks.is_none() && self.kind != "software"
    }
}

/// cubecl 0.11.3 gives shared memory the type of a pointer to itself where the driver cannot lay it out explicitly
/// (`cubecl-spirv/src/ops/memory.rs`, `lower_shared_implicit`): Mesa's software driver then crashes, and SwiftShader computes nonsense.
/// To be deleted when cubecl has mended it.
#[cfg(not(target_os = "macos"))]
fn lacks(adapter: &wgpu::Adapter) -> Option<&'static str> {
    // SAFETY: nothing of the driver's is kept or destroyed.
    let vulkan = unsafe { adapter.as_hal::<wgpu::hal::api::Vulkan>() }?;
    let has = vulkan.physical_device_capabilities().supports_extension(c"VK_KHR_workgroup_memory_explicit_layout");
    (!has).then_some("VK_KHR_workgroup_memory_explicit_layout")
}

#[cfg(target_os = "macos")]
fn lacks(_adapter: &wgpu::Adapter) -> Option<&'static str> {
    None
}

#[cfg(target_os = "macos")]
const BACKEND: (&str, wgpu::Backends, burn_wgpu::WgpuBackend) = ("metal", wgpu::Backends::METAL, burn_wgpu::WgpuBackend::Metal);
#[cfg(not(target_os = "macos"))]
const BACKEND: (&str, wgpu::Backends, burn_wgpu::WgpuBackend) = ("vulkan", wgpu::Backends::VULKAN, burn_wgpu::WgpuBackend::Vulkan);

/// Keeps Mesa's layer that chooses the first GPU of several from looking for a Wayland display where none can be: libwayland would print an error
/// of its own on every search for adapters. To be called before any other thread is there.
pub fn quieten() {
    let set = |name: &str| std::env::var_os(name).is_some();
    if cfg!(target_os = "linux") && !set("XDG_RUNTIME_DIR") && !set("MESA_VK_DEVICE_SELECT") {
        // SAFETY: no other thread reads the environment yet.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}

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
            Adapter { backend, name: info.name, kind, lacks: lacks(adapter) }
        })
        .collect()
}

/// Opens a device. `Auto` passes by software adapters: they are slower than the CPU backend.
///
/// # Errors
/// [`DeviceError::NoAdapter`] when a GPU was asked for by name and there is none, [`DeviceError::NotBuilt`] when this build has no such
/// backend, [`DeviceError::Server`] when no server of this version answers at the address of a remote device.
pub fn open(choice: Choice) -> Result<Place, DeviceError> {
    let asked = match choice {
        Choice::Cpu => return Ok(Place::cpu()),
        Choice::Remote(address) => return remote::open(&address),
        Choice::Vulkan => Some("vulkan"),
        Choice::Metal => Some("metal"),
        Choice::Auto => None,
    };
    if let Some(backend) = asked.filter(|backend| *backend != BACKEND.0) {
        return Err(DeviceError::NotBuilt { backend, instead: BACKEND.0 });
    }
    let adapters = list();
    if asked.is_none() && !adapters.iter().any(Adapter::is_hardware) {
        let note = format!("no usable hardware GPU was found through {}; running on the CPU backend", BACKEND.0);
        return Ok(Place { note: Some(note), ..Place::cpu() });
    }
    if adapters.iter().all(|adapter| adapter.lacks.is_some()) {
        let unusable = adapters.iter().filter_map(|adapter| Some(format!("{} lacks {}", adapter.name, adapter.lacks?)));
        let message = unusable.reduce(|all, one| format!("{all}, {one}")).unwrap_or_else(|| "the driver lists none".into());
        return Err(DeviceError::NoAdapter { backend: BACKEND.0, message });
    }
    let (device, setup) = Device::wgpu_options()
        .graphics_api(BACKEND.2)
        .init_with_setup()
        .map_err(|error| DeviceError::NoAdapter { backend: BACKEND.0, message: error.to_string() })?;
    Ok(Place::gpu(device, BACKEND.0, setup.adapter.get_info().name))
}
