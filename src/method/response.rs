//! Response distillation with a frozen or moving teacher: soft labels (Hinton et al. 2015) under any divergence, with FitNets hints and
//! attention transfer as further terms.

use burn::tensor::{Device, Tensor};

use crate::loss::{combine, features, hard, soft};
use crate::model::{Activations, Net};
use crate::spec::Distill;

/// A student's loss and its parts, scalars `[1]`.
pub struct Parts {
    pub total: Tensor<1>,
    /// `None` in a step that looks at no labels.
    pub hard: Option<Tensor<1>>,
    pub soft: Option<Tensor<1>>,
    pub hint: Option<Tensor<1>>,
    pub attention: Option<Tensor<1>>,
    /// What the loss counts beside those of other micro-batches of a step: the tokens that it is a mean over, or 1 where all count alike.
    pub weight: f64,
}

impl Parts {
    /// A loss of labels alone.
    pub fn labels(hard: Tensor<1>) -> Self {
        Self { total: hard.clone(), hard: Some(hard), soft: None, hint: None, attention: None, weight: 1.0 }
    }

    /// A loss of the teacher alone, `total` out of its divergence.
    pub fn teacher(total: Tensor<1>, soft: Tensor<1>) -> Self {
        Self { total, hard: None, soft: Some(soft), hint: None, attention: None, weight: 1.0 }
    }

    /// A loss of labels and teacher, `total` out of both; a part that is not looked at is `None`.
    pub fn of(total: Tensor<1>, hard: Option<Tensor<1>>, soft: Option<Tensor<1>>) -> Self {
        Self { total, hard, soft, hint: None, attention: None, weight: 1.0 }
    }

    /// The same as a mean over so many tokens.
    pub fn over(self, tokens: usize) -> Self {
        Self { weight: tokens.max(1) as f64, ..self }
    }

    /// The same numbers on another device.
    pub fn on(self, device: &Device) -> Self {
        self.each(|scalar| scalar.to_device(device))
    }

    /// The same numbers without a graph.
    pub fn plain(self) -> Self {
        self.each(|scalar| if scalar.device().is_autodiff() { scalar.inner() } else { scalar })
    }

    fn each(self, of: impl Fn(Tensor<1>) -> Tensor<1>) -> Self {
        let Self { total, hard, soft, hint, attention, weight } = self;
        let [hard, soft, hint, attention] = [hard, soft, hint, attention].map(|part| part.map(&of));
        Self { total: of(total), hard, soft, hint, attention, weight }
    }
}

/// What the student may know of the teacher on a batch.
pub struct Guide {
    /// `[batch, classes]`.
    pub logits: Tensor<2>,
    /// Its activations on the same batch; needed by the feature terms only.
    pub activations: Option<Activations>,
}

/// The loss of a student that learns from labels only. `targets` is `[batch, classes]`.
pub fn alone(student: &Net, inputs: Tensor<2>, targets: Tensor<2>, label_smoothing: f64) -> Parts {
    let targets = if label_smoothing > 0.0 { hard::smooth(targets, label_smoothing) } else { targets };
    Parts::labels(hard::cross_entropy(student.forward(inputs).logits, targets))
}

/// The loss of a student that learns from labels and teacher: `α·CE + (1−α)·T²·divergence + feature terms`.
pub fn distilled(student: &Net, inputs: Tensor<2>, targets: Tensor<2>, guide: &Guide, distill: &Distill) -> Parts {
    let Activations { logits, hidden, maps } = student.forward(inputs);
    let hard = hard::cross_entropy(logits.clone(), targets.clone());
    let soft = soft::soft_loss(guide.logits.clone(), logits, targets, distill);
    let teacher = guide.activations.as_ref();
    let hint = (distill.hint_weight > 0.0)
        .then(|| {
            let projected = student.project(hidden?)?;
            Some(features::hint(projected, teacher?.hidden.clone()?))
        })
        .flatten();
    let attention = (distill.attention_weight > 0.0).then(|| attention(&maps, &teacher?.maps)).flatten();
    let total = combine(hard.clone(), soft.clone(), hint.clone(), attention.clone(), distill);
    Parts { total, hard: Some(hard), soft: Some(soft), hint, attention, weight: 1.0 }
}

/// Mean attention loss over the layers of equal size, paired from the first.
fn attention(student: &[Tensor<4>], teacher: &[Tensor<4>]) -> Option<Tensor<1>> {
    let pairs: Vec<_> = student
        .iter()
        .zip(teacher)
        .filter(|(s, t)| s.dims()[2..] == t.dims()[2..])
        .map(|(s, t)| features::attention_transfer(s.clone(), t.clone()))
        .collect();
    let count = pairs.len();
    pairs.into_iter().reduce(|sum, term| sum + term).map(|sum| sum / count as f64)
}
