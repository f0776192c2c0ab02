//! Distillery: knowledge distillation, live. The map of the crate, lowest room first; arrows run downward only.

/// Shell 2: the command line.
#[cfg(not(target_family = "wasm"))]
pub mod cli;
/// Data sets, what the students may see of them, batches.
pub mod data;
/// WHERE it runs: devices, self-test, readback.
pub mod device;
/// Measures and statistics.
pub mod eval;
/// Losses: pure functions on tensors.
pub mod loss;
/// Distillation methods.
pub mod method;
/// Networks.
pub mod model;
/// WHAT to run: experiments, knobs, presets.
pub mod spec;
/// The step loop as a stream of events.
pub mod train;
/// Shell 1: the page's engine.
pub mod web;
