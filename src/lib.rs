//! Distillery: knowledge distillation, live. The map of the crate, lowest room first; arrows run downward only.

pub mod spec;
