//! The benchmark's fixed distillation steps: weights, data and hyper-parameters given by formula, so that TensorFlow.js, jax-js, PyTorch and
//! Distillery train the very same thing. The networks, losses and optimiser are those of every other run; only the numbers come from here.
//!
//! Unlike a [`super::Run`], a step takes its batch from host memory and asks the frozen teacher again, because the other engines do.

use burn::tensor::{Tensor, TensorData};

use super::Learner;
use crate::device::Place;
use crate::method::response::{self, Guide};
use crate::model::{Layout, Net, Parameter};
use crate::spec::{Distill, Network, NetworkKind, Train};

/// Step `k` trains on batch `k mod BATCHES`.
const BATCHES: usize = 8;
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

/// A fixed distillation problem on a device.
pub struct Workload {
    teacher: Net,
    student: Learner,
    distill: Distill,
    lr: f64,
    batches: Vec<(TensorData, TensorData)>,
    place: Place,
}

/// Names of the workloads.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|definition| definition.name)
}

impl Workload {
    /// The workload of that name (`W1`: an MLP, `W3`: a CNN); `None` for any other.
    pub fn new(name: &str, place: &Place) -> Option<Self> {
        let definition = TABLE.iter().find(|definition| definition.name == name)?;
        let layout = |(channels, widths): (&[usize], &[usize])| {
            let network = Network { kind: definition.kind, channels: channels.into(), widths: widths.into() };
            Layout::new(&network, definition.input, CLASSES)
        };
        let values = |role: &str, layout: &Layout| -> Vec<Vec<f32>> {
            layout.parameters().iter().map(|parameter| initial(&format!("{name}/{role}"), parameter)).collect()
        };
        let (teacher, student) = (layout(definition.teacher), layout(definition.student));
        let train = Train { lr: 1e-3, weight_decay: 0.01, ..Train::default() };
        Some(Self {
            teacher: Net::new(&teacher, &values("teacher", &teacher), &place.inner()),
            student: Learner::new(student.clone(), &values("student", &student), &train, place),
            distill: Distill { temperature: 4.0, alpha: 0.1, ..Distill::default() },
            lr: train.lr,
            batches: (0..BATCHES).map(|k| batch(definition, k)).collect(),
            place: place.clone(),
        })
    }

    /// Makes step `k` (from 0) and returns its loss before the update, `[1]`, without waiting for it.
    pub fn step(&mut self, k: usize) -> Tensor<1> {
        let (inputs, targets) = self.batches[k % BATCHES].clone();
        let inputs = Tensor::<2>::from_data(inputs, &self.place.inner());
        let targets = Tensor::<2>::from_data(targets, &self.place.inner());
        let logits = self.teacher.forward(inputs.clone()).logits;
        let guide = Guide { logits: Tensor::from_inner(logits), activations: None };
        let (inputs, targets) = (Tensor::from_inner(inputs), Tensor::from_inner(targets));
        let parts = response::distilled(&self.student.net, inputs, targets, &guide, &self.distill);
        self.student.learn(&parts.total, self.lr);
        parts.total.inner()
    }
}

/// Weights are uniform with variance 2/fan_in, biases uniform in ±0.1.
fn initial(prefix: &str, parameter: &Parameter) -> Vec<f32> {
    let name = parameter.name.replace("convs.", "conv").replace("dense.", "fc").replace(".weight", ".w").replace(".bias", ".b");
    let half = if parameter.shape.len() == 1 { 0.1 } else { (6.0 / parameter.fan_in as f64).sqrt() };
    stream(&format!("{prefix}/{name}")).take(parameter.shape.iter().product()).map(|u| (half * (2.0 * u - 1.0)) as f32).collect()
}

/// Inputs `[batch, features]` and one-hot labels `[batch, classes]`.
fn batch(definition: &Definition, k: usize) -> (TensorData, TensorData) {
    let Definition { name, batch, input, .. } = definition;
    let features: usize = input.iter().product();
    let inputs: Vec<f32> = stream(&format!("{name}/data/x/{k}")).take(batch * features).map(|u| u as f32).collect();
    let mut targets = vec![0.0_f32; batch * CLASSES];
    for (row, u) in stream(&format!("{name}/data/y/{k}")).take(*batch).enumerate() {
        targets[row * CLASSES + (u * CLASSES as f64) as usize] = 1.0;
    }
    (TensorData::new(inputs, [*batch, features]), TensorData::new(targets, [*batch, CLASSES]))
}

/// Numbers in [0, 1), multiples of 2⁻²⁴, that depend on the name alone: a linear congruential generator seeded by 32-bit FNV-1a.
fn stream(name: &str) -> impl Iterator<Item = f64> {
    let mut state = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    std::iter::from_fn(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let mixed = (state ^ (state >> 16)).wrapping_mul(0x045d_9f3b);
        Some(f64::from((mixed ^ (mixed >> 16)) >> 8) / 16_777_216.0)
    })
}
