//! Text from a decoder: a batch of prompts at once, a token at a time, with what the policy-gradient methods must know of each token.
//!
//! | file | |
//! |---|---|
//! | [`sampling`] | logits → one token: temperature, top-k, top-p, mixing with a teacher. Host numbers only |
//! | [`writer`] | the loop: prompts, cache, stops |
//!
//! The choice of a token is made on the host, after one batched read per token. The host must learn each token anyway, to see a stop
//! and to send text; the read is the yield to the browser; and sorting or `topk` on the device is not for shared code.

mod error;
pub mod sampling;
#[cfg(test)]
mod tests;
pub mod writer;

pub use error::{GenerateError, Speaker};
pub use sampling::Sampling;
pub use writer::{Mixture, Request, Text, Writer, generate};
