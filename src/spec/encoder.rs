//! What only a run of encoders has to know.

use serde::{Deserialize, Serialize};

use super::choices::*;

/// How encoders are distilled. The temperature and the divergence are those of `distill`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields, default)]
pub struct EncoderTerms {
    pub objective: Objective,
    /// Share of tokens to be foretold.
    pub mask_share: f64,
    /// A token that occurs n times is chosen in proportion to n^−this.
    pub mask_smoothing: f64,
    /// Steps in which a teacher from a file first learns what it has no head for: masked tokens, or labels.
    pub adapt_steps: usize,
    /// At which tokens the divergence from the teacher is taken.
    pub soft_tokens: SoftTokens,
    /// Masked and classes: weight of `T²·divergence`.
    pub soft_weight: f64,
    /// Masked: weight of the cross-entropy of tokens to be foretold.
    pub masked_weight: f64,
    /// Classes: weight of the cross-entropy with the labels.
    pub label_weight: f64,
    /// Weight of `1 − cos` between last states (masked, classes) or embeddings of sentences.
    pub cosine_weight: f64,
    /// Weight of the squared distance of the states of all layers.
    pub hidden_weight: f64,
    /// Weight of the squared distance of the attention maps of all layers.
    pub attention_weight: f64,
    /// Weight of the relations between queries, keys and values of the last layer.
    pub relation_weight: f64,
    /// Which of the teacher's layers, from 0, each layer of the student copies in its states, attention maps and relations; empty = the one
    /// that stands as high.
    pub layer_map: Vec<usize>,
    /// Embeddings: weight of the squared distance between the similarities of sentences.
    pub similarity_weight: f64,
    /// Embeddings: weight of telling the teacher's embedding of a sentence from those of others.
    pub contrastive_weight: f64,
}

impl Default for EncoderTerms {
    /// DistilBERT's.
    fn default() -> Self {
        Self {
            objective: Objective::Masked,
            mask_share: 0.15,
            mask_smoothing: 0.7,
            adapt_steps: 0,
            soft_tokens: SoftTokens::All,
            soft_weight: 5.0,
            masked_weight: 2.0,
            label_weight: 0.5,
            cosine_weight: 1.0,
            hidden_weight: 0.0,
            attention_weight: 0.0,
            relation_weight: 0.0,
            layer_map: Vec::new(),
            similarity_weight: 1.0,
            contrastive_weight: 0.0,
        }
    }
}

impl EncoderTerms {
    /// Whether a term compares more of the inside than the last states.
    pub fn compares_layers(&self) -> bool {
        [self.hidden_weight, self.attention_weight, self.relation_weight].iter().any(|weight| *weight > 0.0)
    }

    /// Whether a term looks at more than the teacher's logits.
    pub fn sees_states(&self) -> bool {
        let of_embeddings = [self.similarity_weight, self.contrastive_weight];
        let copied = self.objective == Objective::Embeddings && of_embeddings.iter().any(|weight| *weight > 0.0);
        let inside = [self.cosine_weight, self.hidden_weight, self.attention_weight, self.relation_weight];
        copied || inside.iter().any(|weight| *weight > 0.0)
    }
}
