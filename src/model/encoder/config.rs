//! The shape of an encoder on paper. No tensor in here.

use std::collections::BTreeMap;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::model::Parameter;
use crate::model::layers::{Listing, Taken};
use crate::model::transformer::ShapeError;

/// An encoder after Devlin et al. 2019.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// Token ids are below this.
    pub vocab: usize,
    /// Most tokens that it can look at.
    pub context: usize,
    pub width: usize,
    pub layers: usize,
    pub heads: usize,
    /// Width of the feed-forward layer.
    pub hidden: usize,
    /// Width of the embedding tables. Narrower than the network, they are projected up (factorised embeddings, Lan et al. 2019).
    pub embedding: usize,
    /// Kinds of tokens (first and second segment); 0 for none, as in DistilBERT. All tokens here are of the first kind.
    pub types: usize,
    /// A dense layer with tanh over the first token.
    pub pooler: bool,
    /// A head that foretells masked tokens; its output matrix is the token embedding.
    pub masked: bool,
    /// The tanh approximation of GELU instead of the exact form.
    pub gelu_tanh: bool,
    pub epsilon: f64,
    /// What an embedding is made of. Left out where it is the mean: models and runs of before know no other, and keep their fingerprints.
    #[serde(default, skip_serializing_if = "Pooling::is_mean")]
    pub pooling: Pooling,
    /// Its head that names the class of a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classifier: Option<Classifier>,
    /// Width of a teacher of another width, to which its states are projected to be compared; no part of what is saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projection: Option<usize>,
}

/// How the states of a text's tokens become its embedding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pooling {
    /// Their mean, as of Sentence-BERT.
    #[default]
    Mean,
    /// The state of the first token, `[CLS]`.
    Cls,
}

impl Pooling {
    fn is_mean(&self) -> bool {
        *self == Self::Mean
    }
}

/// A head that names the class of a text from the state of its first token: a dense layer as wide as the network, and one with an output for
/// each class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classifier {
    pub classes: usize,
    /// What the first of them is followed by.
    pub squash: Squash,
}

/// A function between two layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Squash {
    /// BERT's.
    Tanh,
    /// DistilBERT's.
    Relu,
    /// ELECTRA's.
    Gelu,
}

impl EncoderConfig {
    /// BERT's kind with a head for masked tokens: four widths in the feed-forward layer, and nothing that looks at a second segment.
    pub fn bert(vocab: usize, context: usize, width: usize, layers: usize, heads: usize) -> Self {
        Self {
            vocab,
            context,
            width,
            layers,
            heads,
            hidden: 4 * width,
            embedding: width,
            types: 0,
            pooler: false,
            masked: true,
            gelu_tanh: false,
            epsilon: 1e-12,
            pooling: Pooling::Mean,
            classifier: None,
            projection: None,
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
            ("hidden", self.hidden),
            ("embedding", self.embedding),
        ];
        if let Some((name, _)) = positive.into_iter().find(|(_, value)| *value == 0) {
            return Err(ShapeError::new(format!("{name} must be at least 1")));
        }
        if !self.width.is_multiple_of(self.heads) {
            return Err(ShapeError::new(format!("width {} is not a multiple of the {} heads", self.width, self.heads)));
        }
        if !(self.epsilon.is_finite() && self.epsilon > 0.0) {
            return Err(ShapeError::new(format!("epsilon must be above 0, not {}", self.epsilon)));
        }
        Ok(())
    }

    /// Width of a head.
    pub fn head(&self) -> usize {
        self.width / self.heads
    }

