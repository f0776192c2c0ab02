//! Training rows and test rows.

use std::collections::BTreeSet;

use rand::Rng;
use rand::seq::SliceRandom;

/// Splits rows so that every class keeps the same share for testing, rounded, and has at least one row on either side when it has two.
///
/// Returns the indices of the training rows and of the test rows, each ascending.
pub(super) fn stratified<T: Copy + Ord>(labels: &[T], test_fraction: f64, mut rng: impl Rng) -> (Vec<usize>, Vec<usize>) {
    let mut is_test = vec![false; labels.len()];
    let classes: BTreeSet<T> = labels.iter().copied().collect();
    for class in classes {
        let mut rows: Vec<usize> = (0..labels.len()).filter(|&row| labels[row] == class).collect();
        rows.shuffle(&mut rng);
        let most = rows.len().saturating_sub(1);
        let tests = ((rows.len() as f64 * test_fraction).round() as usize).clamp(most.min(1), most);
        for &row in &rows[..tests] {
            is_test[row] = true;
        }
    }
    (0..labels.len()).partition(|&row| !is_test[row])
}
