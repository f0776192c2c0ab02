//! What a forward pass takes, counted on paper: floating-point operations (FLOPs) of its matrix products, attention and convolutions, two for
//! each multiply-add. Norms, activations, softmax, biases and look-ups are little beside them and do not count, as is customary (Kaplan et al.
//! 2020 §2.1; PyTorch's `FlopCounterMode`). Padding counts, for it is computed; so does what causal attention computes and masks.

use super::encoder::{Classifier, EncoderConfig};
use super::layout::pooled;
use super::{Layout, Parameter, TransformerConfig};

/// FLOPs of a multiply-add.
const MULTIPLY_ADD: f64 = 2.0;

/// Training by passes of one forward pass: backward there are two products for each of the forward pass, one for the gradient of either factor.
/// (The first layer of a network of images needs but one. Adapters count as the matrices that they adapt.)
pub const TRAINING: f64 = 3.0;

/// Texts that a transformer reads together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextBatch {
    pub texts: f64,
    /// Tokens of each, padding among them.
    pub seq: f64,
    /// Tokens of all, at which the vocabulary is foretold.
    pub foretold: f64,
}

impl Layout {
    /// FLOPs of a forward pass of one row; of the projection too, where there is one.
    pub fn flops(&self) -> f64 {
        let [_, mut height, mut width] = self.input;
        let mut sum = 0.0;
        for Parameter { shape, .. } in self.parameters() {
            let places = match shape.len() {
                // At every pixel; a pool follows.
                4 => {
                    let places = height * width;
                    (height, width) = (pooled(height), pooled(width));
                    places
                }
                2 => 1,
                _ => 0,
            };
            sum += product(&shape) * places as f64;
        }
        sum * MULTIPLY_ADD
    }
}

impl TransformerConfig {
    /// FLOPs of a forward pass.
    pub fn flops(&self, batch: TextBatch) -> f64 {
        let TextBatch { texts, seq, foretold } = batch;
        let (width, projected) = (self.width as f64, self.projection.unwrap_or(0) as f64);
        (texts * seq * self.per_token(seq) + foretold * width * (self.vocab as f64 + projected)) * MULTIPLY_ADD
    }

    /// FLOPs of writing `new` tokens after `prompt` tokens in each of `texts`, with a cache that has room for all from the start, as it is here.
    pub fn writing_flops(&self, texts: f64, prompt: f64, new: f64) -> f64 {
        // The last token is not read again.
        let read = prompt + new - 1.0;
        texts * (read * self.per_token(prompt + new) + new * (self.width * self.vocab) as f64) * MULTIPLY_ADD
    }

    /// Multiply-adds of all layers for a token that looks at `seq` tokens.
    fn per_token(&self, seq: f64) -> f64 {
        layers(&self.parameters()) + attention(self.layers, self.width, seq)
    }
}

impl EncoderConfig {
    /// FLOPs of a forward pass: its head for masked tokens where some are foretold, and its head for classes where it has one.
    pub fn flops(&self, batch: TextBatch) -> f64 {
        let TextBatch { texts, seq, foretold } = batch;
        let [width, embedding, vocab] = [self.width, self.embedding, self.vocab].map(|size| size as f64);
        let widened = if self.embedding == self.width { 0.0 } else { embedding * width };
        let per_token = layers(&self.parameters()) + attention(self.layers, self.width, seq) + widened;
        let classes = self.classifier.map_or(0.0, |Classifier { classes, .. }| width * (width + classes as f64));
        (texts * (seq * per_token + classes) + foretold * embedding * (width + vocab)) * MULTIPLY_ADD
    }
}

/// Multiply-adds of the matrices of all layers for one token.
fn layers(parameters: &[Parameter]) -> f64 {
    let matrix = |parameter: &&Parameter| parameter.shape.len() == 2 && parameter.name.starts_with("layers.");
    parameters.iter().filter(matrix).map(|parameter| product(&parameter.shape)).sum()
}

