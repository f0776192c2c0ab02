//! Which tokens of a batch are real. Padding stands on the right; nobody looks at it, and no mean counts it.

use burn::tensor::{Device, Tensor, TensorData};

/// Added to the score of padding. Infinite, as in decoders: see `transformer::context`.
const HIDDEN: f32 = f32::NEG_INFINITY;

/// The device side of the lengths of a batch, without gradients.
#[derive(Debug, Clone)]
pub struct Padding {
    /// Added to the scores of attention, `[batch or 1, 1, seq, seq]`; one for all where nothing is padding.
    pub bias: Tensor<4>,
    /// 1 for a real token, `[batch, seq]`.
    pub real: Tensor<2>,
    /// Real tokens of each text, at least 1.
    pub lengths: Vec<usize>,
    pub seq: usize,
}

impl Padding {
    /// Texts of these lengths, each from 1 to `seq`.
    pub fn new(lengths: &[usize], seq: usize, device: &Device) -> Self {
        let batch = lengths.len();
        let row = |length: &usize| (0..seq).map(move |at| at < *length).collect::<Vec<_>>();
        let real: Vec<f32> = lengths.iter().flat_map(row).map(|real| if real { 1.0 } else { 0.0 }).collect();
        let whole = lengths.iter().all(|length| *length == seq);
        let rows = if whole { &lengths[..1] } else { lengths };
        let mut bias = Vec::with_capacity(rows.len() * seq * seq);
        for length in rows {
            let keys: Vec<f32> = row(length).into_iter().map(|real| if real { 0.0 } else { HIDDEN }).collect();
            (0..seq).for_each(|_| bias.extend_from_slice(&keys));
        }
        Self {
            bias: Tensor::from_data(TensorData::new(bias, [rows.len(), 1, seq, seq]), device),
            real: Tensor::from_data(TensorData::new(real, [batch, seq]), device),
            lengths: lengths.to_vec(),
            seq,
        }
    }

    pub fn batch(&self) -> usize {
        self.lengths.len()
    }

    /// The rows of real tokens in `[batch·seq]`.
    pub fn rows(&self) -> Vec<i32> {
        self.lengths.iter().enumerate().flat_map(|(text, length)| (0..*length).map(move |at| (text * self.seq + at) as i32)).collect()
    }
}
