//! WHAT to run: the experiment, its knobs and presets. No tensor in here.

mod choices;
mod conflicts;
mod error;
mod experiment;
pub mod knobs;
pub mod presets;
mod text;

pub use choices::*;
pub use error::SpecError;
pub use experiment::*;
pub use text::Text;

#[cfg(test)]
mod tests;
