//! The shipped teachers. Each was made by the command in the README (`distillery pretrain`), on the training rows of the default split.

use super::RunError;
use crate::data::{Part, Shipped};
use crate::model::{self, Layout, TransformerConfig};
use crate::spec::{Experiment, SpecError, TaskName};

const DIGITS: &[u8] = include_bytes!("teachers/digits.safetensors");

/// Values of the shipped teacher of this task, in the order of the layout.
///
/// # Errors
/// When none is shipped for this task and shape, or it was not brought.
pub fn load(experiment: &Experiment, layout: &Layout, shipped: &Shipped) -> Result<Vec<Vec<f32>>, RunError> {
    let bytes = match experiment.task.name {
        TaskName::Digits => DIGITS,
        TaskName::Fashion => shipped.get(Part::FashionTeacher)?,
        _ => return Err(unfit()),
    };
    let mut file = model::decode(bytes)?;
    layout.parameters().iter().map(|p| file.take(&p.name, &p.shape).map_err(|_| unfit())).collect()
}

/// Values of the shipped teacher of a text task.
///
/// # Errors
/// When none is shipped for this task and shape, or it was not brought.
pub fn decoder(layout: &TransformerConfig, task: TaskName, shipped: &Shipped) -> Result<Vec<Vec<f32>>, RunError> {
    let wrong = |message: &'static str| RunError::Spec(SpecError::conflict("teacher.source", message));
    let part = if task == TaskName::Grammar {
        Part::GrammarTeacher
    } else {
        return Err(wrong("no teacher is shipped for this task: set teacher.source=live"));
    };
    let mut file = model::decode(shipped.get(part)?)?;
    let unfit = || wrong("the shipped teacher has another shape: set teacher.source=live, or the shape of the preset `grammar`");
    layout.parameters().iter().map(|p| file.take(&p.name, &p.shape).map_err(|_| unfit())).collect()
}

fn unfit() -> RunError {
    RunError::Spec(SpecError::conflict(
        "teacher.source",
        "no shipped teacher has this shape on this data: set teacher.source=live, or the shipped shape (digits: mlp 256,256; \
                  fashion's 14×14 subset: cnn, channels 32,64, widths 128)",
    ))
}
