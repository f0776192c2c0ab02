//! Values for networks that are compared with other programs, and what is compared of their gradients.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};

use super::Parameter;
use crate::device::Reads;

/// Of parameter number k the element i is 0.3·sin(0.37·i + 1.3·k), and 1 more in the weights of norms: what `tests/reference/transformer.py` and
/// `encoder.py` give theirs.
pub fn waves(parameters: &[Parameter]) -> Vec<Vec<f32>> {
    let value = |k: usize, name: &str, i: usize| {
        let wave = 0.3 * (0.37 * i as f64 + 1.3 * k as f64).sin();
        (if name.contains("norm") && name.ends_with("weight") { 1.0 + wave } else { wave }) as f32
    };
    let list = parameters.iter().enumerate();
    list.map(|(k, p)| (0..p.shape.iter().product()).map(|i| value(k, &p.name, i)).collect()).collect()
}

/// Of the gradient of each parameter, its product with cos(0.1·i).
pub async fn gradient_products<N: Module>(net: &N, mut gradients: Gradients) -> Vec<f64> {
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
