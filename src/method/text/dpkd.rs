//! Direct preference knowledge distillation (DPKD, Li et al. 2024, algorithm 1): for each prompt the teacher's text is to be preferred to
//! the student's own, with the teacher as the reference: `−log σ(β/|y_t|·log(q/p)(y_t) − β/|y_s|·log(q/p)(y_s))`, plus `lm_weight` times
//! the language-modelling loss on the data. Other forms by `preference`, see [`preference`].
//!
//! Of the token form, the authors' code, the total is `½·CE + ½·L`, and with a corpus of plain text `½·(½·CE + ½·soft CE)` on it besides. Here it is
//! `L + lm_weight·CE` like all others: at `lm_weight = 1` twice the first two, which an optimiser that divides a gradient by its size takes
//! for the same, and so does clipping while it clips; there is no plain text.
//!
//! The reference of DPO and IPO is the teacher too: the untrained student, their papers' choice, knows nothing here.

use burn::tensor::Tensor;

use super::{Scene, Sequences, large_texts, minillm::language_modelling};
use crate::generate::GenerateError;
use crate::loss::{preference, sequence};
use crate::method::response::Parts;
use crate::spec::Preference;

/// # Errors
/// When sampling fails.
pub async fn loss(scene: &Scene<'_>) -> Result<Parts, GenerateError> {
    let text = &scene.experiment.text;
    let teacher = scene.sequences(&scene.teacher_texts().await?);
    let soft = if text.preference == Preference::Token {
        // As in the authors' code: on the teacher's texts alone, the likeliest token of each side being the pair.
        if scene.large {
            large_texts::preferred_tokens(scene, &teacher)
        } else {
            let (p, q) = (scene.teacher_logits(&teacher), scene.student_logits(&teacher));
            preference::tokens(p, q, scene.mask(&teacher), text.preference_beta).loss
        }
    } else {
        let own = scene.sequences(&scene.own_texts().await?);
        let settings = preference::Settings {
            form: text.preference,
            beta: text.preference_beta,
            margin: text.preference_margin,
            length_norm: preference::counts_lengths(text),
        };
        if scene.large {
            large_texts::preferred(scene, &teacher, &own, &settings)
        } else {
            preference::texts(weighed(scene, &teacher), weighed(scene, &own), &settings).loss
        }
    };
    let hard = language_modelling(scene);
    let total = match &hard {
        Some(hard) => soft.clone() + hard.clone() * text.lm_weight,
        None => soft.clone(),
    };
    Ok(Parts::of(total, hard, Some(soft)))
}

/// Log-probabilities of whole texts under both networks.
fn weighed(scene: &Scene, sequences: &Sequences) -> preference::Texts {
    let sum = |logits: Tensor<2>| {
        let tokens = sequence::token_log_probs(logits, scene.targets(sequences));
        sequences.sums(tokens, scene.mask(sequences))
    };
    preference::Texts {
        log_q: sum(scene.student_logits(sequences)),
        reference: sum(scene.teacher_logits(sequences)),
        tokens: scene.per_text(&sequences.lengths()),
    }
}
