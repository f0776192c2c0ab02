//! WHAT the networks learn from: the data sets, what of them a student may see, and the order of batches. No tensor and no file in here:
//! callers hand in bytes, so the page and the native build read the same rows.
//!
//! Everything is a pure function of the task and the seed, bit for bit the same in the browser and natively: only integer operations,
//! basic arithmetic and `libm` (the sine of the standard library is the platform's, and platforms differ in the last bit).

mod batches;
mod error;
mod fingerprint;
mod idx;
mod marks;
mod packed;
mod plane;
mod seed;
mod shipped;
mod split;
mod template;
pub mod text;
mod tokenizer;
mod validation;
mod view;

pub use batches::Batches;
pub use error::DataError;
pub use fingerprint::Fingerprint;
pub use idx::{IdxFile, IdxFiles};
pub use marks::Marks;
pub use seed::rng;
pub use shipped::{Part, Shipped};
pub use template::{Message, Template};
pub use tokenizer::{Tokenizer, TokenizerError};
pub use validation::{held_out, hold_out};
pub use view::{StudentView, student_view};

use crate::spec::{Experiment, Task, TaskName, knobs};

/// A data set, split into training and test rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    pub name: TaskName,
    /// Shape of one row: `[channels, height, width]` for images, `[2]` for points.
    pub input: Vec<usize>,
    /// English ids of the classes, by label.
    pub classes: Vec<String>,
    pub train: Rows,
    pub test: Rows,
}

/// Inputs with their labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// `[rows, features]`, row-major; 0..1 for images, −1..1 for points.
    pub inputs: Vec<f32>,
    /// One label per row: an index into [`Dataset::classes`].
    pub labels: Vec<u8>,
}

impl Rows {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Values per row; 0 without rows.
    pub fn features(&self) -> usize {
        self.inputs.len().checked_div(self.len()).unwrap_or(0)
    }

    /// The values of one row, `[features]`.
    pub fn row(&self, row: usize) -> &[f32] {
        let features = self.features();
        &self.inputs[row * features..(row + 1) * features]
    }

    /// These rows, in this order.
    fn take(&self, rows: &[usize]) -> Self {
        Self {
            inputs: rows.iter().flat_map(|&row| self.row(row)).copied().collect(),
            labels: rows.iter().map(|&row| self.labels[row]).collect(),
        }
    }
}

impl Dataset {
    /// Splits rows by the task's `test_fraction` and `split_seed`.
    fn split(task: &Task, input: Vec<usize>, classes: Vec<String>, rows: &Rows) -> Self {
        let (train, test) = split::stratified(&rows.labels, task.test_fraction, rng(task.split_seed, "split"));
        Self { name: task.name, input, classes, train: rows.take(&train), test: rows.take(&test) }
    }

    /// Checks that every row has as many values as the input shape says, that every value is finite, and that every label is a class.
    ///
    /// # Errors
    /// [`DataError::BadData`] at the first row that is wrong, or when a part has no rows.
    pub fn check(&self) -> Result<(), DataError> {
        let features = self.input.iter().product::<usize>();
        for (part, rows) in [("train", &self.train), ("test", &self.test)] {
            let bad = |problem: String| Err(DataError::BadData { part, problem });
            if rows.is_empty() {
                return bad("there are none; at least one is needed".into());
            }
            if rows.inputs.len() != rows.len() * features {
                let (values, labels) = (rows.inputs.len(), rows.len());
                return bad(format!("{values} values for {labels} labels; there must be {features} values per label"));
            }
            for (row, (values, &label)) in rows.inputs.chunks_exact(features).zip(&rows.labels).enumerate() {
                if let Some((at, value)) = values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
                    return bad(format!("value {at} of row {row} is {value}; it must be a finite number"));
                }
                if usize::from(label) >= self.classes.len() {
                    let last = self.classes.len().saturating_sub(1);
                    return bad(format!("the label of row {row} is {label}; it must be a class from 0 to {last}"));
                }
            }
        }
        Ok(())
    }
}

/// The data set of a task. The same task gives the same rows everywhere.
///
/// `files` are the unpacked IDX files of the full Fashion-MNIST, or of MNIST; without them `fashion` is the 14×14 subset out of `shipped`.
///
/// # Errors
/// A task knob out of range, a file that is not there or not what it should be, or files for a task that takes none.
pub fn load(task: &Task, files: Option<&IdxFiles>, shipped: &Shipped) -> Result<Dataset, DataError> {
    check_task(task)?;
    let dataset = match (task.name, files) {
        (TaskName::Fashion, Some(files)) => idx::read(files)?,
        (TaskName::Fashion, None) => packed::fashion(shipped.get(Part::FashionImages)?)?,
        (TaskName::Digits, None) => packed::digits(task),
        (TaskName::Plane, None) => plane::generate(task),
        _ => return Err(DataError::UnusedFiles),
    };
    dataset.check()?;
    Ok(dataset)
}

/// Checks the knobs of a task against their ranges, so that a task built in code cannot make this room panic or run for ever.
fn check_task(task: &Task) -> Result<(), DataError> {
    let experiment = Experiment { task: task.clone(), ..Experiment::default() };
    for knob in knobs::TABLE.iter().filter(|knob| knob.key.starts_with("task.")) {
        knob.check(&knob.get(&experiment))?;
    }
    Ok(())
}

/// `0` to `9`.
fn digit_ids() -> Vec<String> {
    (0..10).map(|digit| digit.to_string()).collect()
}

/// The classes of Fashion-MNIST, by label.
fn fashion_ids() -> Vec<String> {
    ["t_shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle_boot"].map(String::from).into()
}

#[cfg(test)]
mod tests;
