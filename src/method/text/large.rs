//! Fine-tuning and token KD over a large vocabulary: the numbers of [`sft`](super::sft) and [`token_kd`] from the rows that
//! count alone, a chunk of them at a time, so that no tensor is as large as all logits ([`chunked`]).

use std::cell::RefCell;

use burn::tensor::{Int, Tensor, TensorData};

use super::{Scene, Sequences, batch, token_kd};
use crate::data::text::TopK;
use crate::loss::chunked::chunked;
use crate::loss::{combine, sequence, soft::scale};
use crate::method::response::Parts;

/// Vocabularies above this are large. One row of logits is 16 KiB here, and 1,000 rows stay within what processors cache; above it the
/// logits of a batch outweigh all else.
pub const VOCABULARY: usize = 4096;

/// Rows at a time: enough to keep a matrix product busy; of SmolLM2's 49,152 tokens a chunk of logits takes 48 MiB.
pub const CHUNK: usize = 256;

/// What is learned from the tokens of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learn {
    /// Their cross-entropy.
    Labels,
    /// `T²·divergence`.
    Teacher,
    /// `α·CE + (1−α)·T²·divergence`, and the hint where it weighs something.
    Both,
}

/// The teacher about the rows that count.
#[allow(clippy::large_enum_variant, reason = "there is one of it in a step; pointers of 32 bits make it small")]
enum Heard {
    /// Its state, `[n, width]`.
    State(Tensor<2>),
    /// Its likeliest tokens and their log-probabilities, `[n, k]`.
    Likeliest { ids: Tensor<2, Int>, log_probs: Tensor<2> },
}

impl Heard {
    /// Of the batch's examples, filled up to `count` rows.
    fn kept(scene: &Scene, cache: &TopK, count: usize) -> Self {
        let k = cache.header.k;
        let (mut ids, mut log_probs) = (Vec::with_capacity(count * k), Vec::with_capacity(count * k));
        for row in scene.rows {
            let (mut own_ids, mut own_log_probs) = cache.example(*row);
            ids.append(&mut own_ids);
            log_probs.append(&mut own_log_probs);
        }
        // The ids of a row differ, in those too that weigh nothing.
        ids.extend((ids.len()..count * k).map(|at| (at % k) as i32));
        log_probs.resize(count * k, -((k + 1) as f32).ln());
        let device = scene.place.inner();
        Self::Likeliest {
            ids: Tensor::from_data(TensorData::new(ids, [count, k]), &device),
            log_probs: Tensor::from_data(TensorData::new(log_probs, [count, k]), &device),
        }
    }
}

/// Mean over the tokens of the responses.
pub fn loss(scene: &Scene, sequences: &Sequences, learn: Learn) -> Parts {
    let distill = &scene.experiment.distill;
    let responses = sequences.responses(CHUNK, scene.place);
    let rows = responses.rows.clone();
    let tokens = responses.tokens.max(1) as f64;
    let state = scene.student_state(sequences).select(0, rows.clone());
    let heard = (learn != Learn::Labels).then(|| match scene.cache {
        // What is kept is about the data: `Both` alone has it.
        Some(cache) if learn == Learn::Both => Heard::kept(scene, cache, responses.weights.dims()[0]),
        _ => Heard::State(scene.teacher_state(sequences).select(0, rows)),
    });
    // It needs no logits, and so no chunks.
    let hint = match &heard {
        Some(Heard::State(theirs)) if learn == Learn::Both && distill.hint_weight > 0.0 => {
            let rows = token_kd::hint_rows(scene.student, state.clone(), theirs.clone());
            Some((rows * responses.weights.clone()).sum() / tokens)
        }
        _ => None,
    };
    let vocab = scene.student.config().vocab;
    // The parts are only looked at, and a chunk has one loss: they are summed beside it, without a graph.
    let sums = RefCell::new([const { None::<Tensor<1>> }; 2]);
    let add = |part: usize, value: Tensor<1>| {
        let mut sums = sums.borrow_mut();
        let before = sums[part].take();
        sums[part] = Some(before.map_or_else(|| value.clone().inner(), |sum| sum + value.clone().inner()));
        value
    };
    let total = chunked(state, scene.student.output(), CHUNK, |logits, range| {
        let weights = responses.weights.clone().slice([range.clone()]);
        let targets: Tensor<2> = batch::one_hot(responses.next.clone().slice([range.clone()]), vocab);
        let hard = |logits| add(0, (sequence::token_log_probs(logits, targets.clone()) * weights.clone()).sum().neg());
        let Some(heard) = &heard else { return hard(logits) };
        let soft = |logits| {
            let rows = match heard {
                Heard::State(state) => {
                    let heard = scene.teacher.logits(state.clone().slice([range.clone()]));
                    sequence::soft_rows(heard, logits, targets.clone(), distill)
                }
                Heard::Likeliest { ids, log_probs } => {
                    let log_p = log_probs.clone().slice([range.clone()]);
                    let ids = ids.clone().slice([range.clone()]);
                    sequence::cached_top_k_rows(log_p, ids, logits, targets.clone(), distill)
                }
            };
            add(1, (rows * weights.clone()).sum())
        };
        if learn == Learn::Both { combine(hard(logits.clone()), soft(logits), None, None, distill) } else { soft(logits) * scale(distill) }
    });
    let [hard, soft] = sums.into_inner().map(|sum| sum.map(|sum| sum / tokens));
    let total = match &hint {
        Some(hint) => total / tokens + hint.clone() * distill.hint_weight,
        None => total / tokens,
    };
    Parts { hint, ..Parts::of(total, hard, soft) }.over(responses.tokens)
}
