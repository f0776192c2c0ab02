//! DistilBERT (Sanh et al. 2019): `5·T²·KL + 2·MLM + 1·cos`, and what others added.

use std::cell::RefCell;

use burn::tensor::Tensor;

use super::inside::{inside, traces};
use super::{Batch, Rows};
use crate::device::linear;
use crate::loss::chunked::chunked;
use crate::loss::{sequence, soft::scale};
use crate::method::response::Parts;
use crate::method::text::{large, one_hot};
use crate::model::encoder::Encoder;
use crate::spec::{Distill, Experiment, SoftTokens};

/// Rows of logits at a time.
pub fn chunk(vocab: usize, rows: usize) -> usize {
    if vocab > large::VOCABULARY { large::CHUNK } else { rows.max(1) }
}

/// Masked language modelling alone: cross-entropy of the tokens to be foretold, mean over them.
pub fn alone(student: &Encoder, batch: &Batch, distill: &Distill) -> Parts {
    let state = student.state(batch.ids.clone(), &batch.padding);
    let (total, [hard, _]) = words((student, &state), None, &batch.hidden, distill, [1.0, 0.0]);
    Parts::of(total, hard, None)
}

/// `soft_weight·T²·divergence + masked_weight·MLM`, and what the student copies of its teacher's [`inside`](mod@super::inside).
///
/// The divergence is a mean over all real tokens, or over those to be foretold (`encoder.soft_tokens`); states and attention are compared
/// at all real tokens. A term of weight 0 is not computed.
pub fn distilled(student: &Encoder, teacher: &Encoder, batch: &Batch, experiment: &Experiment) -> Parts {
    let terms = &experiment.encoder;
    let [own, theirs] = traces(student, teacher, batch, terms);
    let weights = [terms.masked_weight, terms.soft_weight * scale(&experiment.distill)];
    let heard = (weights[1] > 0.0).then(|| (teacher, theirs.state()));
    let rows = if heard.is_some() && terms.soft_tokens == SoftTokens::All { &batch.real } else { &batch.hidden };
    let (mut total, [hard, soft]) = words((student, &own.state()), heard, rows, &experiment.distill, weights);
    let (more, hint, attention) = inside((student, &own), (teacher, &theirs), batch, terms);
    if let Some(more) = more {
        total = total + more;
    }
    Parts { total, hard, soft, hint, attention, weight: 1.0 }
}

