//! Distillery: knowledge distillation, live. The map of the crate, lowest room first; arrows run downward only.

/// WHAT to run: experiments, knobs, presets.
pub mod spec;
/// WHERE it runs: devices, self-test, readback.
pub mod device;
/// Data sets, what the students may see of them, batches.
pub mod data;
/// Losses: pure functions on tensors.
pub mod loss;
/// Networks.
pub mod model;
/// Measures and statistics.
pub mod eval;
/// Distillation methods.
pub mod method;
/// The step loop as a stream of events.
pub mod train;
/// Shell 1: the page's engine.
pub mod web;
/// Shell 2: the command line.
#[cfg(not(target_family = "wasm"))]
pub mod cli;
