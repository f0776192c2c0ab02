//! Distillation of encoders.
//!
//! | file | what the student learns |
//! |---|---|
//! | [`masked`] | the words behind masks: DistilBERT's triple loss, and further terms on states and attention |
//! | [`sentences`] | the teacher's embeddings of sentences |
//! | [`Batch`] | texts on the device, and which of their tokens count |

mod batch;
pub mod masked;
pub mod sentences;

pub use batch::{Batch, Rows};
