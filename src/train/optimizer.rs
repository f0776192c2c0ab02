//! The update of one network. The maths of AdamW is burn's, or on the CPU a kernel of ours; its state is held here, because burn's whole-module
//! optimisers write their state through a synchronous read, which a browser refuses.

use burn::grad_clipping::GradientClipping;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer as _};
use burn::tensor::{Gradients, Tensor, TensorData};

use crate::device::{AdamWStep, Place, adamw, is_ours};
use crate::model::Parameter;
use crate::spec::{ClipBy, Experiment, LrSchedule, OptimizerKind, Train};

/// An optimiser and its state for every parameter that learns.
#[derive(Clone)]
pub struct Optimizer {
    rule: Rule,
    clip: Option<Clip>,
    /// One slot per parameter that learns, in the order of the network; empty before the first step.
    slots: Vec<Slot>,
}

/// The largest norm of a gradient, and what is taken for one.
#[derive(Debug, Clone, Copy)]
struct Clip {
    most: f64,
    by: ClipBy,
}

#[derive(Clone)]
enum Rule {
    AdamW {
        burns: AdamW,
        beta: [f32; 2],
        epsilon: f32,
        weight_decay: f64,
    },
    /// PyTorch's form: `v ← μv + g + λθ`, `θ ← θ − ηv`. (burn's SGD hides its velocity, so it could not be saved.)
    Sgd {
        momentum: f64,
        weight_decay: f64,
    },
}

#[derive(Clone)]
struct Slot {
    steps: usize,
    /// AdamW: first moment. SGD: velocity.
    first: Tensor<1>,
    /// AdamW: second moment.
    second: Option<Tensor<1>>,
}

impl Clip {
    /// By tensor it is burn's. By network all gradients times `min(1, most/(norm + 1e-6))`, as PyTorch's `clip_grad_norm_` has it, which burn has
    /// not; the norm stays on the device.
    fn apply(self, gradients: Vec<Tensor<1>>) -> Vec<Tensor<1>> {
        match self.by {
            ClipBy::Tensor => {
                let clip = GradientClipping::Norm(self.most as f32);
                gradients.into_iter().map(|gradient| clip.clip_gradient(gradient)).collect()
            }
            ClipBy::Network => {
                let squares = gradients.iter().map(|gradient| gradient.clone().square().sum());
                let Some(squares) = squares.reduce(|sum, square| sum + square) else { return gradients };
                let scale = ((squares.sqrt() + 1e-6).recip() * self.most).clamp_max(1.0);
                gradients.into_iter().map(|gradient| gradient * scale.clone()).collect()
            }
        }
    }
}

impl Optimizer {
    pub fn new(train: &Train) -> Self {
        let rule = match train.optimizer {
            OptimizerKind::Adamw => {
                let (beta, epsilon) = ([train.beta1, train.beta2].map(|beta| beta as f32), train.epsilon as f32);
                let config = AdamWConfig::new()
                    .with_beta_1(beta[0])
                    .with_beta_2(beta[1])
                    .with_epsilon(epsilon)
                    .with_weight_decay(train.weight_decay as f32);
                Rule::AdamW { burns: config.build(), beta, epsilon, weight_decay: train.weight_decay }
            }
            OptimizerKind::Sgd => Rule::Sgd { momentum: train.momentum, weight_decay: train.weight_decay },
        };
        let clip = (train.clip > 0.0).then_some(Clip { most: train.clip, by: train.clip_by });
        Self { rule, clip, slots: Vec::new() }
    }

    /// One step down the gradient of every parameter that learns, as [`gradients`] has them. Frozen ones have no state.
    pub fn step<N: Module>(&mut self, net: N, gradients: Vec<Tensor<1>>, lr: f64) -> N {
        let gradients = match self.clip {
            Some(clip) => clip.apply(gradients),
            None => gradients,
        };
        let (slots, count) = (std::mem::take(&mut self.slots).into_iter(), gradients.len());
        let mut update = Update { rule: &self.rule, gradients: gradients.into_iter(), lr, slots, updated: Vec::with_capacity(count) };
        let net = net.map(&mut update);
        self.slots = update.updated;
        net
    }

