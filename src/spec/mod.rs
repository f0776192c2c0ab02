//! WHAT to run: the experiment, its knobs and presets. No tensor in here.

mod choices;
mod error;
mod experiment;
pub mod knobs;
pub mod presets;

pub use choices::*;
pub use error::SpecError;
pub use experiment::*;

#[cfg(test)]
mod tests;