/// Queries with keys, and weights with values, of one token.
fn attention(layers: usize, width: usize, seq: f64) -> f64 {
    2.0 * (layers * width) as f64 * seq
}

fn product(shape: &[usize]) -> f64 {
    shape.iter().product::<usize>() as f64
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::device::testing::test;
    use crate::spec::{Network, NetworkKind};

    const BATCH: TextBatch = TextBatch { texts: 2.0, seq: 5.0, foretold: 10.0 };

    #[test]
    fn a_network_of_images_takes_what_a_hand_counts() {
        let student = Network { kind: NetworkKind::Cnn, channels: vec![2, 3], widths: vec![7], ..Network::student() };
        let layout = Layout::new(&student, &[1, 6, 6], 4);
        // 3×3 over 36 pixels, then over 9, then 3·1·1 values into 7 units and 4 classes.
        let by_hand = 2 * 9 * 36 + 3 * 2 * 9 * 9 + 3 * 7 + 7 * 4;
        assert_eq!(layout.flops(), f64::from(2 * by_hand));
        assert_eq!(layout.with_projection(5).flops(), f64::from(2 * (by_hand + 7 * 5)), "a projection of the hidden layer");
    }

    #[test]
    fn a_decoder_takes_what_a_hand_counts_and_a_cache_spares_it_what_it_has_read() {
        let config = TransformerConfig::gpt2(11, 8, 4, 2, 2);
        // Of a layer 12·width² and attention to 5 tokens, twice; behind them 11 logits.
        let token = |seq: u32| 2 * (12 * 16 + 2 * 4 * seq);
        assert_eq!(config.flops(BATCH), f64::from(2 * (10 * token(5) + 10 * 4 * 11)));
        let few = TextBatch { foretold: 3.0, ..BATCH };
        assert_eq!(config.flops(BATCH) - config.flops(few), f64::from(2 * 7 * 4 * 11), "logits of the tokens that count alone");
        // A prompt of 3 and 4 new tokens: 6 are read, each looks at room for 7, 4 are foretold.
        assert_eq!(config.writing_flops(2.0, 3.0, 4.0), f64::from(2 * 2 * (6 * token(7) + 4 * 4 * 11)));
        let hinted = TransformerConfig { projection: Some(6), ..config.clone() };
        assert_eq!(hinted.flops(BATCH) - config.flops(BATCH), f64::from(2 * 10 * 4 * 6));
    }

    /// `tests/reference/flops.py` has PyTorch count networks of the same shapes.
    #[test]
    fn pytorch_counts_the_same() {
        let reference: Value = serde_json::from_str(include_str!("../../tests/reference/flops.json")).unwrap();
        let cnn = Network { kind: NetworkKind::Cnn, channels: vec![8, 16], widths: vec![32], ..Network::student() };
        let mlp = Network { kind: NetworkKind::Mlp, widths: vec![24, 16], ..Network::student() };
        let gpt2 = TransformerConfig::gpt2(89, 32, 16, 2, 4);
        let llama = TransformerConfig::llama(89, 32, 16, 2, [4, 2], 43);
        let bert = EncoderConfig::bert(89, 32, 16, 2, 4);
        let narrow = EncoderConfig { embedding: 8, ..bert.clone() };
        let texts = TextBatch { texts: 3.0, seq: 13.0, foretold: 39.0 };
        let masked = TextBatch { foretold: 6.0, ..texts };
        let counted = [
            ("mlp", 5.0 * Layout::new(&mlp, &[64], 10).flops()),
            ("cnn", 5.0 * Layout::new(&cnn, &[1, 14, 14], 10).flops()),
            ("gpt2", gpt2.flops(texts)),
            ("llama", llama.flops(texts)),
            ("bert", bert.flops(masked)),
            ("narrow", narrow.flops(masked)),
        ];
        for (name, forward) in counted {
            let [theirs, training] = ["forward", "training"].map(|what| reference[name][what].as_f64().unwrap());
            assert_eq!(forward, theirs, "{name}: a forward pass");
            assert_eq!(forward * TRAINING, training, "{name}: forward and backward");
        }
    }
}