    /// Steps that it has made.
    pub fn steps(&self) -> usize {
        self.slots.first().map_or(0, |slot| slot.steps)
    }

    /// Names and values of the state, as flat tensors, for a checkpoint.
    pub fn state(&self, parameters: &[Parameter]) -> Vec<(String, Tensor<1>)> {
        let mut list = Vec::new();
        for (parameter, slot) in parameters.iter().zip(&self.slots) {
            list.push((format!("first.{}", parameter.name), slot.first.clone()));
            list.extend(slot.second.clone().map(|second| (format!("second.{}", parameter.name), second)));
        }
        list
    }

    /// Puts a saved state back. `take` gives the values of a name with that number of elements.
    ///
    /// # Errors
    /// Whatever `take` returns.
    pub fn restore<E>(
        &mut self,
        parameters: &[Parameter],
        steps: usize,
        place: &Place,
        mut take: impl FnMut(&str, usize) -> Result<Vec<f32>, E>,
    ) -> Result<(), E> {
        self.slots.clear();
        if steps == 0 {
            return Ok(());
        }
        for parameter in parameters {
            let count = parameter.shape.iter().product();
            let mut tensor = |prefix: &str| -> Result<Tensor<1>, E> {
                let values = take(&format!("{prefix}.{}", parameter.name), count)?;
                Ok(Tensor::from_data(TensorData::new(values, [count]), &place.inner()))
            };
            let first = tensor("first")?;
            let second = if matches!(self.rule, Rule::AdamW { .. }) { Some(tensor("second")?) } else { None };
            self.slots.push(Slot { steps, first, second });
        }
        Ok(())
    }
}

impl Rule {
    /// The parameters after a step, and what it leaves to the next one. The first step has no `slot` yet.
    fn update(&self, lr: f64, value: Tensor<1>, gradient: Tensor<1>, slot: Option<Slot>) -> (Tensor<1>, Slot) {
        match self {
            Self::AdamW { beta, epsilon, weight_decay, .. } if is_ours(&gradient) => {
                let slot = slot.unwrap_or_else(|| Slot { steps: 0, first: gradient.zeros_like(), second: None });
                let steps = slot.steps + 1;
                let second = slot.second.unwrap_or_else(|| gradient.zeros_like());
                let step = AdamWStep {
                    beta: *beta,
                    epsilon: *epsilon,
                    kept: (1.0 - lr * weight_decay) as f32,
                    lr: lr as f32,
                    correction: beta.map(|beta| 1.0 - beta.powi(steps as i32)),
                };
                let [value, first, second] = adamw(value, gradient, [slot.first, second], step);
                (value, Slot { steps, first, second: Some(second) })
            }
            Self::AdamW { burns, .. } => {
                let state = slot.map(|slot| AdamWState {
                    momentum: AdaptiveMomentumState {
                        time: slot.steps,
                        moment_2: slot.second.unwrap_or_else(|| slot.first.zeros_like()),
                        moment_1: slot.first,
                        max_moment_2: None,
                    },
                });
                let (value, state) = burns.step(lr, value, gradient, state);
                let momentum = state.expect("AdamW always returns its state").momentum;
                (value, Slot { steps: momentum.time, first: momentum.moment_1, second: Some(momentum.moment_2) })
            }
            Self::Sgd { momentum, weight_decay } => {
                let steps = slot.as_ref().map_or(1, |slot| slot.steps + 1);
                let pull = if *weight_decay > 0.0 { gradient + value.clone() * *weight_decay } else { gradient };
                let velocity = match slot {
                    Some(slot) if *momentum > 0.0 => slot.first * *momentum + pull,
                    _ => pull,
                };
                (value - velocity.clone() * lr, Slot { steps, first: velocity, second: None })
            }
        }
    }
}

