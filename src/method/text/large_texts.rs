//! Methods on sampled texts over a large vocabulary: the numbers of [`minillm`], [`dpkd`](super::dpkd) and
//! [`distillm2`] from the rows that count alone, a chunk of them at a time ([`chunked`]).

use std::ops::Range;

use burn::tensor::{IndexingUpdateOp, Tensor, TensorData};

use super::batch::{Responses, one_hot};
use super::large::CHUNK;
use super::{Scene, Sequences, distillm2, minillm};
use crate::device::{self, Reads, log_softmax};
use crate::generate::GenerateError;
use crate::loss::chunked::{chunked, chunked_rows};
use crate::loss::{preference, sequence};
use crate::model::Transformer;

/// The rows of texts that count, and the states `[n, width]` of both networks there.
struct Rows<'a> {
    scene: &'a Scene<'a>,
    responses: Responses,
    /// With its graph.
    student: Tensor<2>,
    /// Without.
    teacher: Tensor<2>,
}

impl<'a> Rows<'a> {
    fn of(scene: &'a Scene<'a>, sequences: &Sequences) -> Self {
        let responses = sequences.responses(CHUNK, scene.place);
        let rows = responses.rows.clone();
        let student = scene.student_state(sequences).select(0, rows.clone());
        let teacher = scene.teacher_state(sequences).select(0, rows);
        Self { scene, responses, student, teacher }
    }

    fn count(&self) -> usize {
        self.responses.weights.dims()[0]
    }

    /// One number per token of every response, filled up with 0, `[n]`.
    fn filled(&self, values: &[Vec<f64>]) -> Tensor<1> {
        let mut values: Vec<f32> = values.iter().flatten().map(|value| *value as f32).collect();
        values.resize(self.count(), 0.0);
        Tensor::from_data(TensorData::new(values, [self.count()]), &self.scene.place.inner())
    }

    fn part(&self, values: &Tensor<1>, range: &Range<usize>) -> Tensor<1> {
        values.clone().slice([range.clone()])
    }

    /// The tokens that came, one-hot, `[chunk, vocab]`.
    fn targets(&self, range: &Range<usize>) -> Tensor<2> {
        one_hot(self.responses.next.clone().slice([range.clone()]), self.scene.student.config().vocab)
    }

    fn teacher_logits(&self, range: &Range<usize>) -> Tensor<2> {
        self.scene.teacher.logits(self.teacher.clone().slice([range.clone()]))
    }

    /// Rows of a chunk that count.
    fn tokens(&self, range: &Range<usize>) -> f64 {
        self.responses.tokens.min(range.end).saturating_sub(range.start) as f64
    }

    /// Tokens of all responses, at least 1.
    fn all_tokens(&self) -> f64 {
        self.responses.tokens.max(1) as f64
    }

    /// Log-probabilities of the tokens that came under a network, from its state, without a graph, `[n]`.
    fn log_probs(&self, network: &Transformer, state: &Tensor<2>) -> Tensor<1> {
        let chunks = (0..self.count()).step_by(CHUNK).map(|start| {
            let range = start..start + CHUNK;
            sequence::token_log_probs(network.logits(state.clone().slice([range.clone()])), self.targets(&range))
        });
        let found: Vec<Tensor<1>> = chunks.collect();
        if found.is_empty() { self.responses.weights.zeros_like() } else { Tensor::cat(found, 0) }
    }
}

/// The teacher's log-probability of every token of every response.
///
/// # Errors
/// When the device fails.
pub async fn teacher_log_probs(scene: &Scene<'_>, sequences: &Sequences) -> Result<Vec<Vec<f64>>, GenerateError> {
    let rows = Rows::of(scene, sequences);
    Ok(sequences.split(&device::read(rows.log_probs(scene.teacher, &rows.teacher)).await?))
}

/// MiniLLM's [`surrogate`](minillm::surrogate), `[1]`: its log-probabilities when sampled, weights and advantages by token of every response.
pub fn policy(scene: &Scene, sequences: &Sequences, values: [&[Vec<f64>]; 3]) -> Tensor<1> {
    let rows = Rows::of(scene, sequences);
    let values = values.map(|values| rows.filled(values));
    let total = chunked(rows.student.clone(), scene.student.output(), CHUNK, |logits, range| {
        let targets = rows.targets(&range);
        let mask = rows.part(&rows.responses.weights, &range);
        let values = values.each_ref().map(|values| rows.part(values, &range));
        minillm::surrogate(scene, logits, targets, || rows.teacher_logits(&range), values, mask) * rows.tokens(&range)
    });
    total / rows.all_tokens()
}

