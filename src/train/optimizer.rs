//! The update of one network. The maths of AdamW is burn's; its state is held here, because burn's whole-module optimisers write their
//! state through a synchronous read, which a browser refuses.

use burn::grad_clipping::GradientClipping;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer as _};
use burn::tensor::{Gradients, Tensor, TensorData};

use crate::device::Place;
use crate::model::Parameter;
use crate::spec::{LrSchedule, OptimizerKind, Train};

/// An optimiser and its state for every parameter that learns.
#[derive(Clone)]
pub struct Optimizer {
    rule: Rule,
    clip: Option<GradientClipping>,
    /// One slot per parameter that learns, in the order of the network; empty before the first step.
    slots: Vec<Slot>,
}

#[derive(Clone)]
enum Rule {
    AdamW(AdamW),
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

impl Optimizer {
    pub fn new(train: &Train) -> Self {
        let rule = match train.optimizer {
            OptimizerKind::Adamw => {
                let config = AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(train.weight_decay as f32);
                Rule::AdamW(config.build())
            }
            OptimizerKind::Sgd => Rule::Sgd { momentum: train.momentum, weight_decay: train.weight_decay },
        };
        let clip = (train.clip > 0.0).then_some(GradientClipping::Norm(train.clip as f32));
        Self { rule, clip, slots: Vec::new() }
    }

    /// One step down the gradient of every parameter that learns, as [`gradients`] has them. Frozen ones have no state.
    pub fn step<N: Module>(&mut self, net: N, gradients: Vec<Tensor<1>>, lr: f64) -> N {
        net.map(&mut Update { optimizer: self, gradients: gradients.into_iter(), lr, index: 0 })
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
            let second = if matches!(self.rule, Rule::AdamW(_)) { Some(tensor("second")?) } else { None };
            self.slots.push(Slot { steps, first, second });
        }
        Ok(())
    }

    fn update(&self, lr: f64, value: Tensor<1>, gradient: Tensor<1>, slot: Option<&Slot>) -> (Tensor<1>, Slot) {
        match &self.rule {
            Rule::AdamW(adamw) => {
                let state = slot.map(|slot| AdamWState {
                    momentum: AdaptiveMomentumState {
                        time: slot.steps,
                        moment_1: slot.first.clone(),
                        moment_2: slot.second.clone().unwrap_or_else(|| slot.first.zeros_like()),
                        max_moment_2: None,
                    },
                });
                let (value, state) = adamw.step(lr, value, gradient, state);
                let momentum = state.expect("AdamW always returns its state").momentum;
                (value, Slot { steps: momentum.time, first: momentum.moment_1, second: Some(momentum.moment_2) })
            }
            Rule::Sgd { momentum, weight_decay } => {
                let pull = if *weight_decay > 0.0 { gradient + value.clone() * *weight_decay } else { gradient };
                let velocity = match slot {
                    Some(slot) if *momentum > 0.0 => slot.first.clone() * *momentum + pull,
                    _ => pull,
                };
                (value - velocity.clone() * lr, Slot { steps: slot.map_or(1, |slot| slot.steps + 1), first: velocity, second: None })
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
    optimizer: &'a mut Optimizer,
    gradients: std::vec::IntoIter<Tensor<1>>,
    lr: f64,
    index: usize,
}

impl ModuleMapper for Update<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, value) = (param.id, param.val());
        if !value.is_require_grad() {
            return param;
        }
        let index = self.index;
        self.index += 1;
        let (shape, strategy) = (value.dims(), value.gradient_checkpointing_strategy());
        let gradient = self.gradients.next().expect("one gradient for every parameter");
        let gradient = match &self.optimizer.clip {
            Some(clip) => clip.clip_gradient(gradient),
            None => gradient,
        };
        let flat = value.inner().flatten(0, D - 1);
        let (flat, slot) = self.optimizer.update(self.lr, flat, gradient, self.optimizer.slots.get(index));
        match self.optimizer.slots.get_mut(index) {
            Some(place) => *place = slot,
            None => self.optimizer.slots.push(slot),
        }
        let mut fresh = Tensor::from_inner(flat.reshape(shape));
        if let Some(strategy) = strategy {
            fresh = fresh.with_gradient_checkpointing_strategy(strategy);
        }
        Param::initialized(id, fresh.require_grad())
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
