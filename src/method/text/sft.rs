//! Supervised fine-tuning: the cross-entropy of the data. The baseline of every method, and what most of them start from.

use super::large::{self, Learn};
use super::{Scene, Sequences};
use crate::loss::sequence;
use crate::method::response::Parts;

/// `−log q(token)`, mean over the tokens of the responses of the data.
pub fn loss(scene: &Scene) -> Parts {
    on(scene, &scene.sequences(&scene.data()))
}

/// The same on any texts.
pub fn on(scene: &Scene, sequences: &Sequences) -> Parts {
    if scene.large {
        return large::loss(scene, sequences, Learn::Labels);
    }
    let logits = scene.student_logits(sequences);
    Parts::labels(sequence::cross_entropy(logits, scene.targets(sequences), scene.mask(sequences))).over(sequences.tokens())
}
