//! Low-rank adapters (LoRA, Hu et al. 2021) on the matrices of a transformer's layers: `W + α/r·A·B`, in which A and B learn and all else
//! stands still. The maths is burn's ([`burn::module::Lora`]); in here is which matrices have one, and what they start from.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use rand::Rng;

use super::Parameter;
use crate::data;
use crate::spec::{Experiment, LoraTargets};

/// What stands between a matrix's name and that of its factor: burn's path of it.
const INFIX: &str = ".lora.";

/// Adapters of one shape on every matrix that is a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lora {
    pub rank: usize,
    pub alpha: f64,
    pub targets: LoraTargets,
    /// Decides the first values.
    seed: u32,
    /// The page has no checkpoint to adapt, and not the room for burn's code: there this type has no value, and what is for it is not compiled.
    #[cfg(target_family = "wasm")]
    never: std::convert::Infallible,
}

impl Lora {
    /// Of the students; none where all of their weights learn.
    #[cfg(not(target_family = "wasm"))]
    pub fn of(experiment: &Experiment) -> Option<Self> {
        let student = &experiment.student;
        let (rank, alpha, targets) = (student.lora_rank, student.lora_alpha, student.lora_targets);
        (rank > 0).then_some(Self { rank, alpha, targets, seed: experiment.seed })
    }

    #[cfg(target_family = "wasm")]
    pub fn of(_: &Experiment) -> Option<Self> {
        None
    }

    /// Whether a parameter of that name gets an adapter. `qkv` is queries, keys and values side by side, which share an A; so do the gate and
    /// the up-projection of SwiGLU.
    pub fn adapts(&self, name: &str) -> bool {
        let Some((path, "weight")) = name.rsplit_once('.') else { return false };
        let Some((_, part)) = path.strip_prefix("layers.").and_then(|rest| rest.split_once('.')) else { return false };
        match part {
            "qkv" | "out" => self.targets != LoraTargets::FeedForward,
            "up" | "down" => self.targets != LoraTargets::Attention,
            _ => false,
        }
    }

    /// The parameters of the network with its factors, in the order in which it is walked through: behind each adapted matrix `[in, out]` its A
    /// `[in, rank]` and its B `[rank, out]`.
    pub fn listing(&self, parameters: &[Parameter]) -> Vec<Parameter> {
        let factor = |of: &Parameter, name: &str, shape: [usize; 2]| Parameter {
            name: format!("{}{INFIX}{name}", of.name),
            shape: shape.to_vec(),
            fan_in: shape[0],
            linear: true,
        };
        let with_factors = |parameter: &Parameter| {
            let mut list = vec![parameter.clone()];
            if self.adapts(&parameter.name) {
                list.push(factor(parameter, "a", [parameter.shape[0], self.rank]));
                list.push(factor(parameter, "b", [self.rank, parameter.shape[1]]));
            }
            list
        };
        parameters.iter().flat_map(with_factors).collect()
    }

    /// The factors alone.
    pub fn factors(&self, parameters: &[Parameter]) -> Vec<Parameter> {
        self.listing(parameters).into_iter().filter(|parameter| is_factor(&parameter.name)).collect()
    }

    /// First values of the factors, as PEFT has them: A uniform over ±1/√in, B zero, so that the network is what it was.
    fn initial(&self, parameters: &[Parameter]) -> Vec<Vec<f32>> {
        let mut rng = data::rng(self.seed, "adapters");
        let value = |factor: Parameter| {
            let count = factor.shape.iter().product();
            let half = if factor.name.ends_with('a') { 1.0 / (factor.fan_in as f64).sqrt() } else { 0.0 };
            (0..count).map(|_| (half * (f64::from(rng.next_u32()) / f64::from(u32::MAX)).mul_add(2.0, -1.0)) as f32).collect()
        };
        self.factors(parameters).into_iter().map(value).collect()
    }

    /// A network with the factors that it starts from.
    pub fn start<N: Module>(&self, net: N, parameters: &[Parameter]) -> N {
        put(net, self.initial(parameters))
    }

    /// A network of these parameters, frozen, with adapters that can be trained.
    #[cfg(not(target_family = "wasm"))]
    pub fn attach<N: Module>(&self, net: N, parameters: &[Parameter]) -> N {
        let targets = parameters.iter().map(|parameter| &parameter.name).filter(|name| self.adapts(name)).collect();
        let group = burn::module::ParamGroup::from_paths(targets);
        let net = net.apply_lora(burn::module::Lora::new(self.rank, self.alpha).set_param_group(group));
        // burn's first values come out of the device's random numbers.
        self.start(net, parameters)
    }

    #[cfg(target_family = "wasm")]
    pub fn attach<N: Module>(&self, _: N, _: &[Parameter]) -> N {
        match self.never {}
    }
}

/// Whether that is the name of a factor.
pub fn is_factor(name: &str) -> bool {
    name.contains(INFIX)
}

/// Other values for the factors of a network, in the order of [`Lora::factors`].
pub fn put<N: Module>(net: N, values: Vec<Vec<f32>>) -> N {
    net.map(&mut Put(values.into_iter()))
}

struct Put(std::vec::IntoIter<Vec<f32>>);

impl ModuleMapper for Put {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        // All else is frozen.
        if !param.val().is_require_grad() {
            return param;
        }
        let (shape, device) = (param.val().dims(), param.val().device());
        let values = self.0.next().expect("values for every factor");
        Param::initialized(param.id, Tensor::from_data(TensorData::new(values, shape), &device).require_grad())
    }
}
