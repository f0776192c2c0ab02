//! W1 and W3: an MLP and a CNN teach a smaller one of their kind.

use burn::tensor::{Tensor, TensorData};

use super::super::Learner;
use super::{BATCHES, numbers};
use crate::device::Place;
use crate::method::response::{self, Guide};
use crate::model::{Layout, Net, Parameter};
use crate::spec::{Distill, Network, NetworkKind};

const CLASSES: usize = 10;

/// What tells the workloads apart.
struct Definition {
    name: &'static str,
    input: &'static [usize],
    batch: usize,
    kind: NetworkKind,
    /// Channels and hidden widths.
    teacher: (&'static [usize], &'static [usize]),
    student: (&'static [usize], &'static [usize]),
}

const TABLE: [Definition; 2] = [
    Definition { name: "W1", input: &[64], batch: 128, kind: NetworkKind::Mlp, teacher: (&[], &[256, 256]), student: (&[], &[32]) },
    Definition {
        name: "W3",
        input: &[1, 28, 28],
        batch: 64,
        kind: NetworkKind::Cnn,
        teacher: (&[32, 64], &[128]),
        student: (&[8, 16], &[32]),
    },
];

/// A classifier workload on a device.
pub struct Classifier {
    teacher: Net,
    student: Learner,
    distill: Distill,
    lr: f64,
    batches: Vec<(TensorData, TensorData)>,
    place: Place,
}

impl Classifier {
    /// `W1` or `W3`; `None` for any other.
    pub fn new(name: &str, place: &Place) -> Option<Self> {
        let definition = TABLE.iter().find(|definition| definition.name == name)?;
        let layout = |(channels, widths): (&[usize], &[usize])| {
            let network = Network { kind: definition.kind, channels: channels.into(), widths: widths.into(), ..Network::default() };
            Layout::new(&network, definition.input, CLASSES)
        };
        let values = |role: &str, layout: &Layout| -> Vec<Vec<f32>> {
            layout.parameters().iter().map(|parameter| initial(&format!("{name}/{role}"), parameter)).collect()
        };
        let (teacher, student) = (layout(definition.teacher), layout(definition.student));
        let train = numbers::train();
        Some(Self {
            teacher: Net::new(&teacher, &values("teacher", &teacher), &place.inner()),
            student: Learner::new(student.clone(), &values("student", &student), &train, place),
            distill: numbers::distill(),
            lr: train.lr,
            batches: (0..BATCHES).map(|k| batch(definition, k)).collect(),
            place: place.clone(),
        })
    }

    pub fn step(&mut self, k: usize) -> Tensor<1> {
        let (inputs, targets) = self.batches[k % BATCHES].clone();
        let inputs = Tensor::<2>::from_data(inputs, &self.place.inner());
        let targets = Tensor::<2>::from_data(targets, &self.place.inner());
        let logits = self.teacher.forward(inputs.clone()).logits;
        let guide = Guide { logits, activations: None };
        let parts = response::distilled(&self.student.net, inputs, targets, &guide, &self.distill);
        self.student.learn(&parts.total, self.lr);
        parts.total.inner()
    }
}

/// Weights are uniform with variance 2/fan_in, biases uniform in ±0.1.
fn initial(prefix: &str, parameter: &Parameter) -> Vec<f32> {
    let name = parameter.name.replace("convs.", "conv").replace("dense.", "fc").replace(".weight", ".w").replace(".bias", ".b");
    let half = if parameter.shape.len() == 1 { 0.1 } else { (6.0 / parameter.fan_in as f64).sqrt() };
    numbers::uniform(&format!("{prefix}/{name}"), parameter.shape.iter().product(), 0.0, half)
}

/// Inputs `[batch, features]` and one-hot labels `[batch, classes]`.
fn batch(definition: &Definition, k: usize) -> (TensorData, TensorData) {
    let Definition { name, batch, input, .. } = definition;
    let features: usize = input.iter().product();
    let inputs: Vec<f32> = numbers::stream(&format!("{name}/data/x/{k}")).take(batch * features).map(|u| u as f32).collect();
    let mut targets = vec![0.0_f32; batch * CLASSES];
    for (row, u) in numbers::stream(&format!("{name}/data/y/{k}")).take(*batch).enumerate() {
        targets[row * CLASSES + (u * CLASSES as f64) as usize] = 1.0;
    }
    (TensorData::new(inputs, [*batch, features]), TensorData::new(targets, [*batch, CLASSES]))
}
