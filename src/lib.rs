//! Distillery: knowledge distillation, live. The map of the crate; arrows run downward only.
//!
//! | room | |
//! |---|---|
//! | `cli`, [`web`] | shells 2 and 1: the command line, the page's engine |
//! | [`train`] | the step loop as a stream of events |
//! | [`method`] | distillation methods |
//! | [`eval`] | measures and statistics |
//! | [`generate`] | text from a decoder |
//! | [`model`] | networks |
//! | [`loss`] | losses: pure functions on tensors |
//! | [`data`] | data sets, what the students may see of them, batches |
//! | [`device`] | WHERE it runs: devices, self-test, readback |
//! | [`spec`] | WHAT to run: experiments, knobs, presets |

#[cfg(not(target_family = "wasm"))]
pub mod cli;
pub mod data;
pub mod device;
pub mod eval;
pub mod generate;
pub mod loss;
pub mod method;
pub mod model;
pub mod spec;
pub mod train;
pub mod web;
