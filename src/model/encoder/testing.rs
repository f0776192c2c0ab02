//! The tiny encoders and the batch of `tests/reference/encoder.py`.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};

use super::{Encoder, EncoderConfig};
use crate::device::Reads;
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

/// Of the gradient of each parameter, its product with cos(0.1·i).
pub async fn gradient_products(net: &Encoder, mut gradients: Gradients) -> Vec<f64> {
    let mut reads = Reads::default();
    net.visit(&mut Collect(&mut gradients, &mut reads));
    let product = |gradient: Vec<f32>| gradient.iter().enumerate().map(|(i, value)| f64::from(*value) * (0.1 * i as f64).cos()).sum();
    reads.run().await.unwrap().into_iter().map(product).collect()
}

struct Collect<'a>(&'a mut Gradients, &'a mut Reads);

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.1.add(param.val().grad_remove(self.0).expect("the loss reaches every parameter"));
    }
}
