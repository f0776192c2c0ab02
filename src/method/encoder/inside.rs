//! What a student may copy of its teacher's inside: states of layers, and relations between queries, keys and values.

use burn::tensor::Tensor;

use super::Batch;
use crate::loss::representations;
use crate::model::encoder::{Encoder, Trace};
use crate::spec::EncoderTerms;

/// `cosine_weight·(1 − cos) + hidden_weight·MSE + relation_weight·relations`, `[1]`, at all real tokens; then its part on states with weights,
/// and the relations without theirs. Each side is a network with what it thought of the batch. A term of weight 0 is not computed.
pub fn inside(
    (student, own): (&Encoder, &Trace),
    (teacher, theirs): (&Encoder, &Trace),
    batch: &Batch,
    terms: &EncoderTerms,
) -> (Option<Tensor<1>>, Option<Tensor<1>>, Option<Tensor<1>>) {
    let hint = states((student, own), theirs, batch, terms);
    let attention = (terms.relation_weight > 0.0).then(|| {
        let (bias, real) = (batch.padding.bias.clone(), batch.padding.real.clone());
        representations::relations(own.qkv.clone(), theirs.qkv.clone(), teacher.config().heads, bias, real)
    });
    let weighed = [hint.clone(), attention.clone().map(|relations| relations * terms.relation_weight)];
    (weighed.into_iter().flatten().reduce(|sum, term| sum + term), hint, attention)
}

/// The weighted terms on the states of real tokens: the last layer's direction (DistilBERT), and every layer's values against the layer of
/// the teacher that stands as high (TinyBERT). A student of another width is projected first.
fn states((student, own): (&Encoder, &Trace), theirs: &Trace, batch: &Batch, terms: &EncoderTerms) -> Option<Tensor<1>> {
    let real = &batch.real;
    let pick = |own: &Tensor<2>, theirs: &Tensor<2>| {
        let [own, theirs] = [own, theirs].map(|state| state.clone().select(0, real.rows.clone()));
        (student.project(own), theirs)
    };
    let direction = (terms.cosine_weight > 0.0).then(|| {
        let (own, theirs) = pick(&own.state(), &theirs.state());
        real.mean(representations::cosine(own, theirs)) * terms.cosine_weight
    });
    let (layers, all) = (own.states.len() - 1, theirs.states.len() - 1);
    let values = (terms.hidden_weight > 0.0).then(|| {
        let layer = |at: usize| {
            let (own, theirs) = pick(&own.states[at], &theirs.states[at * all / layers]);
            real.mean(representations::hidden(own, theirs))
        };
        (0..=layers).map(layer).reduce(|sum, term| sum + term).expect("at least the embeddings") * terms.hidden_weight
    });
    direction.into_iter().chain(values).reduce(|sum, term| sum + term)
}
