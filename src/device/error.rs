//! What can go wrong with a device.

use thiserror::Error;

/// A device that cannot be had, or can no longer be trusted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeviceError {
    #[error("no usable {backend} adapter was found ({message}); use the CPU backend (`--device cpu`)")]
    NoAdapter { backend: &'static str, message: String },
    #[error("this build has no {backend} backend; use {instead}")]
    NotBuilt { backend: &'static str, instead: &'static str },
    #[error("only a run can use several devices (`distillery run`, `resume`); name one here")]
    Several,
    /// A device of another machine.
    #[error("remote:{address}: {problem}")]
    Server { address: String, problem: String },
    #[error("the device was lost or failed: {0}; go on from the last checkpoint on a fresh device")]
    Lost(String),
    #[error("a shader was refused by the driver, so its results cannot be trusted: {0}; use the CPU backend")]
    Shader(String),
}

impl DeviceError {
    /// Stable id for translation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoAdapter { .. } => "no_adapter",
            Self::NotBuilt { .. } => "no_backend",
            Self::Several => "several_devices",
            Self::Server { .. } => "no_server",
            Self::Lost(_) => "device_lost",
            Self::Shader(_) => "shader_failed",
        }
    }
}
