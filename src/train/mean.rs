//! Means over the micro-batches of a step, built up one at a time, so that only one graph is ever alive.

use burn::tensor::Tensor;

use crate::method::response::Parts;

/// A weighted mean of lists of tensors. Of one list it is that list, to the last bit.
#[derive(Default)]
pub struct Mean {
    values: Vec<Tensor<1>>,
    weight: f64,
}

impl Mean {
    pub fn add(&mut self, values: Vec<Tensor<1>>, weight: f64) {
        self.weight += weight;
        if self.values.is_empty() {
            self.values = values;
            return;
        }
        let share = weight / self.weight;
        let before = std::mem::take(&mut self.values).into_iter();
        self.values = before.zip(values).map(|(mean, value)| mean * (1.0 - share) + value * share).collect();
    }

    /// The mean, after which a new one begins.
    pub fn take(&mut self) -> Vec<Tensor<1>> {
        std::mem::take(self).values
    }
}

/// The losses of a step out of those of its micro-batches.
pub fn of_parts(list: Vec<Parts>) -> Option<Parts> {
    let mean = |pick: fn(&Parts) -> Option<&Tensor<1>>| {
        let mut mean = Mean::default();
        for parts in &list {
            if let Some(part) = pick(parts) {
                mean.add(vec![part.clone()], parts.weight);
            }
        }
        mean.take().pop()
    };
    Some(Parts {
        total: mean(|parts| Some(&parts.total))?,
        hard: mean(|parts| parts.hard.as_ref()),
        soft: mean(|parts| parts.soft.as_ref()),
        hint: mean(|parts| parts.hint.as_ref()),
        attention: mean(|parts| parts.attention.as_ref()),
        weight: list.iter().map(|parts| parts.weight).sum(),
    })
}
