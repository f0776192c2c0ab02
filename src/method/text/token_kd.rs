//! Token-level knowledge distillation: at every token of a text the student is compared with the teacher (Hinton et al. 2015; "word-level"
//! in Kim & Rush 2016).

use super::large::{self, Learn};
use super::{Scene, Sequences};
use crate::loss::{combine, sequence};
use crate::method::response::Parts;

/// `α·CE + (1−α)·T²·divergence` on the data.
pub fn loss(scene: &Scene) -> Parts {
    let sequences = scene.sequences(&scene.data());
    if scene.large || scene.cache.is_some() {
        return large::loss(scene, &sequences, Learn::Both);
    }
    let distill = &scene.experiment.distill;
    let logits = scene.student_logits(&sequences);
    let (targets, mask) = (scene.targets(&sequences), scene.mask(&sequences));
    let hard = sequence::cross_entropy(logits.clone(), targets.clone(), mask.clone());
    let soft = sequence::masked_mean(sequence::soft_rows(scene.teacher_logits(&sequences), logits, targets, distill), mask);
    let total = combine(hard.clone(), soft.clone(), None, None, distill);
    Parts::of(total, Some(hard), Some(soft)).over(sequences.tokens())
}

/// `T²·divergence` on texts that are nobody's answer key: there are no labels, so α does not enter.
pub fn on(scene: &Scene, sequences: &Sequences) -> Parts {
    if scene.large {
        return large::loss(scene, sequences, Learn::Teacher);
    }
    let distill = &scene.experiment.distill;
    let logits = scene.student_logits(sequences);
    let rows = sequence::soft_rows(scene.teacher_logits(sequences), logits, scene.targets(sequences), distill);
    let soft = sequence::masked_mean(rows, scene.mask(sequences));
    let total = soft.clone() * crate::loss::soft::scale(distill);
    Parts::teacher(total, soft).over(sequences.tokens())
}
