//! Token-level knowledge distillation: at every token of a text the student is compared with the teacher (Hinton et al. 2015; "word-level"
//! in Kim & Rush 2016).

use burn::tensor::Tensor;

use super::large::{self, Learn};
use super::{Scene, Sequences};
use crate::loss::{combine, representations, sequence};
use crate::method::response::Parts;
use crate::model::Transformer;

/// `α·CE + (1−α)·T²·divergence` on the data, and `hint_weight·hint` besides ([`hint_rows`]).
pub fn loss(scene: &Scene) -> Parts {
    let sequences = scene.sequences(&scene.data());
    if scene.large || scene.cache.is_some() {
        return large::loss(scene, &sequences, Learn::Both);
    }
    let distill = &scene.experiment.distill;
    let (own, theirs) = (scene.student_state(&sequences), scene.teacher_state(&sequences));
    let (logits, heard) = (scene.student.logits(own.clone()), scene.teacher.logits(theirs.clone()));
    let (targets, mask) = (scene.targets(&sequences), scene.mask(&sequences));
    let hard = sequence::cross_entropy(logits.clone(), targets.clone(), mask.clone());
    let soft = sequence::masked_mean(sequence::soft_rows(heard, logits, targets, distill), mask.clone());
    let hint = (distill.hint_weight > 0.0).then(|| sequence::masked_mean(hint_rows(scene.student, own, theirs), mask));
    let total = combine(hard.clone(), soft.clone(), hint.clone(), None, distill);
    Parts { hint, ..Parts::of(total, Some(hard), Some(soft)) }.over(sequences.tokens())
}

/// The hint of each token, `[rows]`: `mean((W·s + b − t)²)` over the teacher's width (FitNets, Romero et al. 2015, on the states of tokens as in
/// TinyBERT, Jiao et al. 2020). `own` and `theirs` are last states `[rows, width]` of student and teacher, whose widths may differ; W and b
/// learn with the student, and where the widths are equal there are none.
pub fn hint_rows(student: &Transformer, own: Tensor<2>, theirs: Tensor<2>) -> Tensor<1> {
    representations::hidden(student.project(own), theirs)
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
