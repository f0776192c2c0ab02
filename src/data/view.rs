//! What of the training rows the students may see. The teacher has seen them all, with their true labels.

use rand::seq::{IndexedRandom, SliceRandom};

use crate::spec::{SpecError, Task, TaskName, Transfer};

use super::seed::rng;
use super::{DataError, Dataset, check_task};

/// The students' share of the training rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudentView {
    /// Indices into [`Dataset::train`], ascending.
    pub rows: Vec<usize>,
    /// Parallel to `rows`: the hard label, possibly noisy; none on a row that only the teacher labels.
    pub labels: Vec<Option<u8>>,
}

/// Picks the rows and labels that the students see.
///
/// With one seed, the labelled rows of fewer `labels_per_class` are among those of more, and omitting a class changes no other class.
/// `label_noise` replaces the labels of that share of the labelled rows, rounded, by another class that is not omitted.
///
/// # Errors
/// A task knob out of range, an omitted class that does not exist, or no row left.
pub fn student_view(dataset: &Dataset, task: &Task, seed: u32) -> Result<StudentView, DataError> {
    check_task(task)?;
    let classes = dataset.classes.len();
    let omitted = usize::try_from(task.omit_class).ok();
    if omitted.is_some_and(|class| class >= classes) {
        let allowed = format!("-1 (none) or a class from 0 to {}", classes.saturating_sub(1));
        return Err(SpecError::OutOfRange { key: "task.omit_class", value: task.omit_class.to_string(), allowed }.into());
    }
    let truth = &dataset.train.labels;
    let kept: Vec<u8> = (0..classes).filter(|&class| Some(class) != omitted).map(|class| class as u8).collect();

    // Placed by hand, so labelled whatever the count: they neither use up labels nor change which others are labelled.
    let added = if task.name == TaskName::Plane { truth.len().saturating_sub(task.added.len()) } else { truth.len() };
    let mut labels = vec![None; truth.len()];
    for &class in &kept {
        let mut rows: Vec<usize> = (0..added).filter(|&row| truth[row] == class).collect();
        if task.labels_per_class > 0 {
            rows.shuffle(&mut rng(seed, &format!("labelled rows of class {class}")));
            rows.truncate(task.labels_per_class);
        }
        for row in rows {
            labels[row] = Some(class);
        }
    }
    add_noise(&mut labels, &kept, task.label_noise, seed)?;
    for row in (added..truth.len()).filter(|&row| kept.contains(&truth[row])) {
        labels[row] = Some(truth[row]);
    }

    let sees = |row: &usize| labels[*row].is_some() || (task.transfer == Transfer::All && kept.contains(&truth[*row]));
    let rows: Vec<usize> = (0..truth.len()).filter(sees).collect();
    if rows.is_empty() {
        return Err(DataError::NothingToLearn);
    }
    let labels = rows.iter().map(|&row| labels[row]).collect();
    Ok(StudentView { rows, labels })
}

/// Replaces a share of the labels by another of the `kept` classes.
fn add_noise(labels: &mut [Option<u8>], kept: &[u8], share: f64, seed: u32) -> Result<(), DataError> {
    let mut rng = rng(seed, "label noise");
    let mut labelled: Vec<&mut u8> = labels.iter_mut().flatten().collect();
    labelled.shuffle(&mut rng);
    let wrong = (labelled.len() as f64 * share).round() as usize;
    for label in labelled.into_iter().take(wrong) {
        let others: Vec<u8> = kept.iter().copied().filter(|class| class != label).collect();
        let message = "needs a second class to mislabel rows with: set it to 0";
        *label = *others.choose(&mut rng).ok_or(SpecError::conflict("task.label_noise", message))?;
    }
    Ok(())
}