/// The preference loss of the first texts over the second, `[1]`.
pub fn preferred(scene: &Scene, chosen: &Sequences, rejected: &Sequences, settings: &preference::Settings) -> Tensor<1> {
    let sides = [chosen, rejected];
    let rows = sides.map(|side| Rows::of(scene, side));
    let split = rows[0].count();
    let hidden = Tensor::cat(rows.iter().map(|side| side.student.clone()).collect(), 0);
    let of = |logits: Tensor<2>, range: Range<usize>| {
        // Both counts are multiples of the chunk: none has rows of both.
        let (side, start) = if range.start < split { (&rows[0], range.start) } else { (&rows[1], range.start - split) };
        sequence::token_log_probs(logits, side.targets(&(start..start + CHUNK)))
    };
    let references = rows.each_ref().map(|side| side.log_probs(scene.teacher, &side.teacher));
    let loss = |log_q: Tensor<1>| {
        let own = [log_q.clone().narrow(0, 0, split), log_q.narrow(0, split, rows[1].count())];
        let [chosen, rejected] = [0, 1].map(|at| preference::Texts {
            log_q: sums(sides[at], &rows[at].responses, own[at].clone()),
            reference: sums(sides[at], &rows[at].responses, references[at].clone()),
            tokens: scene.per_text(&sides[at].lengths()),
        });
        preference::texts(chosen, rejected, settings).loss
    };
    chunked_rows(hidden, scene.student.output(), CHUNK, of, loss)
}

/// Sums over each text of one number per row of its responses, `[batch]`.
fn sums(sequences: &Sequences, responses: &Responses, values: Tensor<1>) -> Tensor<1> {
    let values = values * responses.weights.clone();
    let rows = sequences.mask.zeros_like();
    let rows = rows.select_assign(0, responses.rows.clone(), values, IndexingUpdateOp::Add);
    sequences.sums(rows, sequences.mask.clone())
}

/// DPKD's token form on given texts, `[1]`.
pub fn preferred_tokens(scene: &Scene, sequences: &Sequences) -> Tensor<1> {
    let rows = Rows::of(scene, sequences);
    let beta = scene.experiment.text.preference_beta;
    let total = chunked(rows.student.clone(), scene.student.output(), CHUNK, |logits, range| {
        let mask = rows.part(&rows.responses.weights, &range);
        preference::tokens(rows.teacher_logits(&range), logits, mask, beta).loss * rows.tokens(&range)
    });
    total / rows.all_tokens()
}

/// DistiLLM-2's skewed KL, mean over tokens, `[1]`. `skews` gives λ of every text from its tokens' log-probabilities under teacher and student.
///
/// # Errors
/// When the device fails.
pub async fn skewed(
    scene: &Scene<'_>,
    sequences: &Sequences,
    forward: bool,
    skews: impl Fn(&[Vec<f64>], &[Vec<f64>]) -> Vec<f64>,
) -> Result<Tensor<1>, GenerateError> {
    let rows = Rows::of(scene, sequences);
    let mut reads = Reads::default();
    reads.add(rows.log_probs(scene.teacher, &rows.teacher));
    reads.add(rows.log_probs(scene.speaker, &rows.student.clone().inner()));
    let read = reads.run().await?;
    let skews = skews(&sequences.split(&read[0]), &sequences.split(&read[1]));
    let by_token: Vec<Vec<f64>> = skews.iter().zip(&sequences.spans).map(|(skew, (_, count))| vec![*skew; *count]).collect();
    let by_token = rows.filled(&by_token);
    let total = chunked(rows.student.clone(), scene.student.output(), CHUNK, |logits, range| {
        let log_q = log_softmax(logits);
        let log_p = log_softmax(rows.teacher_logits(&range));
        let skew = rows.part(&by_token, &range).unsqueeze_dim::<2>(1);
        (distillm2::divergences(log_p, log_q, skew, forward) * rows.part(&rows.responses.weights, &range)).sum()
    });
    Ok(total / rows.all_tokens())
}
