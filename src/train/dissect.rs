//! One step in slow motion: what the next step of the distilled student will do, taken apart, without doing it.

use burn::tensor::Tensor;
use serde::Serialize;

use super::optimizer::{gradients, student_rate};
use super::{Run, RunError, event::*, views::sample_view};
use crate::device::Reads;
use crate::eval::metrics;
use crate::loss::soft;
use crate::method::response;
use crate::model::Trainable;
use crate::spec::Experiment;

/// How the two halves of the loss pull at one tensor of the network, or at all of them. The halves carry their weights, `α` and `(1−α)·T²`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Pull {
    /// The tensor, such as `dense.0.weight`; empty for the whole network.
    pub name: String,
    /// Norm of the gradient of the hard-label half.
    pub hard: f64,
    /// Norm of the gradient of the soft half.
    pub soft: f64,
    /// Norm of what hints and attention transfer add.
    pub features: f64,
    /// Norm of the gradient of the whole loss.
    pub total: f64,
    /// Cosine between the hard and the soft half; 0 when one of them is 0.
    pub cosine: f64,
    /// Norm of the values.
    pub weights: f64,
    /// Norm of the change that the optimiser will make.
    pub update: f64,
}

/// The row of the batch that is followed on its way.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Followed {
    /// The input, `[features]`.
    pub input: Vec<f32>,
    /// The label that the student is given, if any; it may be a noisy one.
    pub label: Option<usize>,
    /// The teacher and the distilled student, before the step.
    pub views: Vec<SampleView>,
}

/// The halves of the loss at one point, each with the gradient of every tensor, flat.
struct Halves {
    hard: Vec<Tensor<1>>,
    soft: Vec<Tensor<1>>,
    total: Vec<Tensor<1>>,
}

impl Run {
    /// Takes the next step of the distilled student apart. `row` of the batch is followed on its way. After the end of a run it is the one
    /// step more that is not made, at the rate of the last.
    ///
    /// # Errors
    /// [`RunError::Unavailable`] while the teacher learns first, [`RunError::Device`] when the device fails.
    pub async fn dissect(&self, row: usize) -> Result<Event, RunError> {
        if self.phase == Phase::Teacher {
            return Err(RunError::Unavailable("only a step of the students can be taken apart, and the teacher learns first"));
        }
        let Experiment { distill, train, .. } = &self.experiment;
        // Beyond its end a schedule has come to zero, which would show no change at all.
        let lr = student_rate(&self.experiment, self.step.min(train.steps.saturating_sub(1)));
        let classes = self.classes()?;
        let batch = classes.table.step(self.step, train.accumulate);
        let with_features = distill.hint_weight > 0.0 || distill.attention_weight > 0.0;
        let guide = classes.teachers.guide(&batch.inputs, batch.teacher.clone(), with_features);
        let student = &classes.distilled;
        // burn frees a graph with its first backward pass, so each gradient has a forward pass of its own.
        let parts = || response::distilled(&student.net, batch.inputs.clone(), batch.targets.clone(), &guide, distill);
        let grad = |loss: Tensor<1>| gradients(&student.net, &loss);
        let first = parts();
        let scale = soft::scale(distill);
        let soft_loss = parts().soft.expect("the distilled student has a soft loss");
        let hard_loss = parts().hard.expect("a classifier has labels");
        let halves = Halves {
            hard: grad(hard_loss * distill.alpha),
            soft: grad(soft_loss * ((1.0 - distill.alpha) * scale)),
            total: grad(parts().total),
        };

        let before = student.net.parameters();
        // A copy makes the step.
        let after = student.optimizer.clone().step(student.net.clone(), grad(parts().total), lr).parameters();
        let mut reads = Reads::default();
        for (index, (before, after)) in before.iter().zip(after).enumerate() {
            let (hard, soft, total) = (&halves.hard[index], &halves.soft[index], &halves.total[index]);
            let features = total.clone() - hard.clone() - soft.clone();
            let square = |tensor: Tensor<1>| tensor.square().sum();
            let sums = [
                square(hard.clone()),
                square(soft.clone()),
                square(features),
                square(total.clone()),
                (hard.clone() * soft.clone()).sum(),
                square(before.clone()),
                square(after - before.clone()),
            ];
            reads.add(Tensor::cat(sums.to_vec(), 0));
        }
        let [rows, _] = batch.inputs.dims();
        let row = row % rows;
        let one = |tensor: Tensor<2>| {
            let [_, width] = tensor.dims();
            tensor.inner().slice([row..row + 1, 0..width])
        };
        reads.add(one(batch.inputs.clone()));
        reads.add(one(batch.targets.clone()));
        reads.add(one(guide.logits.clone()));
        reads.add(one(student.net.forward(batch.inputs.clone()).logits));
        let mut values = reads.run().await?;
        let [input, target, teacher, logits] = values.split_off(before.len()).try_into().expect("four were asked for");
        let losses = self.read_losses(vec![(Role::Distilled, first)]).await?;

        let names = student.layout.parameters();
        let per_tensor: Vec<Pull> = names.iter().zip(&values).map(|(parameter, sums)| pull(&parameter.name, sums)).collect();
        let whole: Vec<f32> = (0..7).map(|at| values.iter().map(|sums| sums[at]).sum()).collect();
        let label = target.iter().any(|value| *value > 0.0).then(|| metrics::argmax(&target));
        let temperature = distill.temperature;
        let log_p = metrics::log_softmax(&teacher, temperature);
        let view = |role, logits: Vec<f32>| sample_view(role, logits, &log_p, temperature);
        Ok(Event::Dissected {
            step: self.step,
            rows,
            row,
            temperature,
            alpha: distill.alpha,
            scale,
            lr,
            losses: losses[0],
            followed: Followed { input, label, views: vec![view(Role::Teacher, teacher), view(Role::Distilled, logits)] },
            whole: pull("", &whole),
            tensors: per_tensor,
        })
    }
}

/// Norms and cosine from sums of squares and products.
fn pull(name: &str, sums: &[f32]) -> Pull {
    let root = |at: usize| f64::from(sums[at]).max(0.0).sqrt();
    let (hard, soft) = (root(0), root(1));
    let product = hard * soft;
    Pull {
        name: name.into(),
        hard,
        soft,
        features: root(2),
        total: root(3),
        cosine: if product > 0.0 { (f64::from(sums[4]) / product).clamp(-1.0, 1.0) } else { 0.0 },
        weights: root(5),
        update: root(6),
    }
}
