//! Intervals and verdicts over paired seeds. Both students of a run share first weights and batches, so it is their difference per seed
//! that is measured; two separate means would drown it in the spread between seeds.

use serde::{Deserialize, Serialize};

/// A mean and half the width of its 95 % Student-t interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    pub mean: f64,
    /// `None` for a single value, whose spread is unknown.
    pub half_width: Option<f64>,
}

/// What a comparison shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The whole interval lies above zero.
    Beats,
    NoDifference,
    /// The whole interval lies below zero.
    Worse,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(match self {
            Self::Beats => "BEATS",
            Self::NoDifference => "NO DIFFERENCE",
            Self::Worse => "WORSE",
        })
    }
}

impl Interval {
    /// The interval of the mean of some values; `None` without values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mean = mean(values)?;
        let count = values.len();
        let half_width = variance(values).map(|variance| t_quantile(count - 1) * (variance / count as f64).sqrt());
        Some(Self { mean, half_width })
    }

    /// The interval of the mean of `a − b`, taken pair by pair; `None` without pairs.
    pub fn of_difference(a: &[f64], b: &[f64]) -> Option<Self> {
        let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        Self::of(&differences)
    }

    /// Whether zero is excluded; `None` for a single value, which is no evidence.
    pub fn verdict(&self) -> Option<Verdict> {
        let half_width = self.half_width?;
        Some(if self.mean - half_width > 0.0 {
            Verdict::Beats
        } else if self.mean + half_width < 0.0 {
            Verdict::Worse
        } else {
            Verdict::NoDifference
        })
    }
}

/// Both ends of the 95 % interval of a share that was found in `count` cases (Wilson 1927); `None` without cases.
pub fn share_interval(share: f64, count: usize) -> Option<[f64; 2]> {
    if count == 0 {
        return None;
    }
    let (n, z) = (count as f64, 1.959_963_984_540_054_f64);
    let centre = share + z * z / (2.0 * n);
    let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + z * z / n;
    Some([(centre - half) / whole, (centre + half) / whole])
}

/// Arithmetic mean; `None` without values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Sample variance, with n − 1; `None` for fewer than two values.
pub fn variance(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|_| values.len() > 1)?;
    Some(values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64)
}

/// The 97.5 % quantile of Student's t with that many degrees of freedom (at least 1), found by bisection.
pub fn t_quantile(freedom: usize) -> f64 {
    // t(0.975, 1) = 12.7 is the largest of all.
    let (mut low, mut high) = (0.0, 16.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if t_central(middle, freedom) < 0.95 { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// P(−t < T < t) for whole degrees of freedom, a finite sum: Abramowitz & Stegun 26.7.3 and 26.7.4.
fn t_central(t: f64, freedom: usize) -> f64 {
    let angle = (t / (freedom as f64).sqrt()).atan();
    let (sin, cos) = angle.sin_cos();
    let odd = freedom % 2 == 1;
    let mut term = if odd { cos } else { 1.0 };
    let mut sum = if freedom > 1 { term } else { 0.0 };
    let mut next = if odd { 3 } else { 2 };
    while next < freedom {
        term *= cos * cos * (next - 1) as f64 / next as f64;
        sum += term;
        next += 2;
    }
    if odd { (angle + sin * sum) * std::f64::consts::FRAC_2_PI } else { sin * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_quantiles_are_those_of_the_tables() {
        let known = [
            (1, 12.706_205),
            (2, 4.302_653),
            (3, 3.182_446),
            (4, 2.776_445),
            (5, 2.570_582),
            (9, 2.262_157),
            (10, 2.228_139),
            (19, 2.093_024),
            (29, 2.045_230),
            (30, 2.042_272),
            (99, 1.984_217),
            (1000, 1.962_339),
        ];
        for (freedom, expected) in known {
            let found = t_quantile(freedom);
            assert!((found - expected).abs() < 1e-6, "t(0.975, {freedom}) = {found}, tables say {expected}");
        }
    }

    /// `scipy.stats.binomtest(right, count).proportion_ci(method="wilson")`.
    #[test]
    fn intervals_of_shares_are_wilsons() {
        for (right, count, expected) in [(81, 263, [0.255_289, 0.366_210]), (0, 20, [0.0, 0.161_125]), (20, 20, [0.838_875, 1.0])] {
            let found = share_interval(f64::from(right) / count as f64, count).unwrap();
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{right} of {count}: {found:?} instead of {expected:?}");
        }
        assert_eq!(share_interval(0.5, 0), None);
    }

    #[test]
    fn moments_and_interval_of_a_known_sample() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0];
        assert_eq!(mean(&values), Some(3.0));
        assert_eq!(variance(&values), Some(2.5));
        let interval = Interval::of(&values).unwrap();
        // t(0.975, 4) · √(2.5 / 5)
        assert!((interval.half_width.unwrap() - 1.963_243).abs() < 1e-6);
        assert_eq!(interval.verdict(), Some(Verdict::Beats));
    }

    #[test]
    fn pairing_finds_what_separate_means_would_miss() {
        let alone = [0.50, 0.60, 0.70, 0.80, 0.90];
        let distilled = [0.52, 0.63, 0.72, 0.83, 0.92];
        assert_eq!(Interval::of_difference(&distilled, &alone).unwrap().verdict(), Some(Verdict::Beats));
        assert_eq!(Interval::of_difference(&alone, &distilled).unwrap().verdict(), Some(Verdict::Worse));
        let mixed = [0.52, 0.58, 0.72, 0.78, 0.90];
        assert_eq!(Interval::of_difference(&mixed, &alone).unwrap().verdict(), Some(Verdict::NoDifference));
    }

    #[test]
    fn one_value_is_no_evidence_and_none_no_interval() {
        assert_eq!(Interval::of(&[0.7]), Some(Interval { mean: 0.7, half_width: None }));
        assert_eq!(Interval::of(&[0.7]).unwrap().verdict(), None);
        assert_eq!(Interval::of(&[]), None);
        assert_eq!(mean(&[]), None);
        assert_eq!(variance(&[1.0]), None);
    }
}
