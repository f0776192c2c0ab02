//! How two networks' embeddings of the same texts agree.

/// Embeddings of texts, row by row.
#[derive(Debug, Clone, Copy)]
pub struct Embeddings<'a> {
    pub values: &'a [f32],
    pub width: usize,
}

impl Embeddings<'_> {
    fn rows(&self) -> Vec<&[f32]> {
        self.values.chunks_exact(self.width).collect()
    }

    /// Cosine of every pair of texts, each pair once.
    pub fn cosines(&self) -> Vec<f64> {
        let rows = self.rows();
        (0..rows.len()).flat_map(|a| (a + 1..rows.len()).map(move |b| (a, b))).map(|(a, b)| cosine(rows[a], rows[b])).collect()
    }

    /// The likest other text of each.
    pub fn neighbours(&self) -> Vec<usize> {
        let rows = self.rows();
        let nearest = |own: usize| {
            let others = (0..rows.len()).filter(|other| *other != own);
            others.max_by(|a, b| cosine(rows[own], rows[*a]).total_cmp(&cosine(rows[own], rows[*b]))).unwrap_or(own)
        };
        (0..rows.len()).map(nearest).collect()
    }

    /// Mean cosine between the two embeddings of the same text; `None` if they differ in width.
    pub fn alike(&self, other: &Embeddings) -> Option<f64> {
        let rows = self.rows();
        let sum = rows.iter().zip(other.rows()).map(|(a, b)| cosine(a, b)).sum::<f64>();
        (self.width == other.width && !rows.is_empty()).then(|| sum / rows.len() as f64)
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(1e-12)
}

/// Spearman's rank correlation of pairs of numbers, ties with their mean rank; 0 where one side never changes.
pub fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = |ranks: &[f64]| ranks.iter().sum::<f64>() / ranks.len().max(1) as f64;
    let (of_a, of_b) = (mean(&a), mean(&b));
    let (mut both, mut squares) = (0.0, [0.0, 0.0]);
    for (a, b) in a.iter().zip(&b) {
        let (a, b) = (a - of_a, b - of_b);
        both += a * b;
        squares[0] += a * a;
        squares[1] += b * b;
    }
    let length = (squares[0] * squares[1]).sqrt();
    if length > 0.0 { both / length } else { 0.0 }
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for tied in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = before as f64 + (tied.len() - 1) as f64 / 2.0;
        tied.iter().for_each(|at| ranks[*at] = rank);
        before += tied.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    #[test]
    fn spearman_is_that_of_scipy() {
        // scipy.stats.spearmanr([1, 2, 2, 5, 4], [3, 1, 4, 4, 9]).statistic, 23/38
        let found = spearman(&[1.0, 2.0, 2.0, 5.0, 4.0], &[3.0, 1.0, 4.0, 4.0, 9.0]);
        assert!((found - 23.0 / 38.0).abs() < 1e-12, "{found}");
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[1.0, 8.0, 27.0]), 1.0, "only ranks count");
        assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), 0.0);
    }

    #[test]
    fn neighbours_and_pairs() {
        let values = [1.0, 0.0, 0.8, 0.6, 0.0, 1.0];
        let own = Embeddings { values: &values, width: 2 };
        assert_eq!(own.neighbours(), [1, 0, 1]);
        let cosines = own.cosines();
        assert!((cosines[0] - 0.8).abs() < 1e-6 && cosines[1].abs() < 1e-6 && (cosines[2] - 0.6).abs() < 1e-6, "{cosines:?}");
        assert!((own.alike(&own).unwrap() - 1.0).abs() < 1e-6);
        assert_eq!(own.alike(&Embeddings { values: &values, width: 3 }), None);
    }
}
