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

/// The weighted terms on the states of real tokens: the last layer's direction (DistilBERT), and every layer's values against those of the
/// layer that it copies (TinyBERT). A student of another width is projected first.
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
            let (own, theirs) = pick(&own.states[at], &theirs.states[copied(at, depths, &terms.layer_map)]);
            real.mean(representations::hidden(own, theirs))
        };
        // State 0 is the embeddings.
        sum((0..=depths[0]).map(|at| Some(layer(at)))).expect("at least the embeddings") * terms.hidden_weight
    });
    sum([direction, values])
}

/// The weighted terms on attention: every layer's map against that of the layer that it copies (TinyBERT), and the last layer's relations
/// (MiniLM; of another layer of the teacher than its last as in MiniLMv2, Wang et al. 2021, where `layer_map` says so).
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
        sum(pairs(depths, &terms.layer_map).into_iter().map(|pair| Some(layer(pair)))).expect("at least one layer") * terms.attention_weight
    });
    let relations = (terms.relation_weight > 0.0).then(|| {
        let [own, theirs] = qkv(last(depths, &terms.layer_map));
        representations::relations(own, theirs, heads, batch.padding.bias.clone(), real.clone()) * terms.relation_weight
    });
    sum([maps, relations])
}

/// Layers of student and teacher, both from 0, whose queries, keys and values the terms compare.
fn watched(depths: [usize; 2], terms: &EncoderTerms) -> Vec<[usize; 2]> {
    if terms.attention_weight > 0.0 {
        pairs(depths, &terms.layer_map)
    } else if terms.relation_weight > 0.0 {
        vec![last(depths, &terms.layer_map)]
    } else {
        Vec::new()
    }
}

/// Every layer of the student with the teacher's that it copies.
fn pairs(depths: [usize; 2], map: &[usize]) -> Vec<[usize; 2]> {
    // The embeddings have no attention: below a teacher of fewer layers its first one stands in for them.
    (1..=depths[0]).map(|at| [at - 1, copied(at, depths, map).max(1) - 1]).collect()
}

/// The student's last layer with the teacher's that it copies.
fn last(depths: [usize; 2], map: &[usize]) -> [usize; 2] {
    [depths[0] - 1, copied(depths[0], depths, map) - 1]
}

/// The teacher's state that state `at` of a student of `layers` copies; state n + 1 is what layer n makes. By the map, or where there is none
/// the one that stands as high: TinyBERT's uniform map, rounded down between layers, the last with the last.
fn copied(at: usize, [layers, all]: [usize; 2], map: &[usize]) -> usize {
    match at.checked_sub(1).and_then(|layer| map.get(layer)) {
        Some(theirs) => theirs + 1,
        None => at * all / layers,
    }
}

fn sum(terms: impl IntoIterator<Item = Option<Tensor<1>>>) -> Option<Tensor<1>> {
    terms.into_iter().flatten().reduce(|sum, term| sum + term)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    fn of(depths: [usize; 2], map: &[usize]) -> Vec<(usize, usize)> {
        pairs(depths, map).into_iter().map(|[own, theirs]| (own, theirs)).collect()
    }

    #[test]
    fn every_layer_is_compared_with_one_that_stands_as_high_and_the_last_with_the_last() {
        assert_eq!(of([4, 12], &[]), [(0, 2), (1, 5), (2, 8), (3, 11)], "Jiao et al. 2020: layers 3, 6, 9, 12 counted from 1");
        assert_eq!(of([3, 4], &[]), [(0, 0), (1, 1), (2, 3)]);
        assert_eq!(of([4, 2], &[]), [(0, 0), (1, 0), (2, 0), (3, 1)], "a student may be deeper");
        assert_eq!(last([6, 12], &[]), [5, 11]);
    }

    #[test]
    fn a_map_says_which_layer_is_copied() {
        let map = [0, 2, 4, 7, 9, 11];
        assert_eq!(of([6, 12], &map), [(0, 0), (1, 2), (2, 4), (3, 7), (4, 9), (5, 11)], "the layers that DistilBERT starts from");
        assert_eq!(copied(0, [6, 12], &map), 0, "the embeddings with the embeddings");
        assert_eq!(copied(4, [6, 12], &map), 8, "state 8 is what layer 7 makes");
        assert_eq!(last([2, 24], &[10, 20]), [1, 20], "Wang et al. 2021: the relations of the 21st of 24 layers");
    }
}
