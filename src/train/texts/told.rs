//! What networks say of the tokens of texts. Of a large vocabulary, of a part of the rows at a time: all logits would be gigabytes.

use std::ops::Range;

use burn::tensor::Tensor;

use super::super::RunError;
use crate::device::{Reads, log_softmax};
use crate::loss::divergence;
use crate::method::text::{Sequences, large};
use crate::model::Transformer;

/// What a network says of one token that came.
#[derive(Clone, Copy)]
pub struct Told {
    pub nll: f64,
    pub confidence: f64,
    pub correct: f64,
    pub agrees: f64,
    pub forward_kl: f64,
    pub reverse_kl: f64,
}

/// A network and its state of a batch, `[rows, width]`.
pub type Heard<'a> = (&'a Transformer, &'a Tensor<2>);

/// What the student says of every token of every response, the teacher itself for `None`.
pub async fn all(texts: &Sequences, teacher: Heard<'_>, student: Option<Heard<'_>>) -> Result<Vec<Vec<Told>>, RunError> {
    let columns = columns(texts, |rows| {
        let log_p = log_probs(teacher, &rows);
        let log_q = student.map_or_else(|| log_p.clone(), |student| log_probs(student, &rows));
        let top = log_q.clone().max_dim(1);
        let token = (log_q.clone() * texts.targets_of(rows)).sum_dim(1);
        let best = |log: &Tensor<2>| log.clone().equal(log.clone().max_dim(1)).float();
        vec![
            token.clone().neg(),
            top.clone().exp(),
            token.greater_equal(top).float(),
            (best(&log_p) * best(&log_q)).sum_dim(1).clamp_max(1.0),
            divergence::forward_kl(log_p.clone(), log_q.clone()).sum_dim(1),
            divergence::reverse_kl(log_p, log_q).sum_dim(1),
        ]
    })
    .await?;
    let text = |text: usize| {
        let token = |at: usize| {
            let [nll, confidence, correct, agrees, forward_kl, reverse_kl] = std::array::from_fn(|column| columns[column][text][at]);
            Told { nll, confidence, correct, agrees, forward_kl, reverse_kl }
        };
        (0..columns[0][text].len()).map(token).collect()
    };
    Ok((0..texts.batch).map(text).collect())
}

/// At every token of every response, by text.
pub struct Apart {
    /// `KL(p‖q)`.
    pub forward_kl: Vec<Vec<f64>>,
    /// `log q − log p` of the token that came; nothing where it was not asked for.
    pub likelier: Vec<Vec<f64>>,
}

/// How far a student is from its teacher on texts, and which of the two finds them `likelier` if that is asked for.
pub async fn apart(texts: &Sequences, teacher: Heard<'_>, student: Heard<'_>, likelier: bool) -> Result<Apart, RunError> {
    let of = |rows: Range<usize>| {
        let (log_p, log_q) = (log_probs(teacher, &rows), log_probs(student, &rows));
        let gain = likelier.then(|| ((log_q.clone() - log_p.clone()) * texts.targets_of(rows)).sum_dim(1));
        [divergence::forward_kl(log_p, log_q).sum_dim(1)].into_iter().chain(gain).collect()
    };
    let mut columns = columns(texts, of).await?.into_iter();
    Ok(Apart { forward_kl: columns.next().unwrap_or_default(), likelier: columns.next().unwrap_or_default() })
}

fn log_probs((network, state): Heard, rows: &Range<usize>) -> Tensor<2> {
    log_softmax(network.logits(state.clone().slice([rows.clone()])))
}

/// Columns `[rows, 1]` of parts of the rows, read and put together: column, text, token.
async fn columns(texts: &Sequences, of: impl Fn(Range<usize>) -> Vec<Tensor<2>>) -> Result<Vec<Vec<Vec<f64>>>, RunError> {
    let rows = texts.batch * texts.seq;
    let part = if texts.vocab() > large::VOCABULARY { large::CHUNK } else { rows };
    let mut whole: Vec<Vec<f32>> = Vec::new();
    for start in (0..rows).step_by(part) {
        let mut reads = Reads::default();
        of(start..rows.min(start + part)).into_iter().for_each(|column| reads.add(column));
        let read = reads.run().await?;
        whole.resize(read.len(), Vec::with_capacity(rows));
        whole.iter_mut().zip(read).for_each(|(whole, mut part)| whole.append(&mut part));
    }
    Ok(whole.iter().map(|rows| texts.of_responses(rows)).collect())
}
