//! What a user of a network waits for.

use super::{Role, Run, RunError, Sample, contest::Contest};
use crate::device::read;
use crate::method::text::Written;

impl Run {
    /// Lets a network answer the first test example and waits for it: one forward pass of one row, or of one text padded to the longest.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails.
    pub async fn answer_one(&self, role: Role) -> Result<(), RunError> {
        let answer = match &self.contest {
            Contest::Classes(classes) => {
                let [_, features] = classes.exam.inputs.dims();
                let row = classes.exam.inputs.clone().slice([0..1, 0..features]);
                match role {
                    Role::Teacher => classes.teachers.logits(&row),
                    Role::Alone => classes.alone.logits(&row),
                    Role::Distilled => classes.distilled.logits(&row),
                }
            }
            Contest::Texts(texts) => texts.answer_one(role),
            Contest::Encoders(encoders) => encoders.answer_one(role),
        };
        read(answer).await?;
        Ok(())
    }

    /// Lets a network write what it writes at an evaluation, all texts at once with a cache, and waits for it. No texts in runs where nothing
    /// is written.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails.
    pub async fn write_all(&self, role: Role) -> Result<Vec<Written>, RunError> {
        match &self.contest {
            Contest::Texts(texts) => texts.write_all(&self.experiment, role).await,
            Contest::Classes(_) | Contest::Encoders(_) => Ok(Vec::new()),
        }
    }

    /// What [`Run::write_all`] has of a network, as people read it, and judged.
    pub fn samples(&self, role: Role, written: &[Written]) -> Vec<Sample> {
        match &self.contest {
            Contest::Texts(texts) => texts.samples(role, written),
            Contest::Classes(_) | Contest::Encoders(_) => Vec::new(),
        }
    }
}
