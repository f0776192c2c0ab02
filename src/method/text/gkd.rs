//! Generalised knowledge distillation, on-policy (GKD, Agarwal et al. 2023, algorithm 1): with probability λ = `student_share` a step learns
//! from texts that the student has just written, otherwise from the data. No gradient flows through the sampling.
//!
//! With `divergence = jsd_gkd` and β this is the paper's; `jsd_continuous` has the weights that code in circulation calls by the same name
//! but exchanges (see [`crate::loss::divergence`]).

use super::{Scene, token_kd};
use crate::generate::GenerateError;
use crate::method::response::Parts;

/// # Errors
/// When sampling fails.
pub async fn loss(scene: &Scene<'_>) -> Result<Parts, GenerateError> {
    if scene.coin("own texts or data") >= scene.experiment.text.student_share {
        return Ok(token_kd::loss(scene));
    }
    let own = scene.own_texts().await?;
    Ok(token_kd::on(scene, &scene.sequences(&own)))
}
