//! What a student may copy of its teacher's inside: states of layers, attention maps, and relations between queries, keys and values.

use burn::tensor::Tensor;

use super::Batch;
use crate::loss::representations;
use crate::model::encoder::{Encoder, Trace};
use crate::spec::EncoderTerms;

/// What student and teacher think of a batch, as far as the terms look at it.
pub fn traces(student: &Encoder, teacher: &Encoder, batch: &Batch, terms: &EncoderTerms) -> [Trace; 2] {
    let watched = watched([student, teacher].map(|net| net.config().layers), terms);
    [(student, 0), (teacher, 1)].map(|(net, side)| {
        let layers: Vec<usize> = watched.iter().map(|pair| pair[side]).collect();
        net.trace(batch.ids.clone(), &batch.padding, &layers)
    })
}

/// `cosine_weight·(1 − cos) + hidden_weight·MSE + attention_weight·maps + relation_weight·relations`, `[1]`, at all real tokens; then its parts on
/// states and on attention, with their weights. Each side is a network with its trace. A term of weight 0 is not computed.
pub fn inside(
    (student, own): (&Encoder, &Trace),
    (teacher, theirs): (&Encoder, &Trace),
    batch: &Batch,
    terms: &EncoderTerms,
) -> (Option<Tensor<1>>, Option<Tensor<1>>, Option<Tensor<1>>) {
    let hint = states((student, own), theirs, batch, terms);
    let attention = attention((student, own), (teacher, theirs), batch, terms);
    (sum([hint.clone(), attention.clone()]), hint, attention)
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
    let depths = [own, theirs].map(|trace| trace.states.len() - 1);
    let values = (terms.hidden_weight > 0.0).then(|| {
        let layer = |at: usize| {
            let (own, theirs) = pick(&own.states[at], &theirs.states[as_high(at, depths)]);
            real.mean(representations::hidden(own, theirs))
        };
        sum((0..=depths[0]).map(|at| Some(layer(at)))).expect("at least the embeddings") * terms.hidden_weight
    });
    sum([direction, values])
}

/// The weighted terms on attention: every layer's map against that of the teacher's layer that stands as high (TinyBERT), and the last layers'
/// relations (MiniLM).
fn attention(
    (student, own): (&Encoder, &Trace),
    (teacher, theirs): (&Encoder, &Trace),
    batch: &Batch,
    terms: &EncoderTerms,
) -> Option<Tensor<1>> {
    let depths = [student, teacher].map(|net| net.config().layers);
    let (heads, real) = (teacher.config().heads, &batch.padding.real);
    let qkv = |[at, theirs_at]: [usize; 2]| [own.qkv[&at].clone(), theirs.qkv[&theirs_at].clone()];
    let maps = (terms.attention_weight > 0.0).then(|| {
        let layer = |pair| {
            let [own, theirs] = qkv(pair);
            representations::attention(own, theirs, heads, real.clone())
        };
        sum(pairs(depths).map(|pair| Some(layer(pair)))).expect("at least one layer") * terms.attention_weight
    });
    let relations = (terms.relation_weight > 0.0).then(|| {
        let [own, theirs] = qkv(last(depths));
        representations::relations(own, theirs, heads, batch.padding.bias.clone(), real.clone()) * terms.relation_weight
    });
    sum([maps, relations])
}

/// Layers of student and teacher, both from 0, whose queries, keys and values the terms compare.
fn watched(depths: [usize; 2], terms: &EncoderTerms) -> Vec<[usize; 2]> {
    if terms.attention_weight > 0.0 {
        pairs(depths).collect()
    } else if terms.relation_weight > 0.0 {
        vec![last(depths)]
    } else {
        Vec::new()
    }
}

/// Every layer of the student with the teacher's that stands as high; the last with the last.
fn pairs(depths: [usize; 2]) -> impl Iterator<Item = [usize; 2]> {
    // State 0 is the embeddings, which have no attention.
    (1..=depths[0]).map(move |at| [at - 1, as_high(at, depths).max(1) - 1])
}

fn last(depths: [usize; 2]) -> [usize; 2] {
    depths.map(|depth| depth - 1)
}

/// The teacher's state that stands as high as state `at` of a student of `layers`: TinyBERT's uniform map, rounded down between layers.
fn as_high(at: usize, [layers, all]: [usize; 2]) -> usize {
    at * all / layers
}

fn sum(terms: impl IntoIterator<Item = Option<Tensor<1>>>) -> Option<Tensor<1>> {
    terms.into_iter().flatten().reduce(|sum, term| sum + term)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    #[test]
    fn every_layer_is_compared_with_one_that_stands_as_high_and_the_last_with_the_last() {
        let of = |depths| pairs(depths).map(|[own, theirs]| (own, theirs)).collect::<Vec<_>>();
        assert_eq!(of([4, 12]), [(0, 2), (1, 5), (2, 8), (3, 11)], "Jiao et al. 2020: layers 3, 6, 9, 12 counted from 1");
        assert_eq!(of([3, 4]), [(0, 0), (1, 1), (2, 3)]);
        assert_eq!(of([4, 2]), [(0, 0), (1, 0), (2, 0), (3, 1)], "a student may be deeper");
    }
}
