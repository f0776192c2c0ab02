//! Shell 1: the page's engine. One [`Command`] in, replies out; it holds a device and at most one run, and lives in a disposable Worker.

mod engine;
mod protocol;

#[cfg(target_family = "wasm")]
mod bindings;
#[cfg(target_family = "wasm")]
mod peer;

pub use engine::Engine;
pub use protocol::{Command, EngineEvent, Reply};

#[cfg(test)]
mod generate;
