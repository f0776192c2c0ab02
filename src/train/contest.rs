//! What the three networks of a run compete in. The step loop, the events and the checkpoints are the same for all contests.

use burn::tensor::Tensor;

use super::{RunError, checkpoint::Saved, classes::Classes, event::*};
use crate::data::IdxFiles;
use crate::device::Place;
use crate::method::response::Parts;
use crate::spec::Experiment;

/// What a caller hands in beside the experiment: bytes, because rooms below the shells open no file.
#[derive(Debug, Default)]
pub struct Materials {
    /// Replaces the embedded images of the `fashion` task.
    pub images: Option<IdxFiles>,
}

/// The networks and their data.
pub(super) enum Contest {
    Classes(Box<Classes>),
}

impl Contest {
    pub fn new(experiment: &Experiment, place: &Place, materials: &Materials) -> Result<Self, RunError> {
        Ok(Self::Classes(Box::new(Classes::new(experiment, place, materials)?)))
    }

    /// The teacher stands still from now on: what it says of the training data may be computed once.
    pub fn freeze_teacher(&mut self) {
        match self {
            Self::Classes(classes) => classes.keep_teacher(),
        }
    }

    /// The teacher makes one step per rate from step `from`; the loss of the last one.
    pub fn teach(&mut self, from: usize, rates: &[f64]) -> Tensor<1> {
        match self {
            Self::Classes(classes) => classes.teachers.learn(from, rates),
        }
    }

    /// Both students make one step per rate from step `from`, on the same batches; the losses of the last one.
    pub async fn learn(&mut self, experiment: &Experiment, from: usize, rates: &[f64]) -> Result<Vec<(Role, Parts)>, RunError> {
        match self {
            Self::Classes(classes) => Ok(classes.learn(experiment, from, rates)),
        }
    }

    /// The networks on the test data.
    pub async fn examine(&mut self, teacher_changes: bool) -> Result<Vec<Evaluation>, RunError> {
        match self {
            Self::Classes(classes) => classes.examine(teacher_changes).await,
        }
    }

    /// The networks of a role.
    pub fn networks(&self, role: Role) -> Vec<&dyn Saved> {
        match self {
            Self::Classes(classes) => classes.networks(role),
        }
    }

    /// One network of a role; only teachers can be several.
    pub fn network_mut(&mut self, role: Role, index: usize) -> &mut dyn Saved {
        match self {
            Self::Classes(classes) => classes.network_mut(role, index),
        }
    }
}
