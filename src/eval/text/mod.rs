//! Measures of generated text.
//!
//! | file | |
//! |---|---|
//! | `overlap` | against a reference text: ROUGE-L, exact match and where that tells something |
//! | `diversity` | of texts by themselves: distinct n-grams, length |
//! | `oracle` | one against another: win rate |
//! | `similarity` | what two encoders hold for alike |
//! | `exposure` | how errors add up when a student goes on from its own text |
//!
//! Validity, coverage and calibration on the grammar are computed from exact probabilities, where they are asked for (`train::texts`).

mod diversity;
mod exposure;
mod oracle;
mod overlap;
mod similarity;

pub use diversity::{distinct, mean_length};
pub use exposure::{accumulated, excess};
pub use oracle::win_rate;
pub use overlap::{exact_match, is_checkable, rouge_l};
pub use similarity::{Embeddings, spearman};
