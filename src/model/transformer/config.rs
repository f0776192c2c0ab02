//! The shape of a decoder on paper: GPT-2's, LLaMA's or Qwen2's, or anything between. No tensor in here.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::model::Parameter;
use crate::model::layers::Listing;

/// How a block normalises its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Norm {
    /// `(x − mean)/√(var + ε)·weight + bias` (Ba et al. 2016), variance with divisor n.
    Layer,
    /// `x/√(mean(x²) + ε)·weight` (Zhang & Sennrich 2019).
    Rms,
}

/// The feed-forward half of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mlp {
    /// `down(gelu(up(x)))` with the exact, erf form (Hendrycks & Gimpel 2016).
    Gelu,
    /// The same with the tanh approximation, which is what GPT-2's checkpoints were trained with.
    GeluTanh,
    /// `down(silu(gate(x))·up(x))` (Shazeer 2020). Gate and up are one matrix, gate first.
    SwiGlu,
}

/// How a token learns where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Positions {
    /// A learned vector per position (GPT-2).
    Learned,
    /// Rotary embedding (Su et al. 2021) with this base, in the half-split form of Hugging Face: dimension i is turned with i + head/2.
    Rope(f64),
}

/// Which projections of a block have biases. Written as `false` and `true` where it is none or all of them: so it was before there was a third,
/// and fingerprints of models are made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub enum Bias {
    /// LLaMA.
    None,
    /// Those of queries, keys and values (Qwen2).
    QueryKeyValue,
    /// GPT-2.
    All,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Whole(bool),
    Part(Part),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    QueryKeyValue,
}

impl From<Written> for Bias {
    fn from(written: Written) -> Self {
        match written {
            Written::Whole(false) => Self::None,
            Written::Part(Part::QueryKeyValue) => Self::QueryKeyValue,
            Written::Whole(true) => Self::All,
        }
    }
}

impl From<Bias> for Written {
    fn from(bias: Bias) -> Self {
        match bias {
            Bias::None => Self::Whole(false),
            Bias::QueryKeyValue => Self::Part(Part::QueryKeyValue),
            Bias::All => Self::Whole(true),
        }
    }
}

impl Bias {
    /// Whether queries, keys and values have one.
    pub fn of_qkv(self) -> bool {
        self != Self::None
    }

    /// Whether the other projections have one.
    pub fn of_others(self) -> bool {
        self == Self::All
    }
}

/// A decoder-only transformer with pre-normalisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransformerConfig {
    /// Token ids are below this.
    pub vocab: usize,
    /// Most tokens that it can look at.
    pub context: usize,
    pub width: usize,
    pub layers: usize,
    /// Query heads; each is `width/heads` wide.
    pub heads: usize,
    /// Key and value heads: each serves `heads/kv_heads` query heads in a row (grouped-query attention, Ainslie et al. 2023).
    pub kv_heads: usize,
    /// Width of the feed-forward layer.
    pub hidden: usize,
    pub norm: Norm,
    pub epsilon: f64,
    pub mlp: Mlp,
    pub positions: Positions,
    pub bias: Bias,
    /// Whether the token embedding is the output matrix too.
    pub tied: bool,
    /// Width of a teacher of another width, to which its states are projected to be compared; no part of what is saved. Left out where there is
    /// none: fingerprints of models are made of what is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projection: Option<usize>,
}

/// A shape that no network can have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("transformer: {0}")]
pub struct ShapeError(String);

impl ShapeError {
    pub fn new(message: String) -> Self {
        Self(message)
    }
}

impl TransformerConfig {
    /// GPT-2's kind: learned positions, layer norm, GELU with a hidden layer of four widths, biases, output matrix of its own.
    pub fn gpt2(vocab: usize, context: usize, width: usize, layers: usize, heads: usize) -> Self {
        Self {
            vocab,
            context,
            width,
            layers,
            heads,
            kv_heads: heads,
            hidden: 4 * width,
            norm: Norm::Layer,
            epsilon: 1e-5,
            mlp: Mlp::Gelu,
            positions: Positions::Learned,
            bias: Bias::All,
            tied: false,
            projection: None,
        }
    }

    /// LLaMA's kind: rotary positions, RMS norm, SwiGLU, shared key heads, no biases, tied embeddings.
    pub fn llama(vocab: usize, context: usize, width: usize, layers: usize, heads: [usize; 2], hidden: usize) -> Self {
        let [heads, kv_heads] = heads;
        Self {
            kv_heads,
            hidden,
            norm: Norm::Rms,
            mlp: Mlp::SwiGlu,
            positions: Positions::Rope(10_000.0),
            bias: Bias::None,
            tied: true,
            ..Self::gpt2(vocab, context, width, layers, heads)
        }
    }

