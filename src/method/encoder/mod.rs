//! Distillation of encoders.
//!
//! | file | what the student learns |
//! |---|---|
//! | [`masked`] | the words behind masks: DistilBERT's triple loss, and further terms on states and attention |
//! | [`classes`] | the labels of texts |
//! | [`sentences`] | the teacher's embeddings of sentences |
//! | [`inside`](mod@inside) | the teacher's states and attention, beside words, labels or embeddings |
//! | [`Batch`] | texts on the device, and which of their tokens count |

mod batch;
pub mod classes;
mod inside;
pub mod masked;
pub mod sentences;

pub use batch::{Batch, Rows};
