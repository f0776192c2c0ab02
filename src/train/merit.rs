//! Which of two students is the better one: what early stopping and the best students go by.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::evaluation::Validation;

/// What a student is chosen by, of the validation part or, where there is none, of the test rows: the first of these numbers in which two
/// students differ decides, with `open` answers ROUGE-L and then accuracy, elsewhere accuracy and then ROUGE-L, and the lower loss in the end.
///
/// Where hardly an answer is ever the reference's very words, accuracy tells nothing, and loss the wrong thing: a student that learns from its own
/// texts writes better while it foretells those of the data less well. MiniLLM chooses its students by ROUGE-L, too.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Merit {
    pub accuracy: f64,
    pub loss: f64,
    /// Where texts are written and have references. Files of before do not say it: against them it decides nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rouge_l: Option<f64>,
    /// Whether answers can be good in other words than the reference's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
}

impl Merit {
    /// To nine places, which a file gives back to the last bit (serde_json reads some longer numbers one unit in the last place off), so that a
    /// resumed run decides as one without a stop.
    pub fn new(found: Validation, open: bool) -> Self {
        let places = |value: f64| (value * 1e9).round() / 1e9;
        Self { accuracy: places(found.accuracy), loss: places(found.loss), rouge_l: found.rouge_l.map(places), open }
    }

    /// Whether it is better than another; the same again is no progress.
    pub fn better(&self, other: &Self) -> bool {
        let written = self.rouge_l.zip(other.rouge_l).map_or(Ordering::Equal, |(own, other)| own.total_cmp(&other));
        let right = self.accuracy.total_cmp(&other.accuracy);
        let answers = if self.open { written.then(right) } else { right.then(written) };
        answers.then(other.loss.total_cmp(&self.loss)) == Ordering::Greater
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    fn merit(accuracy: f64, rouge_l: Option<f64>, loss: f64, open: bool) -> Merit {
        Merit::new(Validation { accuracy, loss, rouge_l }, open)
    }

    #[test]
    fn accuracy_decides_and_loss_among_equals() {
        let better = |new: (f64, f64), old: (f64, f64)| merit(new.0, None, new.1, false).better(&merit(old.0, None, old.1, false));
        assert!(better((0.9, 2.0), (0.8, 1.0)));
        assert!(better((0.8, 0.9), (0.8, 1.0)));
        assert!(!better((0.8, 1.0), (0.8, 1.0)), "the same again is no progress");
        assert!(!better((0.7, 0.1), (0.8, 1.0)));
    }

    #[test]
    fn open_answers_go_by_what_is_written_and_checked_ones_by_what_is_right() {
        // A student that learns from its own texts: better ones, and a higher loss.
        let (own, tuned) = ((0.0, Some(0.24), 3.95), (0.1, Some(0.23), 3.89));
        let better = |open| merit(own.0, own.1, own.2, open).better(&merit(tuned.0, tuned.1, tuned.2, open));
        assert!(better(true), "a higher ROUGE-L is better, whatever accuracy and loss say");
        assert!(!better(false), "where answers are right or wrong, more right ones are better");
        let better = |open| merit(0.0, Some(0.24), 3.95, open).better(&merit(0.0, Some(0.23), 3.89, open));
        assert!(better(true) && better(false), "among equally right ones what is written decides before the loss");
        assert!(merit(0.0, Some(0.24), 3.8, true).better(&merit(0.0, Some(0.24), 3.9, true)), "and then the loss");
    }

    #[test]
    fn what_was_kept_before_rouge_l_counted_is_compared_as_it_was_then() {
        let before: Merit = serde_json::from_str(r#"{"accuracy":0.1,"loss":2.0}"#).unwrap();
        assert!(merit(0.2, Some(0.1), 3.0, true).better(&before) && before.better(&merit(0.0, Some(0.9), 1.0, true)));
        let merit = merit(1.0 / 3.0, Some(2.0 / 3.0), 0.7, true);
        assert_eq!(serde_json::from_str::<Merit>(&serde_json::to_string(&merit).unwrap()).unwrap(), merit);
    }
}
