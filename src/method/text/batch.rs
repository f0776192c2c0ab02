//! Texts as a decoder is trained on them.

use std::ops::Range;

use burn::tensor::{Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::data::text::Example;
use crate::device::Place;
use crate::generate::Text;

/// A prompt and what was written after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Written {
    pub prompt: Vec<u32>,
    /// With the stop token, if it came to one.
    pub response: Vec<u32>,
}

impl Written {
    /// An example of the data, closed by `end` where it has one.
    pub fn example(example: &Example, end: Option<u32>) -> Self {
        Self { prompt: example.prompt.clone(), response: example.response.iter().copied().chain(end).collect() }
    }

    /// A text as it was sampled.
    pub fn sampled(prompt: &[u32], text: &Text, stop: u32) -> Self {
        let end = text.stopped.then_some(stop);
        Self { prompt: prompt.into(), response: text.tokens.iter().copied().chain(end).collect() }
    }

    /// Of both.
    pub fn tokens(&self) -> usize {
        self.prompt.len() + self.response.len()
    }
}

/// A batch of texts of one fixed shape, padded on the right, where nobody looks at the padding. A row is a token that is foretold:
/// row `b·seq + t` foretells what stands behind token `t` of text `b`.
#[derive(Debug, Clone)]
pub struct Sequences {
    /// `[batch, seq]`, without gradients.
    pub ids: Tensor<2, Int>,
    /// What follows, `[rows]`. Prompt and padding rows hold some token too: only `mask` tells them.
    next: Tensor<1, Int>,
    vocab: usize,
    /// 1 where a token of a response is foretold, `[rows]`, without gradients.
    pub mask: Tensor<1>,
    pub batch: usize,
    pub seq: usize,
    /// Of every text, the first row that foretells its response, and how many do.
    pub spans: Vec<(usize, usize)>,
}

impl Sequences {
    /// # Panics
    /// When a text is longer than `seq + 1` tokens or empty: the callers have measured all texts.
    pub fn new(texts: &[Written], seq: usize, vocab: usize, place: &Place) -> Self {
        let batch = texts.len();
        let (mut ids, mut next, mut mask) = (vec![0_i32; batch * seq], vec![0_i32; batch * seq], vec![0.0_f32; batch * seq]);
        let mut spans = Vec::with_capacity(batch);
        for (index, Written { prompt, response }) in texts.iter().enumerate() {
            let from = index * seq;
            let tokens: Vec<i32> = prompt.iter().chain(response).map(|token| *token as i32).collect();
            assert!(tokens.len() <= seq + 1, "a text of {} tokens does not fit into {}", tokens.len(), seq + 1);
            for (at, pair) in tokens.windows(2).enumerate() {
                ids[from + at] = pair[0];
                next[from + at] = pair[1];
            }
            let first = from + prompt.len() - 1;
            mask[first..first + response.len()].fill(1.0);
            spans.push((first, response.len()));
        }
        let device = place.inner();
        let rows = batch * seq;
        Self {
            ids: Tensor::from_data(TensorData::new(ids, [batch, seq]), &device),
            next: Tensor::from_data(TensorData::new(next, [rows]), &device),
            vocab,
            mask: Tensor::from_data(TensorData::new(mask, [rows]), &device),
            batch,
            seq,
            spans,
        }
    }

    pub fn vocab(&self) -> usize {
        self.vocab
    }

    /// What follows, one-hot, `[rows, vocab]`, without gradients.
    pub fn targets(&self) -> Tensor<2> {
        one_hot(self.next.clone(), self.vocab)
    }

    /// [`Sequences::targets`] of some rows.
    pub fn targets_of(&self, rows: Range<usize>) -> Tensor<2> {
        one_hot(self.next.clone().slice([rows]), self.vocab)
    }