/// Cross-entropy over `asked` and divergence over all of `rows`, by their weights, and the two before those. `student` is a network with
/// its state of the batch, `[batch·seq, width]`, and so is the teacher.
fn words(
    (student, state): (&Encoder, &Tensor<2>),
    teacher: Option<(&Encoder, Tensor<2>)>,
    rows: &Rows,
    distill: &Distill,
    [hard_weight, soft_weight]: [f64; 2],
) -> (Tensor<1>, [Option<Tensor<1>>; 2]) {
    let vocab = student.config().vocab;
    if hard_weight == 0.0 && teacher.is_none() {
        return (state.clone().sum() * 0.0, [None, None]);
    }
    let [count, asked] = rows.counts.map(|count| count.max(1) as f64);
    let guess = student.guess(state.clone().select(0, rows.rows.clone()));
    let heard = teacher.map(|(net, state)| (net.guess(state.select(0, rows.rows.clone())), net.output().transpose()));
    let weights = &rows.weights;
    // The parts are only looked at, and a chunk has one loss: they are summed beside it, without a graph.
    let sums = RefCell::new([const { None::<Tensor<1>> }; 2]);
    let note = |part: usize, value: Tensor<1>| {
        let mut sums = sums.borrow_mut();
        let before = sums[part].take();
        sums[part] = Some(before.map_or_else(|| value.clone().inner(), |sum| sum + value.clone().inner()));
        value
    };
    let total = chunked(guess, student.output(), chunk(vocab, rows.filled()), |logits, range| {
        let targets: Tensor<2> = one_hot(rows.tokens.clone().slice([range.clone()]), vocab);
        let hard = (hard_weight > 0.0).then(|| {
            let weights = rows.asked.clone().slice([range.clone()]);
            let tokens = sequence::token_log_probs(logits.clone(), targets.clone());
            note(0, (tokens * weights).sum() / -asked) * hard_weight
        });
        let soft = heard.as_ref().map(|(guess, output)| {
            let theirs = linear(guess.clone().slice([range.clone()]), output.clone(), None);
            let rows = sequence::soft_rows(theirs, logits, targets, distill);
            let weights = weights.clone().slice([range.clone()]);
            note(1, (rows * weights).sum() / count) * soft_weight
        });
        hard.into_iter().chain(soft).reduce(|sum, term| sum + term).expect("one of the two")
    });
    (total, sums.into_inner())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::data::text::Masked;
    use crate::device::testing::test_async;
    use crate::device::{Place, Reads};
    use crate::model::Trainable;
    use crate::model::encoder::EncoderConfig;
    use crate::model::encoder::testing::{LENGTHS, MASKED, SHOWN, config, values};
    use crate::spec::Divergence;

    /// Small networks on the texts of the reference.
    fn scene(place: &Place) -> (Encoder, Encoder, Masked) {
        let build = |kind: &str, device| {
            let config: EncoderConfig = config(kind);
            Encoder::build(&config, &values(&config), device)
        };
        let texts = LENGTHS.iter().zip(SHOWN).map(|(length, text)| text[..*length].iter().map(|id| *id as u32).collect()).collect();
        let hidden = MASKED.map(|(row, token)| (row as usize / 6, row as usize % 6, token as u32)).to_vec();
        (build("bert", &place.inner()), build("distilbert", &place.autodiff()), Masked { texts, hidden })
    }

    #[test_async]
    async fn rows_that_are_filled_up_change_no_loss() {
        let place = Place::cpu();
        let (teacher, student, masked) = scene(&place);
        let ways =
            [(SoftTokens::All, Divergence::ForwardKl), (SoftTokens::Masked, Divergence::ForwardKl), (SoftTokens::All, Divergence::Dkd)];
        for (soft_tokens, divergence) in ways {
            let mut experiment = Experiment::default();
            experiment.distill.divergence = divergence;
            experiment.encoder.soft_tokens = soft_tokens;
            experiment.encoder.hidden_weight = 1.0;
            let mut found = Vec::new();
            for multiple in [1, 7, 64] {
                let batch = Batch::masked_by(masked.clone(), 6, 0, multiple, &place);
                assert!(batch.real.filled().is_multiple_of(multiple) && batch.hidden.filled().is_multiple_of(multiple));
                let parts = distilled(&student, &teacher, &batch, &experiment);
                let alone = alone(&student, &batch, &experiment.distill).total;
                let mut reads = Reads::default();
                let losses =
                    [Some(parts.total.clone().inner()), parts.hard, parts.soft, parts.hint.map(Tensor::inner), Some(alone.inner())];
                losses.into_iter().flatten().for_each(|loss| reads.add(loss));
                let losses: Vec<f64> = reads.run().await.unwrap().iter().map(|value| f64::from(value[0])).collect();
                let gradients = crate::model::testing::gradient_products(&student, parts.total.backward()).await;
                found.push([losses, gradients].concat());
            }
            for others in &found[1..] {
                for (first, other) in found[0].iter().zip(others) {
                    assert!((first - other).abs() < 1e-5 * first.abs().max(1.0), "{first} became {other}");
                }
            }
        }
    }

    /// `tests/reference/encoder.py` computes it with transformers' BERT and DistilBERT.
    #[test_async]
    async fn the_triple_loss_is_that_of_pytorch() {
        let reference: Value = serde_json::from_str(include_str!("../../../tests/reference/encoder.json")).unwrap();
        let place = Place::cpu();
        let (teacher, student, masked) = scene(&place);
        let batch = Batch::masked(masked, 6, 0, &place);
        for (name, soft_tokens) in [("all", SoftTokens::All), ("masked", SoftTokens::Masked)] {
            let mut experiment = Experiment::default();
            experiment.distill.temperature = 2.0;
            experiment.encoder.soft_tokens = soft_tokens;
            let parts = distilled(&student, &teacher, &batch, &experiment);
            let gradients = parts.total.backward();
            let mut reads = Reads::default();
            for part in [Some(parts.total.inner()), parts.hard, parts.soft, parts.hint.map(Tensor::inner)] {
                reads.add(part.expect("every part of the triple loss"));
            }
            let expected = &reference["triple"][name];
            let close = |what: &str, found: f64| {
                let expected = expected[what].as_f64().unwrap();
                assert!((found - expected).abs() < 3e-5 * expected.abs().max(1.0), "{name}, {what}: {found} instead of {expected}");
            };
            for (what, found) in ["total", "hard", "soft", "cosine"].into_iter().zip(reads.run().await.unwrap()) {
                close(what, f64::from(found[0]));
            }
            let products = crate::model::testing::gradient_products(&student, gradients).await;
            for (parameter, product) in config("distilbert").parameters().iter().zip(products) {
                let expected = expected["gradients"][&parameter.name].as_f64().unwrap();
                assert!((product - expected).abs() < 1e-4 * expected.abs().max(1.0), "{name}, {}: {product}, {expected}", parameter.name);
            }
        }
    }
}
