//! What the papers say must happen.

use burn::tensor::{Tensor, TensorData, activation::log_softmax};

use super::{assert_close, both, device, norm, read, scalar, soft, student_rows, target_rows, teacher_rows, tensor, with_gradient};
use crate::loss::{combine, divergence, hard, soft::scale};
use crate::spec::{Distill, Divergence};

fn forward(temperature: f64) -> Distill {
    Distill { temperature, ..Distill::default() }
}

/// Log-probabilities `[1, classes]`.
fn logs(probabilities: &[f32]) -> Tensor<2> {
    tensor(&[probabilities.to_vec()]).log()
}

fn total(terms: Tensor<2>) -> f64 {
    scalar(terms.sum())
}

both! {
    /// KL(p‖q) = 0.5108, KL(q‖p) = 0.3681 in nats, by hand. A library once shipped them exchanged.
    fn forward_is_teacher_first() {
        let (p, q) = (logs(&[0.5, 0.5]), logs(&[0.9, 0.1]));
        let forward = 0.5 * (0.5_f64 / 0.9).ln() + 0.5 * (0.5_f64 / 0.1).ln();
        let reverse = 0.9 * (0.9_f64 / 0.5).ln() + 0.1 * (0.1_f64 / 0.5).ln();
        assert_close(&[total(divergence::forward_kl(p.clone(), q.clone()))], &[forward], 1e-6, 0.0, "forward");
        assert_close(&[total(divergence::reverse_kl(p.clone(), q.clone()))], &[reverse], 1e-6, 0.0, "reverse");
        // The skewed ones tend to them, and mix towards the other side.
        assert_close(&[total(divergence::skew_forward(p.clone(), q.clone(), 1e-4))], &[forward], 1e-3, 0.0, "skew forward");
        assert_close(&[total(divergence::skew_reverse(p.clone(), q.clone(), 1e-4))], &[reverse], 1e-3, 0.0, "skew reverse");
        assert_close(&[total(divergence::total_variation(p, q))], &[0.4], 1e-6, 0.0, "total variation");
    }

    fn the_experiments_names_mean_these_directions() {
        let (teacher, student) = ([vec![0.0, 0.0]], [vec![9.0_f32.ln(), 0.0]]);
        let value = |divergence| soft(&teacher, &student, &[vec![1.0, 0.0]], &Distill { divergence, ..forward(1.0) }).0;
        assert!((value(Divergence::ForwardKl) - 0.510_826).abs() < 1e-5);
        assert!((value(Divergence::ReverseKl) - 0.368_064).abs() < 1e-5);
    }

    /// Hinton et al. 2015, eq. 4: T²·∇ tends to (centred z_s − z_t)/(classes·rows).
    fn with_t_squared_the_gradient_tends_to_matching_logits() {
        let (teacher, student) = (teacher_rows(), student_rows());
        let limit: Vec<f64> = student
            .iter()
            .zip(&teacher)
            .flat_map(|(s, t)| {
                let difference: Vec<_> = s.iter().zip(t).map(|(s, t)| f64::from(s - t)).collect();
                let mean = difference.iter().sum::<f64>() / 5.0;
                difference.into_iter().map(move |d| (d - mean) / (5.0 * 3.0))
            })
            .collect();
        let distance = |temperature: f64| {
            let distill = forward(temperature);
            let (_, gradient) = soft(&teacher, &student, &target_rows(), &distill);
            let off: Vec<_> = gradient.iter().zip(&limit).map(|(g, l)| g * scale(&distill) - l).collect();
            norm(&off) / norm(&limit)
        };
        let distances = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0].map(distance);
        assert!(distances.is_sorted_by(|a, b| a > b), "{distances:?}");
        assert!(distances[5] < 0.02, "{distances:?}");
    }

    fn without_t_squared_the_gradient_vanishes_like_its_inverse() {
        let length = |temperature: f64| norm(&soft(&teacher_rows(), &student_rows(), &target_rows(), &forward(temperature)).1);
        assert!(length(20.0) < length(1.0) / 200.0);
        let ratio = length(20.0) / length(40.0);
        assert!((ratio - 4.0).abs() < 0.1, "{ratio}");
        assert_eq!(scale(&forward(20.0)), 400.0);
        assert_eq!(scale(&Distill { t_squared: false, ..forward(20.0) }), 1.0);
    }

    /// T² undoes T for the logit MSE entirely, and overdoes it for total variation: its gradient is of first order.
    fn what_t_squared_does_to_the_others() {
        let (teacher, student) = (teacher_rows(), student_rows());
        let length = |divergence, temperature: f64| {
            let distill = Distill { divergence, ..forward(temperature) };
            norm(&soft(&teacher, &student, &target_rows(), &distill).1) * scale(&distill)
        };
        let mse = length(Divergence::LogitMse, 1.0);
        assert!((length(Divergence::LogitMse, 20.0) / mse - 1.0).abs() < 1e-5);
        let growth = length(Divergence::TotalVariation, 40.0) / length(Divergence::TotalVariation, 20.0);
        assert!((growth - 2.0).abs() < 0.1, "{growth}");
    }

    /// Weights as in GKD vanish at both ends; exchanged, they end in the two KLs.
    fn the_ends_of_both_jsds() {
        let (p, q) = (logs(&[0.9, 0.07, 0.02, 0.01]), logs(&[0.01, 0.02, 0.07, 0.9]));
        let (p, q) = (|| p.clone(), || q.clone());
        let forward = total(divergence::forward_kl(p(), q()));
        let reverse = total(divergence::reverse_kl(p(), q()));
        let gkd = |beta| total(divergence::jsd_gkd(p(), q(), beta));
        let continuous = |beta| total(divergence::jsd_continuous(p(), q(), beta));
        assert!(gkd(1e-3) < 0.01 && gkd(1.0 - 1e-3) < 0.01, "{} {}", gkd(1e-3), gkd(1.0 - 1e-3));
        assert!(gkd(0.5) > 0.3);
        // They vanish like β·KL: the first weight is β, not 1 − β.
        assert!((gkd(1e-4) / 1e-4 / forward - 1.0).abs() < 0.3);
        assert!((continuous(1e-4) / forward - 1.0).abs() < 0.02, "{} {forward}", continuous(1e-4));
        assert!((continuous(1.0 - 1e-4) / reverse - 1.0).abs() < 0.02, "{} {reverse}", continuous(1.0 - 1e-4));
        assert_close(&[continuous(0.5)], &[gkd(0.5)], 1e-6, 1e-6, "Jensen–Shannon");
        // β is the weight of the teacher in the mixture: by hand at β = ¼ with two classes.
        let (a, b) = ([0.8_f64, 0.2], [0.3_f64, 0.7]);
        let m: Vec<_> = a.iter().zip(b).map(|(a, b)| 0.25 * a + 0.75 * b).collect();
        let kl = |x: &[f64]| x.iter().zip(&m).map(|(x, m)| x * (x / m).ln()).sum::<f64>();
        let found = total(divergence::jsd_gkd(logs(&[0.8, 0.2]), logs(&[0.3, 0.7]), 0.25));
        assert_close(&[found], &[0.25 * kl(&a) + 0.75 * kl(&b)], 1e-6, 0.0, "β = ¼");
    }

    /// MiniLLM's figure 2: one Gaussian fitted to two. Forward KL covers both and fills the void between; reverse KL takes one mode.
    fn reverse_kl_seeks_a_mode_and_forward_kl_covers() {
        let both = fit(divergence::forward_kl);
        assert!((both.mean + 0.2).abs() < 0.02 && (both.deviation - 3.59).abs() < 0.03, "{both:?}");
        assert!(both.void > 0.27 && both.minor > 0.2, "{both:?}");
        let one = fit(divergence::reverse_kl);
        assert!((one.mean + 3.0).abs() < 0.02 && (one.deviation - 1.0).abs() < 0.02, "{one:?}");
        assert!(one.void < 0.03 && one.minor < 1e-3, "{one:?}");
    }

    fn at_its_ends_alpha_leaves_one_term() {
        let distill = |alpha| Distill { alpha, hint_weight: 0.5, attention_weight: 10.0, ..forward(4.0) };
        let value = |v: f32| Tensor::<1>::from_data(TensorData::new(vec![v], [1]), &device());
        let sum = |alpha, extra: bool| {
            let extra = |v| extra.then(|| value(v));
            scalar(combine(value(2.0), value(3.0), extra(4.0), extra(5.0), &distill(alpha)))
        };
        assert_eq!(sum(0.0, false), 3.0 * 16.0);
        assert_eq!(sum(1.0, false), 2.0);
        assert_close(&[sum(0.25, true)], &[0.25 * 2.0 + 0.75 * 16.0 * 3.0 + 0.5 * 4.0 + 10.0 * 5.0], 0.0, 1e-6, "all four");
        let none = Distill { t_squared: false, ..distill(0.0) };
        assert_eq!(scalar(combine(value(2.0), value(3.0), None, None, &none)), 3.0);

        // And its gradient is that of the term.
        let student = || tensor(&student_rows());
        let hard = |z: Tensor<2>| hard::cross_entropy(z, tensor(&target_rows()));
        let soft = |z: Tensor<2>| crate::loss::soft::soft_loss(tensor(&teacher_rows()), z, tensor(&target_rows()), &forward(4.0));
        let mixed = |alpha| with_gradient(student(), |z| combine(hard(z.clone()), soft(z), None, None, &distill(alpha))).1;
        assert_close(&mixed(1.0), &with_gradient(student(), hard).1, 1e-8, 1e-6, "labels only");
        let teacher_only: Vec<_> = with_gradient(student(), soft).1.iter().map(|g| g * 16.0).collect();
        assert_close(&mixed(0.0), &teacher_only, 1e-8, 1e-6, "teacher only");
        let unlabelled = mixed(0.1)[5..10].to_vec();
        let expected: Vec<_> = teacher_only[5..10].iter().map(|g| g * 0.9).collect();
        assert_close(&unlabelled, &expected, 1e-8, 1e-6, "an unlabelled row hears the teacher only");
    }

    /// Sun et al. 2024: a student whose logits are the teacher's, stretched and shifted, has nothing left to learn.
    fn standardised_logits_know_no_scale() {
        let stretched: Vec<Vec<f32>> = teacher_rows().iter().map(|row| row.iter().map(|z| 0.5 * z + 1.0).collect()).collect();
        let distill = Distill { standardize: true, ..forward(2.0) };
        let (value, gradient) = soft(&teacher_rows(), &stretched, &target_rows(), &distill);
        assert!(value.abs() < 1e-6 && norm(&gradient) < 1e-6, "{value} {gradient:?}");
    }
}

