//! What is held out of the students' data, so that what is chosen in a run is not chosen by the rows that it reports.

use crate::spec::SpecError;

use super::seed::rng;
use super::split::stratified;
use super::{DataError, Dataset, Rows, StudentView};

/// How many of `examples` are held out: the share, rounded, at least one.
///
/// # Errors
/// Too few examples for one on either side.
pub fn held_out(examples: usize, share: f64) -> Result<usize, DataError> {
    let held = ((examples as f64 * share).round() as usize).max(1);
    if held < examples { Ok(held) } else { Err(too_few()) }
}

pub(super) fn too_few() -> DataError {
    let message = "leaves nothing to learn from, or nothing to choose by: give the students more examples, or set it to 0";
    SpecError::conflict("train.validation", message).into()
}

/// Takes a share of the labelled rows, class by class, out of the training rows and the students' view of them. They keep the labels that the
/// students were told, right or wrong.
///
/// # Errors
/// No class with two labelled rows.
pub fn hold_out(dataset: &mut Dataset, view: &mut StudentView, share: f64, seed: u32) -> Result<Rows, DataError> {
    let labelled: Vec<(usize, u8)> = view.rows.iter().zip(&view.labels).filter_map(|(row, label)| Some((*row, (*label)?))).collect();
    let labels: Vec<u8> = labelled.iter().map(|(_, label)| *label).collect();
    let (_, held) = stratified(&labels, share, rng(seed, "validation"));
    if held.is_empty() {
        return Err(too_few());
    }
    let rows: Vec<usize> = held.iter().map(|at| labelled[*at].0).collect();
    let held = Rows { labels: held.iter().map(|at| labels[*at]).collect(), ..dataset.train.take(&rows) };
    // Where each training row stands once those are gone.
    let (mut places, mut kept) = (vec![None; dataset.train.len()], Vec::new());
    for (row, place) in places.iter_mut().enumerate() {
        if rows.binary_search(&row).is_err() {
            *place = Some(kept.len());
            kept.push(row);
        }
    }
    dataset.train = dataset.train.take(&kept);
    let seen = view.rows.iter().zip(&view.labels).filter_map(|(row, label)| Some((places[*row]?, *label)));
    let (rows, labels) = seen.unzip();
    *view = StudentView { rows, labels };
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Shipped, load, student_view};
    use crate::device::testing::test;
    use crate::spec::{Task, Transfer};

    #[test]
    fn what_is_held_out_is_labelled_and_nobody_else_s() {
        let task = Task { labels_per_class: 10, label_noise: 0.2, transfer: Transfer::All, ..Task::default() };
        let whole = load(&task, None, &Shipped::default()).unwrap();
        let before = student_view(&whole, &task, 3).unwrap();
        let (mut dataset, mut view) = (whole.clone(), before.clone());
        let held = hold_out(&mut dataset, &mut view, 0.2, 3).unwrap();
        assert_eq!((held.len(), dataset.train.len(), view.rows.len()), (20, whole.train.len() - 20, before.rows.len() - 20));
        assert_eq!(view.labels.iter().flatten().count(), 80);
        // Every row of before is in exactly one place, with the label it had.
        let mut pool: Vec<(Vec<u32>, Option<u8>)> =
            before.rows.iter().zip(&before.labels).map(|(row, label)| (bits(whole.train.row(*row)), *label)).collect();
        let seen = view.rows.iter().zip(&view.labels).map(|(row, label)| (bits(dataset.train.row(*row)), *label));
        for found in seen.chain((0..held.len()).map(|row| (bits(held.row(row)), Some(held.labels[row])))) {
            let at = pool.iter().position(|one| *one == found).expect("a row that was there, with its label");
            pool.swap_remove(at);
        }
        assert!(pool.is_empty());
        let again = hold_out(&mut whole.clone(), &mut before.clone(), 0.2, 3).unwrap();
        assert_eq!(again, held, "the same seed holds out the same rows");
        assert_ne!(hold_out(&mut whole.clone(), &mut before.clone(), 0.2, 4).unwrap(), held);
    }

    fn bits(row: &[f32]) -> Vec<u32> {
        row.iter().map(|value| value.to_bits()).collect()
    }

    #[test]
    fn too_few_rows_are_refused_by_the_name_of_the_knob() {
        let task = Task { labels_per_class: 1, ..Task::default() };
        let mut dataset = load(&task, None, &Shipped::default()).unwrap();
        let mut view = student_view(&dataset, &task, 0).unwrap();
        for error in [hold_out(&mut dataset, &mut view, 0.5, 0).unwrap_err(), held_out(1, 0.5).unwrap_err()] {
            assert!(error.to_string().contains("train.validation"), "{error}");
        }
        assert_eq!((held_out(100, 0.1).unwrap(), held_out(3, 0.01).unwrap()), (10, 1));
    }
}
