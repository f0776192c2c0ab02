use burn::tensor::Tensor;

use super::soft;
use crate::spec::Distill;

/// The student's loss: `α·hard + (1−α)·scale·soft + w_hint·hint + w_attention·attention`, all `[1]` (Hinton et al. 2015 §2, Romero et
/// al. 2015, Zagoruyko & Komodakis 2017). α is the weight of the labels.
///
/// A term with weight zero is left out, not multiplied by zero: at α = 0 the labels, and at α = 1 the teacher's word, cost no backward
/// pass.
pub fn combine(hard: Tensor<1>, soft: Tensor<1>, hint: Option<Tensor<1>>, attention: Option<Tensor<1>>, distill: &Distill) -> Tensor<1> {
    let terms = [
        (Some(hard), distill.alpha),
        (Some(soft), (1.0 - distill.alpha) * soft::scale(distill)),
        (hint, distill.hint_weight),
        (attention, distill.attention_weight),
    ];
    let weighted = terms.into_iter().filter(|(_, weight)| *weight != 0.0).filter_map(|(term, weight)| Some(term? * weight));
    weighted.reduce(|sum, term| sum + term).expect("α and 1−α are not both zero")
}