#[derive(Debug)]
struct Fit {
    mean: f64,
    deviation: f64,
    /// Mass in (−1, 2); the target has 0.02.
    void: f64,
    /// Mass in (2, 6), around the smaller mode; the target has 0.38.
    minor: f64,
}

/// Fits one Gaussian to `0.6·N(−3,1) + 0.4·N(4,1)` on a grid, by Adam.
fn fit(terms: impl Fn(Tensor<2>, Tensor<2>) -> Tensor<2>) -> Fit {
    let points: Vec<f32> = (0..97).map(|i| -12.0 + 0.25 * i as f32).collect();
    let density = |x: f32| 0.6 * (-0.5 * (x + 3.0).powi(2)).exp() + 0.4 * (-0.5 * (x - 4.0).powi(2)).exp();
    let log_p = log_softmax(tensor(&[points.iter().map(|x| density(*x).max(1e-30).ln()).collect()]), 1);
    let grid = tensor(&[points.clone()]);
    let log_q = |parameters: Tensor<2>| {
        let (mean, log_deviation) = (parameters.clone().narrow(1, 0, 1), parameters.narrow(1, 1, 1));
        log_softmax((grid.clone() - mean).square() * (log_deviation * -2.0).exp() * -0.5, 1)
    };
    let mut at = [-1.0_f64, 2.0_f64.ln()];
    let (mut first, mut second) = ([0.0; 2], [0.0; 2]);
    for step in 1..=250 {
        let parameters = tensor(&[at.map(|v| v as f32).to_vec()]);
        let (_, gradient) = with_gradient(parameters, |parameters| terms(log_p.clone(), log_q(parameters)).sum());
        for i in 0..2 {
            first[i] = 0.9 * first[i] + 0.1 * gradient[i];
            second[i] = 0.999 * second[i] + 0.001 * gradient[i] * gradient[i];
            let (m, v) = (first[i] / (1.0 - 0.9_f64.powi(step)), second[i] / (1.0 - 0.999_f64.powi(step)));
            at[i] -= 0.1 * m / (v.sqrt() + 1e-8);
        }
    }
    let q: Vec<f64> = read(log_q(tensor(&[at.map(|v| v as f32).to_vec()])).exp());
    let mass = |low: f32, high: f32| points.iter().zip(&q).filter(|(x, _)| low < **x && **x < high).map(|(_, q)| q).sum();
    Fit { mean: at[0], deviation: at[1].exp(), void: mass(-1.0, 2.0), minor: mass(2.0, 6.0) }
}
