//! Rows on the device, and minibatches out of them.

use burn::tensor::{Int, Tensor, TensorData};

use crate::data::Batches;
use crate::device::Place;

/// Training rows that stay on the device. Every step gathers its batch there; only row numbers cross the bus.
pub struct Table {
    /// `[rows, features]`, without gradients.
    pub inputs: Tensor<2>,
    /// `[rows, classes]`: one-hot labels, zero rows where there is none.
    targets: Tensor<2>,
    /// `[rows, classes]`: the frozen teacher's logits.
    teacher: Option<Tensor<2>>,
    batches: Batches,
    batch_size: usize,
}

/// One minibatch, ready for networks with gradients.
pub struct Batch {
    /// `[batch, features]`.
    pub inputs: Tensor<2>,
    /// `[batch, classes]`.
    pub targets: Tensor<2>,
    /// `[batch, classes]`.
    pub teacher: Option<Tensor<2>>,
}

impl Table {
    /// `inputs` is row-major `[labels.len(), features]`.
    pub fn new(inputs: Vec<f32>, labels: &[Option<u8>], classes: usize, batch_size: usize, batches: Batches, place: &Place) -> Self {
        let rows = labels.len();
        let features = inputs.len() / rows.max(1);
        Self {
            inputs: Tensor::from_data(TensorData::new(inputs, [rows, features]), &place.inner()),
            targets: one_hot(labels, classes, place),
            teacher: None,
            batches,
            batch_size,
        }
    }

    /// Keeps the frozen teacher's logits of every row, so that no step computes them again.
    pub fn keep_teacher(&mut self, logits: Tensor<2>) {
        self.teacher = Some(logits);
    }

    /// The micro-batches of `steps` steps of `micro` each from step `from`. They are gathered at once: three kernels for all of them.
    pub fn chunk(&self, from: usize, steps: usize, micro: usize) -> Vec<Batch> {
        let count = steps * micro;
        let Batch { inputs, targets, teacher } = self.gather(from * micro, count);
        let part = |table: &Tensor<2>, step: usize| {
            let [_, width] = table.dims();
            table.clone().slice([step * self.batch_size..(step + 1) * self.batch_size, 0..width])
        };
        (0..count)
            .map(|step| Batch {
                inputs: part(&inputs, step),
                targets: part(&targets, step),
                teacher: teacher.as_ref().map(|teacher| part(teacher, step)),
            })
            .collect()
    }

    /// All rows of a step of `micro` micro-batches as one batch.
    pub fn step(&self, step: usize, micro: usize) -> Batch {
        self.gather(step * micro, micro)
    }

    fn gather(&self, from: usize, count: usize) -> Batch {
        let rows: Vec<i32> = (from..from + count).flat_map(|at| self.batches.at(at)).collect();
        let count = rows.len();
        let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), &self.inputs.device());
        let gather = |table: &Tensor<2>| table.clone().select(0, rows.clone());
        Batch { inputs: gather(&self.inputs), targets: gather(&self.targets), teacher: self.teacher.as_ref().map(gather) }
    }
}

/// `[labels.len(), classes]`, zero rows where there is no label.
fn one_hot(labels: &[Option<u8>], classes: usize, place: &Place) -> Tensor<2> {
    let mut values = vec![0.0_f32; labels.len() * classes];
    for (row, label) in labels.iter().enumerate() {
        if let Some(label) = label {
            values[row * classes + usize::from(*label)] = 1.0;
        }
    }
    Tensor::from_data(TensorData::new(values, [labels.len(), classes]), &place.inner())
}