    /// The rows that count, with the token that follows each and a weight of 1, all `[n]`. n is a multiple of `chunk`, at least one: what is
    /// filled up weighs 0.
    pub fn responses(&self, chunk: usize, place: &Place) -> Responses {
        let mut rows: Vec<i32> = self.spans.iter().flat_map(|(first, count)| *first as i32..(first + count) as i32).collect();
        let tokens = rows.len();
        rows.resize(tokens.max(1).next_multiple_of(chunk), 0);
        let weights: Vec<f32> = (0..rows.len()).map(|at| if at < tokens { 1.0 } else { 0.0 }).collect();
        let count = rows.len();
        let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), &place.inner());
        Responses {
            next: self.next.clone().select(0, rows.clone()),
            rows,
            weights: Tensor::from_data(TensorData::new(weights, [count]), &place.inner()),
            tokens,
        }
    }

    /// One number per token of every response, out of one per row.
    pub fn of_responses(&self, rows: &[f32]) -> Vec<Vec<f64>> {
        self.spans.iter().map(|(first, count)| rows[*first..first + count].iter().map(|value| f64::from(*value)).collect()).collect()
    }

    /// The same out of one number per row of [`Responses`].
    pub fn split(&self, responses: &[f32]) -> Vec<Vec<f64>> {
        let mut rest = responses;
        let mut take = |count: usize| {
            let (own, others) = rest.split_at(count);
            rest = others;
            own.iter().map(|value| f64::from(*value)).collect()
        };
        self.spans.iter().map(|(_, count)| take(*count)).collect()
    }

    /// The opposite: one number per row, 0 outside the responses, with gradients nowhere.
    pub fn to_rows(&self, values: &[Vec<f64>], place: &Place) -> Tensor<1> {
        let rows = self.batch * self.seq;
        let mut out = vec![0.0_f32; rows];
        for ((first, _), values) in self.spans.iter().zip(values) {
            for (at, value) in values.iter().enumerate() {
                out[first + at] = *value as f32;
            }
        }
        Tensor::from_data(TensorData::new(out, [rows]), &place.inner())
    }

    /// Sums over each text of one number per row, `[batch]`. `values` is `[rows]`.
    pub fn sums(&self, values: Tensor<1>, mask: Tensor<1>) -> Tensor<1> {
        (values * mask).reshape([self.batch, self.seq]).sum_dim(1).reshape([self.batch])
    }

    /// Tokens of all responses.
    pub fn tokens(&self) -> usize {
        self.spans.iter().map(|(_, count)| count).sum()
    }

    /// Tokens of each response.
    pub fn lengths(&self) -> Vec<f64> {
        self.spans.iter().map(|(_, count)| *count as f64).collect()
    }
}

/// The rows of [`Sequences`] that foretell responses.
#[derive(Debug, Clone)]
pub struct Responses {
    pub rows: Tensor<1, Int>,
    pub next: Tensor<1, Int>,
    pub weights: Tensor<1>,
    /// How many rows count.
    pub tokens: usize,
}

/// Ids `[rows]` as rows of zeros with a one, `[rows, vocab]`.
pub fn one_hot(ids: Tensor<1, Int>, vocab: usize) -> Tensor<2> {
    let [rows] = ids.dims();
    let classes = Tensor::<1, Int>::arange(0..vocab as i64, &ids.device());
    ids.reshape([rows, 1]).repeat_dim(1, vocab).equal(classes.reshape([1, vocab]).repeat_dim(0, rows)).float()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::read;
    use crate::device::testing::test_async;
    use crate::loss::sequence;
    use crate::model::transformer::Context;
    use crate::model::{Trainable, Transformer, TransformerConfig};

    fn texts() -> Vec<Written> {
        let written = |prompt: &[u32], response: &[u32]| Written { prompt: prompt.into(), response: response.into() };
        vec![written(&[1, 2], &[3, 4, 0]), written(&[5], &[6, 0])]
    }

    #[test_async]
    async fn padding_changes_no_loss() {
        let place = Place::cpu();
        let config = TransformerConfig::gpt2(8, 16, 8, 2, 2);
        let net = Transformer::build(&config, &config.initial(&mut crate::data::rng(1, "net")), &place.inner());
        let mut losses = Vec::new();
        for seq in [4, 12] {
            let sequences = Sequences::new(&texts(), seq, 8, &place);
            let logits = net.forward(sequences.ids.clone(), &Context::causal(&config, seq, &place.inner()));
            let loss = sequence::cross_entropy(logits, sequences.targets(), sequences.mask.clone());
            losses.push(read(loss).await.unwrap()[0]);
        }
        assert!((losses[0] - losses[1]).abs() < 1e-6, "{losses:?}: a batch padded further costs the same");
    }

    #[test_async]
    async fn rows_and_responses_are_each_other_s_way_back() {
        let place = Place::cpu();
        let sequences = Sequences::new(&texts(), 6, 8, &place);
        assert_eq!(sequences.spans, [(1, 3), (6, 2)], "the last token of a prompt foretells the first of its response");
        let values = vec![vec![1.0, 2.0, 3.0], vec![4.0, 5.0]];
        let rows = read(sequences.to_rows(&values, &place)).await.unwrap();
        assert_eq!(sequences.of_responses(&rows), values);
        assert_eq!(rows.iter().filter(|value| **value == 0.0).count(), 12 - 5);
        let sums = read(sequences.sums(sequences.to_rows(&values, &place), sequences.mask.clone())).await.unwrap();
        assert_eq!(sums, [6.0, 9.0]);
    }
}