    /// # Errors
    /// The first number that does not fit the others.
    pub fn validate(&self) -> Result<(), ShapeError> {
        let positive = [
            ("vocab", self.vocab),
            ("context", self.context),
            ("width", self.width),
            ("layers", self.layers),
            ("heads", self.heads),
            ("kv_heads", self.kv_heads),
            ("hidden", self.hidden),
        ];
        if let Some((name, _)) = positive.into_iter().find(|(_, value)| *value == 0) {
            return Err(ShapeError(format!("{name} must be at least 1")));
        }
        if !self.width.is_multiple_of(self.heads) {
            return Err(ShapeError(format!("width {} is not a multiple of the {} heads", self.width, self.heads)));
        }
        if !self.heads.is_multiple_of(self.kv_heads) {
            return Err(ShapeError(format!("{} heads cannot share {} key heads evenly", self.heads, self.kv_heads)));
        }
        if let Positions::Rope(base) = self.positions {
            if !self.head().is_multiple_of(2) {
                return Err(ShapeError(format!("rotary positions need heads of even width, not {}", self.head())));
            }
            if !(base.is_finite() && base > 1.0) {
                return Err(ShapeError(format!("the base of rotary positions must be above 1, not {base}")));
            }
        }
        if !(self.epsilon.is_finite() && self.epsilon > 0.0) {
            return Err(ShapeError(format!("epsilon must be above 0, not {}", self.epsilon)));
        }
        Ok(())
    }

    /// Width of a head.
    pub fn head(&self) -> usize {
        self.width / self.heads
    }

    /// Query heads per key head.
    pub fn group(&self) -> usize {
        self.heads / self.kv_heads
    }

    /// Columns of the query, key and value projection, which is one matrix: all query heads, all key heads, all value heads.
    pub fn qkv(&self) -> usize {
        (self.heads + 2 * self.kv_heads) * self.head()
    }

    /// Columns of the first feed-forward matrix.
    pub fn up(&self) -> usize {
        if self.mlp == Mlp::SwiGlu { 2 * self.hidden } else { self.hidden }
    }

    /// Every parameter, in the order of the network. Matrices are `[in, out]`, embeddings `[rows, width]`.
    pub fn parameters(&self) -> Vec<Parameter> {
        let mut list = Listing::default();
        let norm = self.norm == Norm::Layer;
        list.push("tokens.weight", &[self.vocab, self.width], self.width);
        if self.positions == Positions::Learned {
            list.push("positions.weight", &[self.context, self.width], self.width);
        }
        for layer in 0..self.layers {
            let name = |part: &str| format!("layers.{layer}.{part}");
            list.norm(&name("norm1"), self.width, norm);
            list.dense(&name("qkv"), self.width, self.qkv(), self.bias.of_qkv());
            list.dense(&name("out"), self.width, self.width, self.bias.of_others());
            list.norm(&name("norm2"), self.width, norm);
            list.dense(&name("up"), self.width, self.up(), self.bias.of_others());
            list.dense(&name("down"), self.hidden, self.width, self.bias.of_others());
        }
        list.norm("norm", self.width, norm);
        if !self.tied {
            list.dense("head", self.width, self.vocab, false);
        }
        // Last, so that without it all else has the same first values.
        if let Some(to) = self.projection {
            list.dense("projection", self.width, to, true);
        }
        list.list()
    }

    /// Number of parameters.
    pub fn parameter_count(&self) -> usize {
        self.parameters().iter().map(|parameter| parameter.shape.iter().product::<usize>()).sum()
    }

    /// First values: norms 1, biases 0, embeddings of deviation 0.02 (Radford et al. 2019), matrices of variance 1/fan_in; what is added
    /// to the residual stream is divided by √(2·layers), so that the stream does not grow with the depth.
    pub fn initial(&self, rng: &mut ChaCha8Rng) -> Vec<Vec<f32>> {
        let mut uniform = |half: f64| (half * (f64::from(rng.next_u32()) / f64::from(u32::MAX)).mul_add(2.0, -1.0)) as f32;
        let residual = (2.0 * self.layers as f64).sqrt().recip();
        let value = |parameter: &Parameter| {
            let count = parameter.shape.iter().product();
            let name = parameter.name.as_str();
            if parameter.shape.len() == 1 {
                return vec![if name.ends_with("weight") { 1.0 } else { 0.0 }; count];
            }
            let deviation = match name {
                "tokens.weight" | "positions.weight" => 0.02,
                _ if name.ends_with("out.weight") || name.ends_with("down.weight") => residual / (parameter.fan_in as f64).sqrt(),
                _ => (parameter.fan_in as f64).sqrt().recip(),
            };
            // A uniform distribution over ±√3·σ has the deviation σ.
            (0..count).map(|_| uniform(3.0_f64.sqrt() * deviation)).collect()
        };
        self.parameters().iter().map(value).collect()
    }
}
