//! The tiny encoders and the batch of `tests/reference/encoder.py`.

use super::EncoderConfig;
use crate::model::testing::waves;

pub const SHOWN: [[i32; 6]; 2] = [[3, 1, 4, 1, 5, 9], [2, 6, 5, 3, 0, 0]];
pub const LENGTHS: [usize; 2] = [6, 4];
/// Row of `[batch·seq]` and true token.
pub const MASKED: [(i32, usize); 3] = [(2, 7), (4, 8), (7, 10)];

pub fn config(kind: &str) -> EncoderConfig {
    EncoderConfig {
        hidden: 12,
        types: if kind == "distilbert" { 0 } else { 2 },
        embedding: if kind == "electra" { 4 } else { 8 },
        ..EncoderConfig::bert(11, 8, 8, 2, 2)
    }
}

pub fn values(config: &EncoderConfig) -> Vec<Vec<f32>> {
    waves(&config.parameters())
}
