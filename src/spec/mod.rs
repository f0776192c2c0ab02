//! WHAT to run: the experiment, its knobs and presets. No tensor in here.

mod error;
mod experiment;
pub mod knobs;
pub mod presets;

pub use error::SpecError;
pub use experiment::*;

#[cfg(test)]
mod tests;