/// The gradient of a loss at every parameter of a network that learns, flat.
pub fn gradients<N: Module>(net: &N, loss: &Tensor<1>) -> Vec<Tensor<1>> {
    struct Collect(Gradients, Vec<Tensor<1>>);
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let value = param.val();
            if !value.is_require_grad() {
                return;
            }
            // A parameter that the loss does not reach (a projection without hints) has a zero gradient, so that all stay in step.
            let gradient = value.grad_remove(&mut self.0).unwrap_or_else(|| value.clone().inner().zeros_like());
            self.1.push(gradient.flatten(0, D - 1));
        }
    }
    let mut collect = Collect(loss.backward(), Vec::new());
    net.visit(&mut collect);
    collect.1
}

struct Update<'a> {
    rule: &'a Rule,
    gradients: std::vec::IntoIter<Tensor<1>>,
    lr: f64,
    /// Of the parameters to come; none before the first step.
    slots: std::vec::IntoIter<Slot>,
    updated: Vec<Slot>,
}

impl ModuleMapper for Update<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, value) = (param.id, param.val());
        if !value.is_require_grad() {
            return param;
        }
        let (shape, strategy) = (value.dims(), value.gradient_checkpointing_strategy());
        let gradient = self.gradients.next().expect("one gradient for every parameter");
        let (flat, slot) = self.rule.update(self.lr, value.inner().flatten(0, D - 1), gradient, self.slots.next());
        self.updated.push(slot);
        let mut fresh = Tensor::from_inner(flat.reshape(shape));
        if let Some(strategy) = strategy {
            fresh = fresh.with_gradient_checkpointing_strategy(strategy);
        }
        Param::initialized(id, fresh.require_grad())
    }
}

/// Learning rate of both students at a step (from 0). Fine-tuning with a rate of its own (`text.sft_lr`) is a training of its own, as MiniLLM's
/// authors have two: warm-up and schedule run through it, and anew through the steps behind it. What the optimiser remembers goes on.
pub fn student_rate(experiment: &Experiment, step: usize) -> f64 {
    let train = &experiment.train;
    match experiment.first_stage() {
        None => learning_rate(train, train.lr, step, train.steps),
        Some((first, lr)) if step < first => learning_rate(train, lr, step, first),
        Some((first, _)) => learning_rate(train, train.lr, step - first, train.steps - first),
    }
}

