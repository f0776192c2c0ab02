//! One decoder-only transformer, shaped as GPT-2, LLaMA or Qwen2 by configuration.
//!
//! | file | |
//! |---|---|
//! | [`config`] | the shape on paper: parameters, first values |
//! | [`context`] | where the tokens of a batch stand and what each may look at: positions, padding, masks |
//! | [`rotary`] | rotary positions |
//! | [`cache`] | keys and values of tokens already seen |
//! | [`block`] | normalisation, projections, feed-forward |
//! | [`network`] | the whole |

mod block;
pub mod cache;
pub mod config;
pub mod context;
pub mod network;
mod rotary;
#[cfg(test)]
mod tests;

pub use cache::Cache;
pub use config::{Bias, Mlp, Norm, Positions, ShapeError, TransformerConfig};
pub use context::Context;
pub use network::Transformer;
