//! WHAT to run: the experiment, its knobs and presets. No tensor in here.

mod choices;
mod conflicts;
mod encoder;
mod error;
mod experiment;
mod forms;
pub mod knobs;
pub mod presets;
mod text;

pub use choices::*;
pub use encoder::EncoderTerms;
pub use error::SpecError;
pub use experiment::*;
pub use text::Text;

#[cfg(test)]
mod tests;
