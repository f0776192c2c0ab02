//! Sentence embeddings: the teacher's are copied, each by itself and in how they lie to each other, and what leads to them may be copied too.

use burn::tensor::Tensor;

use super::Batch;
use super::inside::{inside, traces};
use crate::loss::representations;
use crate::method::response::Parts;
use crate::model::encoder::Encoder;
use crate::spec::EncoderTerms;

/// Of the contrastive losses: SimCSE's (Gao et al. 2021).
const TEMPERATURE: f64 = 0.05;

/// Without a teacher: of a batch whose second half holds the sentences that follow those of its first, each is to find its successor
/// (Logeswaran & Lee 2018, with one encoder).
pub fn alone(student: &Encoder, batch: &Batch) -> Parts {
    let own = student.embeddings(student.state(batch.ids.clone(), &batch.padding), &batch.padding);
    let [rows, _] = own.dims();
    let half = rows / 2;
    let hard = representations::contrastive(own.clone().narrow(0, 0, half), own.narrow(0, half, half), TEMPERATURE);
    Parts::labels(hard)
}

/// `cosine_weight·(1 − cos) + similarity_weight·mean((S_s − S_t)²) + contrastive_weight·InfoNCE` of embeddings, and what the student
/// copies of its teacher's [`inside`](mod@super::inside) in the tokens that they are made of. A term of weight 0 is not computed.
///
/// Its parts: the cosine without its weight; similarities, states and attention with theirs.
pub fn distilled(student: &Encoder, teacher: &Encoder, batch: &Batch, terms: &EncoderTerms) -> Parts {
    let [thought, heard] = traces(student, teacher, batch, terms);
    let [own, theirs] = [(student, &thought), (teacher, &heard)].map(|(net, trace)| net.embeddings(trace.state(), &batch.padding));
    let term = |weight: f64, of: &dyn Fn() -> Tensor<1>| (weight > 0.0).then(of);
    let soft = term(terms.cosine_weight, &|| representations::cosine(own.clone(), theirs.clone()).mean());
    let alike = term(terms.similarity_weight, &|| representations::similarities(own.clone(), theirs.clone()) * terms.similarity_weight);
    let told = term(terms.contrastive_weight, &|| {
        representations::contrastive(own.clone(), theirs.clone(), TEMPERATURE) * terms.contrastive_weight
    });
    // The cosine here is that of embeddings, not of tokens.
    let deeper = EncoderTerms { cosine_weight: 0.0, ..terms.clone() };
    let (more, states, attention) = inside((student, &thought), (teacher, &heard), batch, &deeper);
    let add = |terms: &[Option<Tensor<1>>]| terms.iter().flatten().cloned().reduce(|sum, term| sum + term);
    let turned = soft.clone().map(|soft| soft * terms.cosine_weight);
    let total = add(&[turned, alike.clone(), told, more]).unwrap_or_else(|| own.sum() * 0.0);
    Parts { total, hard: None, soft, hint: add(&[alike, states]), attention, weight: 1.0 }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::device::testing::test_async;
    use crate::device::{Place, Reads};
    use crate::model::Trainable;
    use crate::model::encoder::testing::{config, values};
    use crate::model::encoder::{EncoderConfig, Pooling};
    use crate::model::testing::gradient_products;

    /// `tests/reference/encoder.py` computes it with transformers' BERT and DistilBERT.
    #[test_async]
    async fn all_terms_on_a_sentence_encoder_are_those_of_pytorch() {
        let reference: Value = serde_json::from_str(include_str!("../../../tests/reference/encoder.json")).unwrap();
        agree(Pooling::Mean, &reference["sentences"]).await;
        agree(Pooling::Cls, &reference["sentences_cls"]).await;
    }

    async fn agree(pooling: Pooling, expected: &Value) {
        let place = Place::cpu();
        let shape = |kind: &str| EncoderConfig { masked: false, pooling, ..config(kind) };
        let build = |kind: &str, device| Encoder::build(&shape(kind), &values(&shape(kind)), device);
        let (teacher, student) = (build("bert", &place.inner()), build("distilbert", &place.autodiff()));
        let terms = EncoderTerms {
            cosine_weight: 1.0,
            similarity_weight: 10.0,
            contrastive_weight: 0.5,
            hidden_weight: 2.0,
            relation_weight: 3.0,
            attention_weight: 4.0,
            ..EncoderTerms::default()
        };
        let parts = distilled(&student, &teacher, &Batch::of_reference(&place), &terms);
        let gradients = parts.total.backward();
        let mut reads = Reads::default();
        for part in [Some(parts.total), parts.soft, parts.hint, parts.attention] {
            reads.add(part.expect("every part").inner());
        }
        let close = |what: &str, found: f64, expected: &Value| {
            let expected = expected.as_f64().unwrap();
            assert!((found - expected).abs() < 3e-5 * expected.abs().max(1.0), "{what}: {found} instead of {expected}");
        };
        for (what, found) in ["total", "soft", "hint", "attention"].into_iter().zip(reads.run().await.unwrap()) {
            close(what, f64::from(found[0]), &expected[what]);
        }
        for (parameter, product) in shape("distilbert").parameters().iter().zip(gradient_products(&student, gradients).await) {
            close(&parameter.name, product, &expected["gradients"][&parameter.name]);
        }
    }
}
