//! stub
pub fn distinct(_r: &[&[u32]], _n: usize) -> f64 {
    0.0
}
pub fn excess(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<f64> {
    let sums = |t: &[Vec<f64>]| {
        let n = t.iter().map(Vec::len).max().unwrap_or(0);
        let mut acc = 0.0;
        (0..n)
            .map(|i| {
                acc += t.iter().map(|r| r.get(i).copied().unwrap_or(0.0)).sum::<f64>() / t.len() as f64;
                acc
            })
            .collect::<Vec<_>>()
    };
    let (a, b) = (sums(a), sums(b));
    a.iter().zip(&b).map(|(a, b)| (a - b) / b * 100.0).collect()
}
