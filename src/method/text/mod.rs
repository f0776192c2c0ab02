//! Distillation of decoders, a file per method. Each says whose texts are scored (`Source`), and what a student pays for them.
//!
//! | file | texts | loss |
//! |---|---|---|
//! | [`sft`] | data | cross-entropy |
//! | [`seq_kd`] | the teacher's | cross-entropy |
//! | [`token_kd`] | data | any divergence, token by token, with hints |
//! | [`uld`] | data | distance of sorted probabilities, for two tokenizers |
//! | [`gkd`] | the student's, sometimes | the same |
//! | [`distillm`] | data, and the student's out of a replay buffer | skewed KL |
//! | [`distillm2`] | the teacher's against the student's | skewed KL both ways |
//! | [`minillm`] | the student's, mixed with the teacher | reverse KL by policy gradient |
//! | [`dpkd`] | the teacher's against the student's | preference |
//!
//! Over a large vocabulary all go another way to the same numbers: [`large`] and, where texts are sampled, `large_texts`.
//!
//! Losses are means over the tokens of responses, the stop token among them, in nats. Prompts cost nothing.

mod batch;
pub mod distillm;
pub mod distillm2;
pub mod dpkd;
pub mod gkd;
pub mod large;
mod large_texts;
pub mod minillm;
mod scene;
pub mod seq_kd;
pub mod sft;
mod teacher_texts;
pub mod token_kd;
pub mod uld;

pub use batch::{Responses, Sequences, Written, one_hot};
pub use scene::{Memory, Padding, Reading, Scene};
pub use teacher_texts::TeacherTexts;

use super::response::Parts;
use crate::generate::GenerateError;
use crate::spec::Method;

/// The loss of the distilled student at a step.
///
/// # Errors
/// When sampling fails.
pub async fn loss(scene: &Scene<'_>, memory: &mut Memory) -> Result<Parts, GenerateError> {
    if !scene.experiment.distilled_steps().contains(&scene.step) {
        return Ok(sft::loss(scene));
    }
    match scene.experiment.text.method {
        Method::Sft => Ok(sft::loss(scene)),
        Method::TokenKd => Ok(token_kd::loss(scene)),
        Method::Uld => uld::loss(scene).await,
        Method::SeqKd => seq_kd::loss(scene, memory).await,
        Method::Gkd => gkd::loss(scene).await,
        Method::Distillm => distillm::loss(scene, memory).await,
        Method::Distillm2 => distillm2::loss(scene).await,
        Method::Minillm => minillm::loss(scene, memory).await,
        Method::Dpkd => dpkd::loss(scene).await,
    }
}

#[cfg(test)]
mod hint_tests;
#[cfg(test)]
mod large_tests;
#[cfg(test)]
mod room_tests;
