//! Where the tokens of a batch stand, and what each may look at. Built on the host once per shape, so that a step of training only adds
//! it.
//!
//! Padding stands anywhere (left for generation, right for training): a token's position is the number of real tokens before it, and
//! nobody looks at padding. So padding changes neither a logit nor a loss of a real token.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::config::{Positions, TransformerConfig};

/// Added to the score of a key that must not be seen. Infinite, as burn's own masks are: `exp` of a merely large negative number takes the
/// C library's slow path for underflow, which was 4 % of a decoder's step. No row may hide every key, or it would become NaN.
const HIDDEN: f32 = f32::NEG_INFINITY;

/// The device side of it, for queries `[batch, seq]` against keys `[batch, keys]`.
#[derive(Debug, Clone)]
pub struct Context {
    /// Position of every query, `[batch·seq]` or, where all rows are alike, `[seq]`.
    pub positions: Tensor<1, Int>,
    /// Added to the scores, `[batch or 1, 1, group·seq, keys]`: group after group, as the queries of a shared key head lie.
    pub bias: Tensor<4>,
    /// Cosine and sine of the rotary angles, `[batch or 1, seq, 1, head/2]`.
    pub rope: Option<[Tensor<4>; 2]>,
}

impl Context {
    /// Sequences of equal length without padding.
    pub fn causal(config: &TransformerConfig, seq: usize, device: &Device) -> Self {
        Self::build(config, 1, &vec![true; seq], seq, 0, seq, device)
    }

    /// The first `seq` places of [`Context::causal`].
    pub fn first(&self, seq: usize) -> Self {
        let [all] = self.positions.dims();
        if seq == all {
            return self.clone();
        }
        let group = self.bias.dims()[2] / all;
        let bias = self.bias.clone().reshape([1, group, all, all]).slice([0..1, 0..group, 0..seq, 0..seq]);
        let rope = self.rope.clone().map(|angles| angles.map(|angle| angle.slice([0..1, 0..seq])));
        Self { positions: self.positions.clone().narrow(0, 0, seq), bias: bias.reshape([1, 1, group * seq, seq]), rope }
    }

    /// Sequences with padding: `real` is `[batch, seq]`.
    pub fn padded(config: &TransformerConfig, real: &[bool], seq: usize, device: &Device) -> Self {
        Self::build(config, real.len() / seq, real, seq, 0, seq, device)
    }

    /// The last `seq` of the tokens of `real` (`[batch, tokens]`) look at a cache of `capacity` keys, of which those tokens are the first.
    pub fn cached(config: &TransformerConfig, real: &[bool], batch: usize, seq: usize, capacity: usize, device: &Device) -> Self {
        let tokens = real.len() / batch;
        Self::build(config, batch, real, seq, tokens - seq, capacity, device)
    }

    /// `real` is `[batch, past + seq]`; keys beyond it, up to `keys`, are not there yet.
    fn build(config: &TransformerConfig, batch: usize, real: &[bool], seq: usize, past: usize, keys: usize, device: &Device) -> Self {
        let tokens = past + seq;
        let group = config.group();
        let mut positions = Vec::with_capacity(batch * seq);
        let mut bias = Vec::with_capacity(batch * group * seq * keys);
        for row in real.chunks_exact(tokens) {
            let mut before = 0;
            for (at, real) in row.iter().enumerate() {
                if at >= past {
                    positions.push(before);
                }
                before += usize::from(*real);
            }
            for _ in 0..group {
                for query in past..tokens {
                    // Padding sees itself, so that it is a number; nobody reads it.
                    bias.extend((0..keys).map(|key| if key == query || key < query && row[key] { 0.0 } else { HIDDEN }));
                }
            }
        }
        let rope = if let Positions::Rope(base) = config.positions {
            let half = config.head() / 2;
            let table = |turn: fn(f64) -> f64| {
                let angle = |position: usize, i: usize| position as f64 * libm::pow(base, -(i as f64) / half as f64);
                let values: Vec<f32> = positions.iter().flat_map(|p| (0..half).map(move |i| turn(angle(*p, i)) as f32)).collect();
                Tensor::from_data(TensorData::new(values, [batch, seq, 1, half]), device)
            };
            Some([table(libm::cos), table(libm::sin)])
        } else {
            None
        };
        // Padding at the end of a full context stands one too far; it is not read, but it must be in the table.
        let positions: Vec<i32> = positions.into_iter().map(|p| p.min(config.context - 1) as i32).collect();
        Self {
            positions: Tensor::from_data(TensorData::new(positions, [batch * seq]), device),
            bias: Tensor::from_data(TensorData::new(bias, [batch, 1, group * seq, keys]), device),
            rope,
        }
    }
}
