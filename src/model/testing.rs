//! Values for networks that are compared with other programs.

use super::Parameter;

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