    /// Every parameter, in the order of the network. Matrices are `[in, out]`, embeddings `[rows, embedding]`.
    pub fn parameters(&self) -> Vec<Parameter> {
        let (width, embedding) = (self.width, self.embedding);
        let mut list = Listing::default();
        list.push("tokens.weight", &[self.vocab, embedding], embedding);
        list.push("positions.weight", &[self.context, embedding], embedding);
        if self.types > 0 {
            list.push("types.weight", &[self.types, embedding], embedding);
        }
        list.norm("norm", embedding, true);
        if embedding != width {
            list.dense("project", embedding, width, true);
        }
        for layer in 0..self.layers {
            let name = |part: &str| format!("layers.{layer}.{part}");
            list.dense(&name("qkv"), width, 3 * width, true);
            list.dense(&name("out"), width, width, true);
            list.norm(&name("norm1"), width, true);
            list.dense(&name("up"), width, self.hidden, true);
            list.dense(&name("down"), self.hidden, width, true);
            list.norm(&name("norm2"), width, true);
        }
        if self.pooler {
            list.dense("pooler", width, width, true);
        }
        if self.masked {
            list.dense("masked.dense", width, embedding, true);
            list.norm("masked.norm", embedding, true);
            list.push("masked.bias", &[self.vocab], embedding);
        }
        if let Some(Classifier { classes, .. }) = self.classifier {
            list.dense("classes.dense", width, width, true);
            list.dense("classes.out", width, classes, true);
        }
        // Last, so that without it all else has the same first values.
        if let Some(to) = self.projection {
            list.dense("projection", width, to, true);
        }
        list.list()
    }

    /// Number of parameters.
    pub fn parameter_count(&self) -> usize {
        self.parameters().iter().map(|parameter| parameter.shape.iter().product::<usize>()).sum()
    }

    /// First values: norms 1, biases 0, all else of deviation 0.02 at the width of BERT-base, and in proportion to 1/√width elsewhere: what is
    /// summed over the width keeps its size in small networks. (A uniform distribution over ±√3·σ has the deviation σ.)
    pub fn initial(&self, rng: &mut ChaCha8Rng) -> Vec<Vec<f32>> {
        let deviation = 0.02 * (768.0 / self.width as f64).sqrt();
        let half = 3.0_f64.sqrt() * deviation;
        let mut uniform = || (half * (f64::from(rng.next_u32()) / f64::from(u32::MAX)).mul_add(2.0, -1.0)) as f32;
        let mut value = |parameter: &Parameter| {
            let count = parameter.shape.iter().product();
            match parameter.shape.len() {
                1 => vec![if parameter.name.ends_with("weight") { 1.0 } else { 0.0 }; count],
                _ => (0..count).map(|_| uniform()).collect(),
            }
        };
        self.parameters().iter().map(&mut value).collect()
    }

    /// Shape and values of DistilBERT's kind of student (Sanh et al. 2019, §3): `layers` of these layers, no token types, no pooler, no
    /// classifier, all else copied. The layers are the `chosen` ones; where none are, of 12 layers 6 are the paper's 0, 2, 4, 7, 9 and 11: evenly
    /// spaced, first and last kept.
    ///
    /// The vector of the first kind of token, which every token has, goes into the positions. (The authors' script drops it.)
    ///
    /// # Errors
    /// Layers that it has not, in words.
    pub fn student(&self, values: &[Vec<f32>], layers: usize, chosen: &[usize]) -> Result<(Self, Vec<Vec<f32>>), String> {
        let taken = Taken::new(layers, chosen, self.layers)?;
        let config = Self { layers: taken.count(), types: 0, pooler: false, classifier: None, ..self.clone() };
        let mut known: BTreeMap<String, &[f32]> =
            self.parameters().into_iter().zip(values).map(|(parameter, values)| (parameter.name, values.as_slice())).collect();
        let first = known.remove("types.weight").map(|types| &types[..self.embedding]);
        let take = |parameter: Parameter| {
            let name = taken.source_name(parameter.name);
            match (name.as_str(), first) {
                ("positions.weight", Some(first)) => known[&name].iter().zip(first.iter().cycle()).map(|(a, b)| a + b).collect(),
                _ => known[&name].to_vec(),
            }
        };
        let values = config.parameters().into_iter().map(take).collect();
        Ok((config, values))
    }
}
