//! Preferences: every form against PyTorch, the sign of the gradient's weight, lengths, and what overflows.

use super::text::{reference, vector};
use super::{assert_close, norm, read, scalar, tensor, with_gradient};
use crate::device::testing::test;
use crate::loss::preference::{Preferred, Settings, Texts, texts, tokens};
use crate::spec::Preference;

const TEXT_FORMS: [Preference; 6] =
    [Preference::Dpkd, Preference::Token, Preference::Dpo, Preference::Simpo, Preference::Ipo, Preference::Cpo];

/// A loss with its gradients towards the chosen and the rejected texts, and the margins.
fn both(chosen: [&[f32]; 3], rejected: [&[f32]; 3], settings: &Settings) -> (f64, [Vec<f64>; 2], Vec<f64>) {
    let side = |[log_q, reference, tokens]: [&[f32]; 3]| Texts {
        log_q: vector(log_q).require_grad(),
        reference: vector(reference).require_grad(),
        tokens: vector(tokens),
    };
    let (chosen, rejected) = (side(chosen), side(rejected));
    let Preferred { loss, margin } = texts(chosen.clone(), rejected.clone(), settings);
    let gradients = loss.backward();
    for text in [&chosen, &rejected] {
        assert!(text.reference.grad(&gradients).is_none(), "the reference must not learn");
    }
    let gradient = |text: &Texts| read(text.log_q.grad(&gradients).unwrap());
    (scalar(loss), [gradient(&chosen), gradient(&rejected)], read(margin))
}

#[test]
fn every_form_is_that_of_pytorch() {
    let cases = reference().preferences;
    let chosen = [&cases.chosen[..], &cases.chosen_reference, &cases.chosen_tokens];
    let rejected = [&cases.rejected[..], &cases.rejected_reference, &cases.rejected_tokens];
    for case in &cases.cases {
        let settings = Settings { form: case.form, beta: case.beta, margin: case.margin, length_norm: case.length_norm };
        let (value, gradients, _) = both(chosen, rejected, &settings);
        assert_close(&[value], &[case.value], 1e-6, 2e-6, &format!("{settings:?}"));
        for (found, expected) in gradients.iter().zip(&case.gradients) {
            assert_close(found, expected, 1e-7, 5e-6, &format!("{settings:?}"));
        }
    }
    let value = |form, length_norm| cases.cases.iter().find(|c| c.form == form && c.length_norm == length_norm).unwrap().value;
    assert!((value(Preference::Dpkd, true) - value(Preference::Dpkd, false)).abs() > 0.01, "lengths must matter in this reference");
}

/// `∂L = −β·σ(−Δ)·(∇log q(y_t) − ∇log q(y_s))`: a pair that is won already must weigh little. DPKD's printed σ(+Δ) would do the reverse.
#[test]
fn lost_pairs_weigh_most() {
    for form in [Preference::Dpkd, Preference::Dpo] {
        let settings = Settings { form, beta: 0.5, margin: 0.0, length_norm: false };
        for log_ratio in [-6.0_f32, 0.0, 6.0] {
            let (_, [chosen, rejected], margin) = both([&[log_ratio - 9.0], &[-9.0], &[3.0]], [&[-7.0], &[-7.0], &[2.0]], &settings);
            let delta = 0.5 * f64::from(log_ratio);
            let weight = 1.0 / (1.0 + delta.exp());
            assert_close(&margin, &[delta], 1e-6, 0.0, "Δ");
            assert_close(&chosen, &[-0.5 * weight], 1e-6, 1e-5, "up");
            assert_close(&rejected, &[0.5 * weight], 1e-6, 1e-5, "down");
        }
    }
}

/// Per token the short text is the likelier one, as a whole the long one.
#[test]
fn lengths_decide_who_wins() {
    let margin = |length_norm| {
        let settings = Settings { length_norm, ..Settings::published(Preference::Dpkd) };
        both([&[-8.0], &[-4.0], &[8.0]], [&[-5.0], &[-2.0], &[2.0]], &settings).2[0]
    };
    assert_close(&[margin(true), margin(false)], &[0.1 * (-0.5 + 1.5), 0.1 * (-4.0 + 3.0)], 1e-7, 1e-6, "Δ");
    let published = |form| Settings::published(form).length_norm;
    assert!(published(Preference::Dpkd) && published(Preference::Simpo) && !published(Preference::Dpo));
}

#[test]
fn margins_of_ten_thousand_stay_finite() {
    for form in TEXT_FORMS {
        for log_q in [-1e4_f32, 1e4] {
            let settings = Settings { beta: 1.0, length_norm: false, ..Settings::published(form) };
            let (value, gradients, margin) = both([&[log_q], &[0.0], &[1.0]], [&[0.0], &[0.0], &[1.0]], &settings);
            assert!(value.is_finite() && gradients.concat().iter().all(|g| g.is_finite()), "{form:?}: {value} {gradients:?}");
            assert_eq!(margin, [f64::from(log_q)], "{form:?}");
            if matches!(form, Preference::Dpkd | Preference::Dpo) {
                let (loss, slope) = if log_q < 0.0 { (1e4, -1.0) } else { (0.0, 0.0) };
                assert_close(&[value, gradients[0][0]], &[loss, slope], 1e-7, 1e-6, "linear where it is lost, flat where it is won");
            }
        }
    }
}

#[test]
fn an_empty_text_is_finite() {
    let (value, _, _) = both([&[0.0], &[0.0], &[0.0]], [&[-3.0], &[-3.0], &[4.0]], &Settings::published(Preference::Dpkd));
    assert_close(&[value], &[std::f64::consts::LN_2], 1e-6, 0.0, "a tie");
}

#[test]
fn the_token_form_is_that_of_the_authors_code() {
    let case = reference().token;
    let mut margin = None;
    let (value, gradient) = with_gradient(tensor(&case.student), |student| {
        let preferred = tokens(tensor(&case.teacher), student, vector(&case.mask), case.beta);
        margin = Some(read(preferred.margin));
        preferred.loss
    });
    assert_close(&[value], &[case.value], 1e-7, 2e-6, "value");
    assert_close(&gradient, &case.gradients[0].concat(), 1e-7, 5e-6, "gradient");
    let margin = margin.unwrap();
    assert!(margin[0] < 0.0, "the teacher's favourite against the student's own: {margin:?}");
}

#[test]
fn where_both_would_say_the_same_there_is_nothing_to_prefer() {
    let (teacher, student) = (vec![vec![3.0, 1.0, 0.0]; 2], vec![vec![0.5, 0.0, 0.25], vec![9.0, 3.0, 0.0]]);
    let (value, gradient) = with_gradient(tensor(&student), |student| tokens(tensor(&teacher), student, vector(&[1.0, 1.0]), 0.1).loss);
    assert_close(&[value], &[std::f64::consts::LN_2], 1e-6, 0.0, "log 2");
    assert_eq!(norm(&gradient), 0.0);
}
