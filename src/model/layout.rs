//! The shape of a network on given inputs, on paper: names and shapes of its parameters, and their first values. No tensor in here, so that
//! the browser and the native build start from the same bits.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::spec::{Network, NetworkKind};

/// One parameter tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// `convs.0.weight`, `dense.1.bias`, ...
    pub name: String,
    /// `[out, in, 3, 3]` for a convolution, `[in, out]` for a dense layer, `[out]` for a bias.
    pub shape: Vec<usize>,
    /// Inputs that flow into one output: the scale of the first values.
    pub fan_in: usize,
    /// Part of the last layer, or of a projection: no ReLU follows.
    pub linear: bool,
}

/// A network on inputs of a known shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// `[channels, height, width]`; an MLP flattens them.
    pub input: [usize; 3],
    /// Output channels of each convolution; empty for an MLP.
    pub channels: Vec<usize>,
    /// Inputs of the first dense layer, hidden widths, classes.
    pub dense: Vec<usize>,
    /// Width of the teacher's hidden layer when a FitNets projection hangs on this network.
    pub projection: Option<usize>,
}

impl Layout {
    /// `input` is `[channels, height, width]`, or `[features]`.
    pub fn new(network: &Network, input: &[usize], classes: usize) -> Self {
        let input = match *input {
            [c, h, w] => [c, h, w],
            _ => [input.iter().product(), 1, 1],
        };
        let mut features = input.iter().product();
        let channels = if network.kind == NetworkKind::Cnn { network.channels.clone() } else { Vec::new() };
        if let Some(last) = channels.last() {
            // Each convolution keeps the size, each 2×2 pool halves it, rounding down but never to nothing.
            let side = |size: usize| channels.iter().fold(size, |size, _| pooled(size));
            features = last * side(input[1]) * side(input[2]);
        }
        let dense = [&[features], network.widths.as_slice(), &[classes]].concat();
        Self { input, channels, dense, projection: None }
    }

    /// The same network with a learned projection of its last hidden layer to `width`.
    pub fn with_projection(self, width: usize) -> Self {
        Self { projection: Some(width), ..self }
    }

    /// Width of the last hidden dense layer.
    pub fn hidden(&self) -> Option<usize> {
        (self.dense.len() > 2).then(|| self.dense[self.dense.len() - 2])
    }

    /// Values of all attention maps: one per pixel of each convolution's map.
    pub fn map_values(&self) -> usize {
        let [_, mut height, mut width] = self.input;
        let mut values = 0;
        for _ in &self.channels {
            values += height * width;
            (height, width) = (pooled(height), pooled(width));
        }
        values
    }

    /// Every parameter, in the order of the network.
    pub fn parameters(&self) -> Vec<Parameter> {
        let mut list = Vec::new();
        let mut push = |name: String, shape: Vec<usize>, fan_in: usize, linear: bool| {
            let out = if shape.len() == 4 { shape[0] } else { shape[1] };
            list.push(Parameter { name: format!("{name}.weight"), shape, fan_in, linear });
            list.push(Parameter { name: format!("{name}.bias"), shape: vec![out], fan_in, linear });
        };
        let mut into = self.input[0];
        for (index, &out) in self.channels.iter().enumerate() {
            push(format!("convs.{index}"), vec![out, into, 3, 3], into * 9, false);
            into = out;
        }
        for (index, pair) in self.dense.windows(2).enumerate() {
            push(format!("dense.{index}"), vec![pair[0], pair[1]], pair[0], index + 2 == self.dense.len());
        }
        if let (Some(hidden), Some(width)) = (self.hidden(), self.projection) {
            push("projection".into(), vec![hidden, width], hidden, true);
        }
        list
    }

    /// Number of parameters, without the projection: that one is thrown away after training.
    pub fn parameter_count(&self) -> usize {
        let own = Self { projection: None, ..self.clone() };
        own.parameters().iter().map(|p| p.shape.iter().product::<usize>()).sum()
    }

    /// First values: weights uniform with variance 2/fan_in (He et al. 2015), 1/fan_in where no ReLU follows; biases zero.
    pub fn initial(&self, rng: &mut ChaCha8Rng) -> Vec<Vec<f32>> {
        let mut uniform = |half: f32| (f64::from(rng.next_u32()) / f64::from(u32::MAX)).mul_add(2.0, -1.0) as f32 * half;
        self.parameters()
            .iter()
            .map(|parameter| {
                let count = parameter.shape.iter().product();
                if parameter.shape.len() == 1 {
                    return vec![0.0; count];
                }
                let gain = if parameter.linear { 3.0 } else { 6.0 };
                let half = (gain / parameter.fan_in as f32).sqrt();
                (0..count).map(|_| uniform(half)).collect()
            })
            .collect()
    }

    /// In words: `64 → 256 → 256 → 10`, `14×14 → conv 8 → conv 16 → 144 → 32 → 10`.
    pub fn describe(&self) -> String {
        let mut parts = Vec::new();
        if !self.channels.is_empty() {
            parts.push(format!("{}×{}", self.input[1], self.input[2]));
            parts.extend(self.channels.iter().map(|c| format!("conv {c}")));
        }
        parts.extend(self.dense.iter().map(ToString::to_string));
        parts.join(" → ")
    }
}

/// Side of a map after a 2×2 pool.
pub(super) fn pooled(size: usize) -> usize {
    if size > 1 { size / 2 } else { size }
}