/// Learning rate at a step (from 0): linear warm-up, then constant, or down to zero by half a cosine or a straight line.
pub fn learning_rate(train: &Train, base: f64, step: usize, steps: usize) -> f64 {
    if step < train.warmup_steps {
        return base * (step + 1) as f64 / train.warmup_steps as f64;
    }
    let span = steps.saturating_sub(train.warmup_steps).max(1) as f64;
    let done = ((step - train.warmup_steps) as f64 / span).min(1.0);
    match train.schedule {
        LrSchedule::Constant => base,
        LrSchedule::Cosine => base * 0.5 * (1.0 + (std::f64::consts::PI * done).cos()),
        LrSchedule::Linear => base * (1.0 - done),
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use serde::Deserialize;

    use super::*;
    use crate::device::read;
    use crate::device::testing::test_async;

    /// Made by `tests/reference/optimizer.py`, which says how.
    const REFERENCE: &str = include_str!("../../tests/reference/optimizer.json");

    #[derive(Deserialize)]
    struct Case {
        optimizer: OptimizerKind,
        clip_by: ClipBy,
        /// Both parameters, one behind the other, after each step.
        values: Vec<Vec<f64>>,
    }

    #[derive(Module, Debug)]
    struct Two {
        matrix: Param<Tensor<2>>,
        vector: Param<Tensor<1>>,
    }

    fn wave<const D: usize>(shape: [usize; D], seed: f64, size: f64, device: &Device) -> Tensor<D> {
        let count = shape.iter().product::<usize>();
        let values: Vec<f32> = (0..count).map(|at| (size * (1.3 * at as f64 + seed).sin()) as f32).collect();
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// Steps whose gradients are below the limit, above it as a whole, and above it one by one, with betas and epsilon of one's own.
    #[test_async]
    async fn clipped_steps_are_those_of_pytorch() {
        let cases: Vec<Case> = serde_json::from_str(REFERENCE).unwrap();
        assert_eq!(cases.len(), 4);
        for Case { optimizer: kind, clip_by, values } in cases {
            let train = Train {
                optimizer: kind,
                weight_decay: 0.01,
                momentum: 0.9,
                clip: 1.0,
                clip_by,
                beta1: 0.8,
                beta2: 0.98,
                epsilon: 1e-3,
                ..Train::default()
            };
            let place = Place::cpu();
            let (inner, device) = (place.inner(), place.autodiff());
            let mut optimizer = Optimizer::new(&train);
            let mut net = Two {
                matrix: Param::from_tensor(wave([3, 4], 0.0, 0.5, &device).require_grad()),
                vector: Param::from_tensor(wave([5], 1.0, 0.5, &device).require_grad()),
            };
            for (step, expected) in values.iter().enumerate() {
                let size = 0.1 * 2.0_f64.powi(step as i32);
                let gradients = vec![wave([12], 2.0 + step as f64, size, &inner), wave([5], 3.0 + step as f64, 0.5 * size, &inner)];
                net = optimizer.step(net, gradients, 0.01);
                let found = Tensor::cat(vec![net.matrix.val().inner().flatten(0, 1), net.vector.val().inner()], 0);
                for (found, expected) in read(found).await.unwrap().into_iter().zip(expected) {
                    assert!(
                        (f64::from(found) - expected).abs() < 1e-6,
                        "{kind:?}, {clip_by:?}, step {step}: {found} instead of {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_learning_rate_warms_up_and_then_follows_its_schedule() {
        let rates = |schedule: LrSchedule| {
            let train = Train { schedule, warmup_steps: 4, ..Train::default() };
            [0, 1, 3, 4, 8, 12, 20].map(|step| learning_rate(&train, 0.8, step, 12))
        };
        let expected = [
            (LrSchedule::Constant, [0.2, 0.4, 0.8, 0.8, 0.8, 0.8, 0.8]),
            // Half of the way after the warm-up, its end, and behind that.
            (LrSchedule::Cosine, [0.2, 0.4, 0.8, 0.8, 0.4, 0.0, 0.0]),
            (LrSchedule::Linear, [0.2, 0.4, 0.8, 0.8, 0.4, 0.0, 0.0]),
        ];
        for (schedule, expected) in expected {
            for (found, expected) in rates(schedule).into_iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12, "{schedule:?}: {found} instead of {expected}");
            }
        }
        let cosine = Train { schedule: LrSchedule::Cosine, warmup_steps: 0, ..Train::default() };
        // As in PyTorch's CosineAnnealingLR: (1 + cos(π/4))/2 after a quarter.
        assert!((learning_rate(&cosine, 1.0, 25, 100) - 0.853_553_390_593_273_8).abs() < 1e-12);
    }

    /// MiniLLM's two learning rates: 5e-4 for the fine-tuning, 5e-6 for the method.
    #[test]
    fn a_fine_tuning_with_a_rate_of_its_own_has_a_schedule_of_its_own() {
        let of = |sft_lr: &str| {
            let set = [("text.sft_lr", sft_lr), ("text.sft_steps", "8"), ("train.steps", "20"), ("train.lr", "0.000005")];
            let set = set.into_iter().chain([("train.schedule", "linear"), ("train.warmup_steps", "4")]);
            Experiment::from_preset("minillm", set).unwrap()
        };
        let (two, one) = (of("0.0005"), of("0"));
        let expected = [(0, 1.25e-4), (3, 5e-4), (6, 2.5e-4), (8, 1.25e-6), (11, 5e-6), (16, 2.5e-6)];
        for (step, rate) in expected {
            assert!((student_rate(&two, step) - rate).abs() < 1e-15, "step {step}: {}", student_rate(&two, step));
        }
        for step in 0..20 {
            assert_eq!(student_rate(&one, step), learning_rate(&one.train, 5e-6, step, 20), "unset it is one training");
        }
        let classes = Experiment { text: two.text.clone(), ..Experiment::default() };
        assert_eq!(student_rate(&classes, 0), classes.train.lr, "no text is fine-tuned on");
        let longer = Experiment { train: Train { steps: 6, ..two.train.clone() }, ..two };
        assert!((student_rate(&longer, 5) - 2.5e-4).abs() < 1e-15, "the schedule ends with the run");
    }
}
