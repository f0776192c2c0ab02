//! Measures of generated text.
//!
//! | file | |
//! |---|---|
//! | `overlap` | against a reference text: ROUGE-L, exact match |
//! | `diversity` | of texts by themselves: distinct n-grams, repetition, length |
//! | `oracle` | against a grammar that knows every right answer: validity, coverage, win rate |
//! | `exposure` | how errors add up when a student goes on from its own text |
//!
//! How far yes and no can be trusted: [`calibration_error`](super::study::calibration_error) of the logits of these two words as two classes.

mod diversity;
mod exposure;
mod oracle;
mod overlap;

pub use diversity::{distinct, mean_length, repetition};
pub use exposure::{accumulated, excess};
pub use oracle::{Judged, judge, win_rate};
pub use overlap::{exact_match, rouge_l};
