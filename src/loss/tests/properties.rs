//! What holds for any logits.

use proptest::prelude::*;

use super::{Rows, close, every, soft};
use crate::loss::{hard, teachers};
use crate::spec::{Distill, Divergence};

const CLASSES: usize = 4;

fn rows() -> impl Strategy<Value = Rows> {
    prop::collection::vec(prop::collection::vec(-20.0_f32..20.0, CLASSES), 2)
}

/// One-hot rows; some have no label.
fn targets() -> impl Strategy<Value = Rows> {
    let row = |label: usize| (0..CLASSES).map(|class| f32::from(class == label)).collect();
    prop::collection::vec((0..=CLASSES).prop_map(row), 2)
}

fn settings() -> impl Strategy<Value = (f64, f64, f64)> {
    (0.5_f64..20.0, 0.01_f64..0.99, 0.0_f64..0.9)
}

fn all((temperature, beta, skew): (f64, f64, f64)) -> Vec<Distill> {
    every().into_iter().map(|distill| Distill { temperature, beta, skew, ..distill }).collect()
}

fn shifted(rows: &Rows, by: f32) -> Rows {
    rows.iter().map(|row| row.iter().map(|z| z + by).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_divergence_is_negative(teacher in rows(), student in rows(), targets in targets(), settings in settings()) {
        for distill in all(settings) {
            let (value, gradient) = soft(&teacher, &student, &targets, &distill);
            prop_assert!(value >= -1e-5, "{:?}: {value}", distill.divergence);
            prop_assert!(gradient.iter().all(|g| g.is_finite()), "{:?}: {gradient:?}", distill.divergence);
        }
    }

    /// A softmax does not see a constant added to a row's logits; its gradient sums to zero.
    #[test]
    fn a_constant_in_the_logits_is_not_seen(
        teacher in rows(), student in rows(), targets in targets(), settings in settings(), by in -8.0_f32..8.0,
    ) {
        for distill in all(settings).into_iter().filter(|d| d.divergence != Divergence::LogitMse) {
            let (value, gradient) = soft(&teacher, &student, &targets, &distill);
            let (moved, _) = soft(&shifted(&teacher, by), &shifted(&student, -by), &targets, &distill);
            prop_assert!(close(value, moved, 5e-5, 5e-5), "{:?}: {value} {moved}", distill.divergence);
            for row in gradient.chunks(CLASSES) {
                prop_assert!(row.iter().sum::<f64>().abs() < 1e-5, "{:?}: {row:?}", distill.divergence);
            }
        }
    }

    /// Total variation is at most 1, Jensen–Shannon at most ln 2, and Pinsker ties total variation to the KL.
    #[test]
    fn bounds(teacher in rows(), student in rows(), targets in targets(), temperature in 0.5_f64..20.0) {
        let value = |divergence| {
            soft(&teacher[..1], &student[..1], &targets[..1], &Distill { divergence, temperature, beta: 0.5, ..Distill::default() }).0
        };
        let variation = value(Divergence::TotalVariation);
        prop_assert!(variation <= 1.0 + 1e-6);
        prop_assert!(value(Divergence::JsdGkd) <= std::f64::consts::LN_2 + 1e-5);
        prop_assert!(variation <= (0.5 * value(Divergence::ForwardKl)).max(0.0).sqrt() + 1e-3);
    }

    #[test]
    fn cross_entropy_is_never_negative(logits in rows(), targets in targets(), epsilon in 0.0_f64..0.9) {
        let targets = hard::smooth(super::tensor(&targets), epsilon);
        prop_assert!(super::scalar(hard::cross_entropy(super::tensor(&logits), targets)) >= 0.0);
    }

    /// The average is a distribution, and lies between its teachers.
    #[test]
    fn an_average_is_a_distribution(a in rows(), b in rows()) {
        let probabilities = |rows: &Rows| super::read(burn::tensor::activation::softmax(super::tensor(rows), 1));
        let mean: Vec<_> = super::read(teachers::average(vec![super::tensor(&a), super::tensor(&b)])).iter().map(|l| l.exp()).collect();
        for row in mean.chunks(CLASSES) {
            prop_assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-5);
        }
        for ((m, a), b) in mean.iter().zip(probabilities(&a)).zip(probabilities(&b)) {
            prop_assert!((m - (a + b) / 2.0).abs() < 1e-6);
        }
    }
}
