//! Fine-tuning and token KD over a large vocabulary: the numbers of [`sft`](super::sft) and [`token_kd`](super::token_kd) from the rows that
//! count alone, a chunk of them at a time, so that no tensor is as large as all logits ([`chunked`]).

use std::cell::RefCell;

use burn::tensor::Tensor;

use super::{Scene, Sequences, batch};
use crate::loss::chunked::chunked;
use crate::loss::{combine, sequence, soft::scale};
use crate::method::response::Parts;
use crate::spec::Method;

/// Vocabularies above this are large. One row of logits is 16 KiB here, and 1,000 rows stay within what processors cache; above it the
/// logits of a batch outweigh all else.
pub const VOCABULARY: usize = 4096;

/// Rows at a time: enough to keep a matrix product busy; of SmolLM2's 49,152 tokens a chunk of logits takes 48 MiB.
pub const CHUNK: usize = 256;

/// Whether a scene is to take this way.
pub fn is(scene: &Scene) -> bool {
    scene.student.config().vocab > VOCABULARY
}

/// Methods that hold all logits at once, and so cannot be had over a large vocabulary.
pub fn refuses(method: Method) -> bool {
    matches!(method, Method::Distillm2 | Method::Minillm | Method::Dpkd)
}

/// What is learned from the tokens of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learn {
    /// Their cross-entropy.
    Labels,
    /// `T²·divergence`.
    Teacher,
    /// `α·CE + (1−α)·T²·divergence`.
    Both,
}

/// Mean over the tokens of the responses.
pub fn loss(scene: &Scene, sequences: &Sequences, learn: Learn) -> Parts {
    let distill = &scene.experiment.distill;
    let responses = sequences.responses(CHUNK, scene.place);
    let rows = responses.rows.clone();
    let state = scene.student.state(Tensor::from_inner(sequences.ids.clone()), &scene.contexts[1]);
    let state = state.select(0, Tensor::from_inner(rows.clone()));
    let heard = (learn != Learn::Labels).then(|| scene.teacher.state(sequences.ids.clone(), &scene.contexts[0]).select(0, rows));
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
        let weights = Tensor::from_inner(responses.weights.clone().slice([range.clone()]));
        let targets: Tensor<2> = Tensor::from_inner(batch::one_hot(responses.next.clone().slice([range.clone()]), vocab));
        let hard = |logits| add(0, (sequence::token_log_probs(logits, targets.clone()) * weights.clone()).sum().neg());
        let Some(heard) = &heard else { return hard(logits) };
        let soft = |logits| {
            let heard = Tensor::from_inner(scene.teacher.logits(heard.clone().slice([range.clone()])));
            add(1, (sequence::soft_rows(heard, logits, targets.clone(), distill) * weights.clone()).sum())
        };
        if learn == Learn::Both { combine(hard(logits.clone()), soft(logits), None, None, distill) } else { soft(logits) * scale(distill) }
    });
    let tokens = responses.tokens.max(1) as f64;
    let [hard, soft] = sums.into_inner().map(|sum| sum.map(|sum| sum / tokens));
    Parts { total: total / tokens, hard, soft, hint: None, attention: None }
}
