//! Data sets packed by `tests/reference/make_data.py`.
//!
//! Format: labels, two to a byte; then values, two to a byte; the first of a pair is the low half. Digits have 17 levels: a value of 16 is
//! stored as 15, and behind the values stands one bit for every stored 15, lowest bit first, which is 1 where the value is 16.

use crate::spec::{Task, TaskName};

use super::{DataError, Dataset, Rows, digit_ids, fashion_ids};

const DIGITS_ROWS: usize = 1797;
const FASHION_TRAIN: usize = 3000;
const FASHION_TEST: usize = 1000;

/// The instant default, in every build. The length is named so that a file of another size does not compile; 1,845 bytes tell 15 from 16.
static DIGITS: &[u8; DIGITS_ROWS.div_ceil(2) + DIGITS_ROWS * 64 / 2 + 1845] = include_bytes!("digits.bin");
const FASHION: usize = (FASHION_TRAIN + FASHION_TEST) * (1 + 14 * 14) / 2;

/// The UCI optical digits, 8×8, values 0..16 scaled to 0..1.
pub(super) fn digits(task: &Task) -> Dataset {
    let (labels, packed) = DIGITS.split_at(DIGITS_ROWS.div_ceil(2));
    let (values, sixteens) = packed.split_at(DIGITS_ROWS * 64 / 2);
    let mut sixteens = sixteens.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1));
    let inputs = nibbles(values).map(|value| if value == 15 { 15 + sixteens.next().unwrap_or(0) } else { value });
    let rows = Rows { inputs: inputs.map(|value| f32::from(value) / 16.0).collect(), labels: nibbles(labels).take(DIGITS_ROWS).collect() };
    Dataset::split(task, vec![1, 8, 8], digit_ids(), &rows)
}

/// A balanced subset of Fashion-MNIST, averaged to 14×14, 16 levels scaled to 0..1: the first 300 rows of each class of the training
/// set and the first 100 of the test set, in file order.
///
/// # Errors
/// When `file` has another length.
pub(super) fn fashion(file: &[u8]) -> Result<Dataset, DataError> {
    if file.len() != FASHION {
        let (found, expected) = (format!("{} bytes", file.len()), format!("{FASHION} bytes"));
        return Err(DataError::BadFile { file: "the packed Fashion-MNIST".into(), found, expected });
    }
    let (labels, values) = file.split_at((FASHION_TRAIN + FASHION_TEST) / 2);
    let labels: Vec<u8> = nibbles(labels).collect();
    let inputs: Vec<f32> = nibbles(values).map(|value| f32::from(value) / 15.0).collect();
    let (train_labels, test_labels) = labels.split_at(FASHION_TRAIN);
    let (train_inputs, test_inputs) = inputs.split_at(FASHION_TRAIN * 14 * 14);
    Ok(Dataset {
        name: TaskName::Fashion,
        input: vec![1, 14, 14],
        classes: fashion_ids(),
        train: Rows { inputs: train_inputs.into(), labels: train_labels.into() },
        test: Rows { inputs: test_inputs.into(), labels: test_labels.into() },
    })
}

/// Two values 0..15 per byte, the low half first.
fn nibbles(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes.iter().flat_map(|byte| [byte & 15, byte >> 4])
}
