//! What a student is punished for: pure functions on tensors. They know no model, and read nothing back.
//!
//! | file | |
//! |---|---|
//! | [`access`] | how much of the teacher's answer the student may see |
//! | [`divergence`] | how far distribution q is from p: KL both ways, JSD, skewed KL, total variation |
//! | [`soft`] | teacher and student logits → one number, by the experiment's divergence and temperature |
//! | [`dkd`] | decoupled KD, the one that looks at the label, or at the token that stands there |
//! | [`hard`] | cross-entropy with labels, which some rows may lack; label smoothing |
//! | [`sequence`] | the tokens of texts: masked means, divergences per token, the teacher's top k with a tail bucket |
//! | [`policy`] | MiniLLM: the reverse KL of whole texts, by policy gradient |
//! | [`preference`] | the teacher's text over the student's: DPKD, DPO, SimPO, IPO, CPO |
//! | [`uld`] | universal logit distillation: different vocabularies |
//! | [`chunked`] | a large vocabulary in chunks of rows |
//! | [`features`] | hidden layers: FitNets hints, attention transfer |
//! | [`representations`] | transformers: states of tokens, attention and relations between them, embeddings of sentences |
//! | [`teachers`] | several teachers as one |
//! | [`combine()`] | the sum that is minimised |
//!
//! p is always the teacher, q the student. Losses are in nats and are scalars `[1]`, means over the rows of the batch;
//! functions called `rows` give a value for each row.
//!
//! The teacher never gets a gradient: every function drops the teacher's graph ([`Tensor::inner`](burn::tensor::Tensor::inner)), which
//! also spares its half of the work the cost of recording one. Small networks cost what their number of tensor operations costs, so
//! the functions use few, and fixed shapes: a row that does not count is multiplied by zero, never cut out.

pub mod access;
pub mod chunked;
mod combine;
pub mod divergence;
pub mod dkd;
pub mod features;
pub mod hard;
pub mod policy;
pub mod preference;
pub mod representations;
pub mod sequence;
pub mod soft;
mod softplus;
pub mod teachers;
#[cfg(test)]
mod tests;
pub mod uld;

pub use combine::combine;
