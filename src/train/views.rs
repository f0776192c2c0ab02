//! Looking at a run: one test row, the plane.

use burn::tensor::{Tensor, TensorData};

use super::studied::UNANSWERED;
use super::{Run, RunError, event::*};
use crate::eval::metrics;
use crate::spec::TaskName;

/// Half the side of the square that the plane view shows.
const EXTENT: f32 = 1.2;

/// Most points sent to the plane view: more would only hide the surface.
const POINTS: usize = 600;

impl Run {
    /// A test row as the networks saw it at the last evaluation, at the current temperature.
    ///
    /// # Errors
    /// [`RunError::NoSuchRow`], and [`RunError::Unavailable`] before the first step.
    pub fn inspect(&self, index: usize) -> Result<Event, RunError> {
        let classes = self.classes()?;
        let exam = &classes.exam.sheet;
        let last = exam.rows().saturating_sub(1);
        if index > last {
            return Err(RunError::NoSuchRow { index, last });
        }
        let width = exam.classes();
        let row = |role| exam.answer(role).map(|logits| logits[index * width..(index + 1) * width].to_vec());
        let teacher = row(Role::Teacher).ok_or(UNANSWERED)?;
        let temperature = self.experiment.distill.temperature;
        let log_p = metrics::log_softmax(&teacher, temperature);
        let views = ROLES.into_iter().filter_map(|role| Some(sample_view(role, row(role)?, &log_p, temperature))).collect();
        let input = classes.dataset.test.row(index).to_vec();
        Ok(Event::Sample { index, label: exam.label(index), input, temperature, views })
    }

    /// An input that is in no data set, `[features]`, as the networks see it now, at the current temperature.
    ///
    /// # Errors
    /// [`RunError::Unavailable`] when the input has another size or a value that is no number, [`RunError::Device`] when the device fails.
    pub async fn ask(&self, input: Vec<f32>) -> Result<Event, RunError> {
        let classes = self.classes()?;
        let features = classes.dataset.test.features();
        if input.len() != features || input.iter().any(|value| !value.is_finite()) {
            return Err(RunError::Unavailable("an input must have one finite number per value of a row of the data set"));
        }
        let input = Tensor::<2>::from_data(TensorData::new(input, [1, features]), &self.place.inner());
        let answers = classes.ask_all(&input).await?;
        let temperature = self.experiment.distill.temperature;
        let log_p = metrics::log_softmax(&answers[0], temperature);
        let views = ROLES.into_iter().zip(answers).map(|(role, logits)| sample_view(role, logits, &log_p, temperature)).collect();
        Ok(Event::Opinion { step: self.step, temperature, views })
    }

    /// The decision surfaces of the three networks on a grid of `resolution`² cells.
    ///
    /// # Errors
    /// [`RunError::Unavailable`] on a task that is not the plane, [`RunError::Device`] when the device fails.
    pub async fn plane(&self, resolution: usize) -> Result<Event, RunError> {
        if self.experiment.task.name != TaskName::Plane {
            return Err(RunError::Unavailable("decision surfaces exist for task.name=plane only"));
        }
        if !(2..=256).contains(&resolution) {
            return Err(RunError::Unavailable("the resolution must be from 2 to 256"));
        }
        let at = |cell: usize| EXTENT * (2.0 * (cell as f32 + 0.5) / resolution as f32 - 1.0);
        let grid: Vec<f32> = (0..resolution * resolution).flat_map(|i| [at(i % resolution), -at(i / resolution)]).collect();
        let grid = Tensor::<2>::from_data(TensorData::new(grid, [resolution * resolution, 2]), &self.place.inner());
        let classes = self.classes()?;
        let surfaces = ROLES
            .into_iter()
            .zip(classes.ask_all(&grid).await?)
            .map(|(role, logits)| {
                let rows = logits.chunks_exact(classes.exam.sheet.classes());
                let best: Vec<usize> = rows.clone().map(metrics::argmax).collect();
                let confidence = rows.zip(&best).map(|(row, best)| (metrics::log_softmax(row, 1.0)[*best].exp() * 255.0) as u8).collect();
                Surface { role, classes: best.into_iter().map(|class| class as u8).collect(), confidence }
            })
            .collect();
        // Labelled rows first: those are the ones that tell the students anything.
        let train = &classes.dataset.train;
        let mut rows: Vec<usize> = (0..train.len()).collect();
        rows.sort_by_key(|row| !classes.labelled[*row]);
        let points = rows
            .into_iter()
            .take(POINTS)
            .map(|row| Point {
                x: train.inputs[row * 2],
                y: train.inputs[row * 2 + 1],
                class: train.labels[row],
                labelled: classes.labelled[row],
            })
            .collect();
        Ok(Event::Plane { resolution, extent: EXTENT, surfaces, points })
    }
}

/// How a network sees one row. `log_p` is what the teacher says of it at the temperature.
pub(super) fn sample_view(role: Role, logits: Vec<f32>, log_p: &[f64], temperature: f64) -> SampleView {
    let log_q = metrics::log_softmax(&logits, temperature);
    SampleView {
        role,
        probabilities: log_q.iter().map(|v| v.exp() as f32).collect(),
        entropy: metrics::entropy(&log_q) as f32,
        kl: metrics::kl(log_p, &log_q) as f32,
        logits,
    }
}
