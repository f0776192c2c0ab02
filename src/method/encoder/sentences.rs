//! Sentence embeddings: the teacher's are copied, each by itself and in how they lie to each other.

use burn::tensor::{Int, Tensor};

use super::Batch;
use crate::loss::representations;
use crate::method::response::Parts;
use crate::model::encoder::{Encoder, embeddings};
use crate::spec::EncoderTerms;

/// Of the contrastive losses: SimCSE's (Gao et al. 2021).
const TEMPERATURE: f64 = 0.05;

/// Without a teacher: of a batch whose second half holds the sentences that follow those of its first, each is to find its successor
/// (Logeswaran & Lee 2018, with one encoder).
pub fn alone(student: &Encoder, batch: &Batch) -> Parts {
    let own = embedded(student, batch.ids.clone(), batch);
    let [rows, _] = own.dims();
    let half = rows / 2;
    let hard = representations::contrastive(own.clone().narrow(0, 0, half), own.narrow(0, half, half), TEMPERATURE);
    Parts::labels(hard)
}

/// `cosine_weight·(1 − cos) + similarity_weight·mean((S_s − S_t)²) + contrastive_weight·InfoNCE`. A term of weight 0 is not computed.
pub fn distilled(student: &Encoder, teacher: &Encoder, batch: &Batch, terms: &EncoderTerms) -> Parts {
    let own = embedded(student, batch.ids.clone(), batch);
    let theirs = embedded(teacher, batch.ids.clone(), batch);
    let term = |weight: f64, of: &dyn Fn() -> Tensor<1>| (weight > 0.0).then(of);
    let soft = term(terms.cosine_weight, &|| representations::cosine(own.clone(), theirs.clone()).mean());
    let hint = term(terms.similarity_weight, &|| representations::similarities(own.clone(), theirs.clone()));
    let attention = term(terms.contrastive_weight, &|| representations::contrastive(own.clone(), theirs.clone(), TEMPERATURE));
    let weighed = [(&soft, terms.cosine_weight), (&hint, terms.similarity_weight), (&attention, terms.contrastive_weight)];
    let terms = weighed.into_iter().filter_map(|(term, weight)| term.clone().map(|term| term * weight));
    let total = terms.reduce(|sum, term| sum + term).unwrap_or_else(|| own.sum() * 0.0);
    Parts { total, hard: None, soft, hint, attention, weight: 1.0 }
}

fn embedded(net: &Encoder, ids: Tensor<2, Int>, batch: &Batch) -> Tensor<2> {
    embeddings(net.state(ids, &batch.padding), &batch.padding)
}
