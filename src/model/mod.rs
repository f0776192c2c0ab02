//! Networks: what they are made of, how they start, how they are written down.

mod cost;
pub mod encoder;
pub mod formats;
mod language;
mod layers;
mod layout;
pub mod lora;
mod network;
mod stack;
#[cfg(test)]
pub(crate) mod testing;
mod trainable;
pub mod transformer;
pub mod vocabulary;
mod weights;

pub use cost::{TRAINING, TextBatch};
pub use language::LanguageModel;
pub use layout::{Layout, Parameter};
pub use network::{Activations, Net};
pub use stack::Stack;
pub use trainable::Trainable;
pub use transformer::{Transformer, TransformerConfig};
pub use weights::{Decoded, Named, WeightsError, decode, encode};
