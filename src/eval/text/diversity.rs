//! What texts are like, whatever was asked.

use std::collections::BTreeSet;

/// distinct-n (Li et al. 2016): different n-grams as a share of all n-grams of all texts together; 0 if no text has n tokens or n is 0.
/// It falls with the number of texts: compare only as many with as many.
pub fn distinct(texts: &[impl AsRef<[u32]>], n: usize) -> f64 {
    let grams = || texts.iter().flat_map(|text| grams(text.as_ref(), n));
    let different: BTreeSet<&[u32]> = grams().collect();
    different.len() as f64 / grams().count().max(1) as f64
}

/// Mean length, tokens; 0 without texts.
pub fn mean_length(texts: &[impl AsRef<[u32]>]) -> f64 {
    texts.iter().map(|text| text.as_ref().len() as f64).sum::<f64>() / texts.len().max(1) as f64
}

/// Nothing for n = 0.
fn grams(text: &[u32], n: usize) -> impl Iterator<Item = &[u32]> {
    text.windows(n.max(1)).take(if n == 0 { 0 } else { text.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    #[test]
    fn distinct_n_grams_are_counted_over_all_texts() {
        let texts = [vec![1, 2, 1, 2], vec![1, 2, 3], vec![4], vec![]];
        assert_eq!(distinct(&texts, 1), 4.0 / 8.0);
        assert_eq!(distinct(&texts, 2), 3.0 / 5.0, "12 21 12, 12 23");
        assert_eq!(distinct(&texts, 4), 1.0);
        assert_eq!(distinct(&texts, 5), 0.0);
        assert_eq!(distinct(&texts, 0), 0.0);
    }

    #[test]
    fn lengths_are_averaged_over_all_texts() {
        assert_eq!(mean_length(&[vec![5], vec![1, 2]]), 1.5);
        assert_eq!(mean_length(&[[0; 0]; 0]), 0.0);
    }
}
