//! One encoder, BERT-shaped: post-normalisation, learned positions, every token sees every other. By configuration it is also DistilBERT's
//! (no token types, no pooler) and ELECTRA's (embeddings narrower than the network).
//!
//! | file | |
//! |---|---|
//! | [`config`] | the shape on paper: parameters, first values, a student out of a teacher's layers |
//! | [`factors`] | narrower embedding tables out of a teacher's |
//! | [`padding`] | which tokens of a batch are real |
//! | [`block`] | attention and feed-forward, each followed by a normalisation |
//! | [`network`] | the whole, its head for masked words, and sentence embeddings |
//! | [`model`] | an encoder of others with its tokenizer |

mod block;
mod config;
mod factors;
mod model;
mod network;
mod padding;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use config::{Classifier, EncoderConfig, Pooling, Squash};
pub use factors::narrowed;
pub use model::SentenceEncoder;
pub use network::{Encoder, Trace};
pub use padding::Padding;
