//! The teacher: one network or several averaged, shipped or trained here.

use burn::module::Module;
use burn::tensor::Tensor;

use super::{Learner, RunError, mean::Mean, pretrained, table::Table};
use crate::data::{self, Batches, Dataset, Shipped};
use crate::device::Place;
use crate::loss::{hard, teachers::average};
use crate::method::response::Guide;
use crate::model::Layout;
use crate::spec::{Experiment, TeacherSource};

/// All teachers of a run. Each live one has its own first weights and order of batches; all learn from every clean training label.
pub struct Teachers {
    pub learners: Vec<Learner>,
    tables: Vec<Table>,
}

impl Teachers {
    /// Shipped weights, or first weights of live teachers.
    ///
    /// # Errors
    /// When no shipped teacher fits the task and the shape asked for, or it is not at hand.
    pub fn new(experiment: &Experiment, dataset: &Dataset, shipped: &Shipped, place: &Place) -> Result<Self, RunError> {
        let classes = dataset.classes.len();
        let layout = Layout::new(&experiment.teacher.network(), &dataset.input, classes);
        if experiment.teacher.source == TeacherSource::Pretrained {
            let values = pretrained::load(experiment, &layout, shipped)?;
            return Ok(Self { learners: vec![Learner::new(layout, &values, &experiment.train, place)], tables: Vec::new() });
        }
        let labels: Vec<_> = dataset.train.labels.iter().map(|label| Some(*label)).collect();
        let batch = experiment.train.batch_size;
        let count = experiment.teacher.count;
        let learners = (0..count)
            .map(|index| {
                let values = layout.initial(&mut data::rng(experiment.seed, &format!("teacher {index}")));
                Learner::new(layout.clone(), &values, &experiment.train, place)
            })
            .collect();
        let tables = (0..count)
            .map(|index| {
                let order = Batches::new(experiment.seed, &format!("teacher batches {index}"), labels.len(), batch)?;
                Ok(Table::new(dataset.train.inputs.clone(), &labels, classes, batch, order, place))
            })
            .collect::<Result<_, RunError>>()?;
        Ok(Self { learners, tables })
    }

    /// Trains every teacher on `rates.len()` steps of `micro` micro-batches from step `from`; the mean of their losses at the last one.
    pub fn learn(&mut self, from: usize, rates: &[f64], micro: usize) -> Tensor<1> {
        let mut last = Vec::new();
        for (learner, table) in self.learners.iter_mut().zip(&mut self.tables) {
            let mut batches = table.chunk(from, rates.len(), micro).into_iter();
            let mut losses = Mean::default();
            for lr in rates {
                losses = Mean::default();
                for batch in batches.by_ref().take(micro) {
                    let loss = hard::cross_entropy(learner.net.forward(batch.inputs).logits, batch.targets);
                    learner.gather(&loss, 1.0);
                    losses.add(vec![loss.inner()], 1.0);
                }
                learner.step(*lr);
            }
            last.extend(losses.take());
        }
        let count = last.len() as f64;
        Tensor::cat(last, 0).sum() / count
    }

    /// Logits `[rows, classes]` of rows `[rows, features]`, without gradients; of several teachers, the log of their mean probability.
    pub fn logits(&self, inputs: &Tensor<2>) -> Tensor<2> {
        let mut logits: Vec<_> = self.learners.iter().map(|learner| learner.logits(inputs)).collect();
        if logits.len() == 1 { logits.swap_remove(0) } else { average(logits) }
    }

    /// What the student hears of the teacher on a batch. `kept` are logits computed before.
    pub fn guide(&self, inputs: &Tensor<2>, kept: Option<Tensor<2>>, with_features: bool) -> Guide {
        let plain = || inputs.clone().inner();
        let activations = with_features.then(|| self.learners[0].net.valid().forward(plain()));
        let logits = match (kept, &activations) {
            (Some(kept), _) => kept,
            (None, Some(found)) => found.logits.clone(),
            (None, None) => self.logits(&plain()),
        };
        Guide { logits, activations }
    }
}
