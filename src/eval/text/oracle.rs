//! Which of two texts is the better one, by a judge that knows.

use super::super::statistics::mean;

/// How often the first of each pair is better by a judge's points, such as 1 for valid and 0 for void, or ROUGE-L; equal points count half.
/// `None` without pairs.
pub fn win_rate(points: &[(f64, f64)]) -> Option<f64> {
    let wins = points.iter().map(|(one, other)| match one.partial_cmp(other) {
        Some(std::cmp::Ordering::Greater) => 1.0,
        Some(std::cmp::Ordering::Less) => 0.0,
        _ => 0.5,
    });
    mean(&wins.collect::<Vec<f64>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    #[test]
    fn a_tie_is_half_a_win() {
        assert_eq!(win_rate(&[(1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]), Some(0.5));
        assert_eq!(win_rate(&[(0.7, 0.2), (0.4, 0.3), (0.1, 0.1), (0.5, 0.4)]), Some(0.875));
        assert_eq!(win_rate(&[]), None);
    }
}
