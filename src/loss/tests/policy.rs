//! MiniLLM's estimators against exact enumeration: a student and a teacher that write two tokens of a vocabulary of three, so that every text
//! can be listed with its probability, and an expectation is a sum.

use burn::tensor::{Tensor, activation::log_softmax};

use super::text::{reference, vector};
use super::{assert_close, norm, read, scalar, tensor, with_gradient};
use crate::device::testing::test;
use crate::loss::{policy, sequence};

const VOCAB: usize = 3;

/// Logits of the first token, then those of the second after each first one.
type Model = [[f64; VOCAB]; 4];

const STUDENT: Model = [[0.5, -0.25, 1.0], [0.0, 1.5, -1.0], [-0.5, 0.25, 0.75], [1.25, 0.0, -0.5]];
const TEACHER: Model = [[1.0, 0.5, -1.0], [-1.0, 0.5, 1.0], [0.25, 2.0, 0.0], [0.0, -1.5, 0.5]];

fn log_probs(logits: [f64; VOCAB]) -> [f64; VOCAB] {
    let sum = logits.iter().map(|z| z.exp()).sum::<f64>().ln();
    logits.map(|z| z - sum)
}

/// Every text.
fn every_text() -> Vec<[usize; 2]> {
    (0..VOCAB).flat_map(|first| (0..VOCAB).map(move |second| [first, second])).collect()
}

/// The log-probability of both tokens of a text.
fn tokens(model: &Model, [first, second]: [usize; 2]) -> [f64; 2] {
    [log_probs(model[0])[first], log_probs(model[1 + first])[second]]
}

fn probability(log_probs: [f64; 2]) -> f64 {
    (log_probs[0] + log_probs[1]).exp()
}

/// KL(q‖p) over texts.
fn kl(student: &Model) -> f64 {
    let term = |text| {
        let (log_q, log_p) = (tokens(student, text), tokens(&TEACHER, text));
        probability(log_q) * (log_q[0] + log_q[1] - log_p[0] - log_p[1])
    };
    every_text().into_iter().map(term).sum()
}

/// `∇KL(q‖p)` with respect to the student's twelve logits, by central differences in float64.
fn exact() -> Vec<f64> {
    let step = 1e-3;
    let at = |index: usize, by: f64| {
        let mut student = STUDENT;
        student[index / VOCAB][index % VOCAB] += by;
        kl(&student)
    };
    let slope = |index, step: f64| (at(index, step) - at(index, -step)) / (2.0 * step);
    (0..12).map(|index| (4.0 * slope(index, step) - slope(index, 2.0 * step)) / 3.0).collect()
}

/// What is known of the tokens of every text, in order: `[18]` each, and their teacher's log-probabilities `[18, 3]`.
struct Tokens {
    log_q: Tensor<1>,
    log_q_rows: Tensor<2>,
    log_p_rows: Tensor<2>,
    /// The probability with which each text is drawn: its expectation is a weighted mean.
    mask: Tensor<1>,
}

/// The gradient of an expected loss per text with respect to the student's logits; `drawn` is the probability of each text.
fn gradient(drawn: impl Fn([usize; 2]) -> f64, loss: impl FnOnce(Tokens) -> Tensor<1>) -> Vec<f64> {
    let one_hot = |index: usize, size: usize| (0..size).map(|i| f32::from(i == index)).collect::<Vec<_>>();
    let texts = every_text();
    let rows = tensor(&texts.iter().flat_map(|[first, _]| [one_hot(0, 4), one_hot(1 + first, 4)]).collect::<Vec<_>>());
    let chosen = tensor(&texts.iter().flatten().map(|token| one_hot(*token, VOCAB)).collect::<Vec<_>>());
    let model = |model: &Model| tensor(&model.map(|row| row.map(|z| z as f32).to_vec()));
    let mask = per_token(|text| [drawn(text); 2]);
    let log_p_rows = log_softmax(rows.clone().matmul(model(&TEACHER)), 1);
    let (_, gradient) = with_gradient(model(&STUDENT), |student| {
        let logits = rows.matmul(student);
        let log_q = sequence::token_log_probs(logits.clone(), chosen);
        loss(Tokens { log_q, log_q_rows: log_softmax(logits, 1), log_p_rows, mask })
    });
    // The mean over tokens is half the sum over a text's two.
    gradient.iter().map(|g| 2.0 * g).collect()
}

/// `[18]`: two numbers for each text.
fn per_token(value: impl Fn([usize; 2]) -> [f64; 2]) -> Tensor<1> {
    vector(&every_text().into_iter().flat_map(value).map(|v| v as f32).collect::<Vec<_>>())
}

fn own(text: [usize; 2]) -> f64 {
    probability(tokens(&STUDENT, text))
}

fn rewards(text: [usize; 2]) -> Vec<f64> {
    policy::rewards(&tokens(&TEACHER, text), &tokens(&STUDENT, text))
}

fn after(text: [usize; 2]) -> [f64; 2] {
    policy::returns_after(&rewards(text), false).try_into().unwrap()
}

/// `R_t`, the reward of the token itself included.
fn from_here(text: [usize; 2]) -> [f64; 2] {
    let (rewards, after) = (rewards(text), after(text));
    [rewards[0] + after[0], rewards[1] + after[1]]
}

/// The surrogate of samples of the student itself.
fn on_policy(tokens: &Tokens, advantages: impl Fn([usize; 2]) -> [f64; 2]) -> Tensor<1> {
    let old = tokens.log_q.clone();
    let ones = old.clone().inner().ones_like();
    policy::surrogate(tokens.log_q.clone(), old, ones, per_token(advantages), tokens.mask.clone(), None)
}

fn single(tokens: &Tokens, weights: Option<Tensor<1>>) -> Tensor<1> {
    policy::single_step(tokens.log_p_rows.clone(), tokens.log_q_rows.clone(), weights, tokens.mask.clone())
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

#[test]
fn the_papers_forms_are_the_gradient_of_the_reverse_kl() {
    let exact = exact();
    assert!(norm(&exact) > 0.3, "a toy that has something to learn: {exact:?}");
    let decomposed = gradient(own, |tokens| single(&tokens, None) + on_policy(&tokens, after));
    assert_close(&decomposed, &exact, 1e-6, 0.0, "single step + R_{t+1}");
    let whole = gradient(own, |tokens| on_policy(&tokens, |text| from_here(text).map(|value| value - 1.0)));
    assert_close(&whole, &exact, 1e-6, 0.0, "R_t − 1");
    // A constant changes no expectation.
    let plain = gradient(own, |tokens| on_policy(&tokens, from_here));
    assert_close(&plain, &exact, 1e-6, 0.0, "R_t");
}

fn single_step_by_hand() -> Vec<f64> {
    let first = log_probs(STUDENT[0]);
    let come_to = |row: usize| if row == 0 { 1.0 } else { first[row - 1].exp() };
    let of_row = |row: usize| {
        let (log_q, log_p) = (log_probs(STUDENT[row]), log_probs(TEACHER[row]));
        let gaps = [0, 1, 2].map(|token| log_q[token] - log_p[token]);
        let kl: f64 = log_q.iter().zip(gaps).map(|(q, gap)| q.exp() * gap).sum();
        [0, 1, 2].map(|token| come_to(row) * log_q[token].exp() * (gaps[token] - kl))
    };
    (0..4).flat_map(of_row).collect()
}

/// The authors' code adds the single step to returns that include r_t: its gradient is counted twice. (Their discount, division by what is
/// left of the text and whitening are left out here.)
#[test]
fn the_official_variant_counts_the_single_step_twice() {
    let official = gradient(own, |tokens| single(&tokens, None) + on_policy(&tokens, from_here));
    let off = difference(&official, &exact());
    let step = gradient(own, |tokens| single(&tokens, None));
    assert_close(&off, &step, 1e-6, 0.0, "off by the gradient of the single step");
    // The same by hand: a row's gradient of KL(q‖p) is q·(log q/p − KL), weighed by how often the row is come to.
    assert_close(&off, &single_step_by_hand(), 1e-6, 0.0, "no more and no less than what is counted twice");
    let largest = off.iter().fold(0.0_f64, |max, value| max.max(value.abs()));
    assert!((0.64..0.65).contains(&largest), "a toy on which that is much, for the exact gradient has 0.61 there: {off:?}");
}

/// Texts drawn from p̃ = αp + (1−α)q, token by token.
#[test]
fn what_importance_weights_make_right() {
    let alpha = 0.5;
    let mixture = |text: [usize; 2]| {
        let (log_p, log_q) = (tokens(&TEACHER, text), tokens(&STUDENT, text));
        [0, 1].map(|t| (alpha * log_p[t].exp() + (1.0 - alpha) * log_q[t].exp()).ln())
    };
    let drawn = |text: [usize; 2]| probability(mixture(text));
    // q/p̃ of each token alone.
    let own_weights = |text: [usize; 2]| {
        let (log_q, log_m) = (tokens(&STUDENT, text), mixture(text));
        [0, 1].map(|t| (log_q[t] - log_m[t]).exp())
    };
    let long = |tokens: &Tokens, weights: Tensor<1>| {
        policy::surrogate(tokens.log_q.clone(), tokens.log_q.clone(), weights, per_token(after), tokens.mask.clone(), None)
    };
    // The product over the text for what follows a token, and over what came before it for its own step.
    let text_weights = per_token(|text| [own_weights(text).iter().product(); 2]);
    let prefix_weights = per_token(|text| [1.0, own_weights(text)[0]]);
    let unbiased = gradient(drawn, |tokens| single(&tokens, Some(prefix_weights)) + long(&tokens, text_weights));
    assert_close(&unbiased, &exact(), 1e-6, 0.0, "full products");
    let paper = |weights: Option<Tensor<1>>| gradient(drawn, |tokens| single(&tokens, weights) + long(&tokens, per_token(own_weights)));
    let (weighted, unweighted) = (paper(Some(per_token(own_weights))), paper(None));
    let bias = norm(&difference(&weighted, &exact()));
    assert!(bias > 0.01, "the weight of the token alone is biased: {bias}");
    assert_close(&weighted, &unweighted, 1e-6, 0.0, "the weight of the single step has mean 1");
    let none = gradient(drawn, |tokens| single(&tokens, None) + on_policy(&tokens, after));
    assert!(norm(&difference(&none, &exact())) > bias, "no weight at all is worse");
}

#[test]
fn returns_look_ahead_only() {
    assert_eq!(policy::rewards(&[-1.0, -2.5], &[-1.5, -0.5]), [0.5, -2.0]);
    assert_eq!(policy::returns_after(&[1.0, 2.0, 4.0, 8.0], false), [14.0, 12.0, 8.0, 0.0]);
    assert_eq!(policy::returns_after(&[1.0, 2.0, 4.0, 8.0], true), [14.0 / 3.0, 6.0, 8.0, 0.0]);
    assert_eq!(policy::returns_after(&[], true), [0.0; 0]);
    assert_eq!(policy::returns_from(&[1.0, 2.0, 4.0, 8.0], false), [15.0, 14.0, 12.0, 8.0]);
    assert_eq!(policy::returns_from(&[1.0, 2.0, 4.0, 8.0], true), [15.0 / 4.0, 14.0 / 3.0, 6.0, 8.0]);
}

#[test]
fn the_official_advantages_are_those_of_the_code() {
    let case = reference().advantages;
    let found = policy::lmops_advantages(&case.rewards, 0.95, 0.5, 100.0);
    assert_close(&found.concat(), &case.value.concat(), 1e-8, 1e-8, "γ = 0.95, a reward clipped");
    let found = policy::lmops_advantages(&case.rewards, 1.0, 1.0, 20.0);
    assert_close(&found.concat(), &case.undiscounted.concat(), 1e-8, 1e-8, "γ = 1");
}

#[test]
fn advantages_of_texts_of_different_lengths_are_white() {
    let found = policy::lmops_advantages(&[vec![1.0, -2.0, 0.5], vec![], vec![3.0], vec![-1.0, -1.0]], 0.95, 0.5, 100.0);
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [3, 0, 1, 2]);
    let all = found.concat();
    let mean = all.iter().sum::<f64>() / 6.0;
    let variance = all.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / 5.0;
    assert_close(&[mean, variance], &[0.0, 1.0], 1e-7, 0.0, "mean and variance");
    for batch in [vec![], vec![vec![]], vec![vec![2.0]], vec![vec![1.0, 1.0], vec![1.0]]] {
        assert!(policy::lmops_advantages(&batch, 0.95, 0.5, 100.0).concat().iter().all(|a| a.is_finite()), "{batch:?}");
    }
}

#[test]
fn the_surrogate_is_that_of_the_code() {
    let given = reference().surrogate;
    for case in &given.cases {
        let (value, gradient) = with_gradient(vector(&given.log_q), |log_q| {
            let [old, weights, advantages, mask] = [&given.log_q_old, &given.weights, &given.advantages, &given.mask].map(|v| vector(v));
            policy::surrogate(log_q, old, weights, advantages, mask, case.clip)
        });
        assert_close(&[value], &[case.value], 2e-7, 2e-6, &format!("clip {:?}", case.clip));
        assert_close(&gradient, &case.gradients[0], 2e-7, 5e-6, &format!("clip {:?}", case.clip));
    }
    let [plain, clipped] = [&given.cases[0], &given.cases[1]].map(|case| &case.gradients[0]);
    assert!(plain != clipped, "the clip must bite in this reference");
}

/// PPO's pessimism: a ratio that has gone far enough in the wanted direction is left alone; in the other direction it is called back.
#[test]
fn the_clip_stops_what_has_gone_far_enough() {
    let ratios = [2.0_f32, 2.0, 0.5, 0.5, 1.0];
    let log_q: Vec<f32> = ratios.iter().map(|ratio| ratio.ln()).collect();
    let (_, gradient) = with_gradient(vector(&log_q), |log_q| {
        let [old, ones] = [[0.0; 5], [1.0; 5]].map(|v| vector(&v));
        policy::surrogate(log_q, old, ones.clone(), vector(&[1.0, -1.0, 1.0, -1.0, 1.0]), ones, Some(0.2))
    });
    assert_close(&gradient, &[0.0, 0.4, -0.1, 0.0, -0.2], 1e-6, 0.0, "gradient");
}

#[test]
fn tokens_behind_the_end_change_nothing() {
    let of = |wild: f32| {
        let mask = || vector(&[1.0, 0.0]);
        with_gradient(vector(&[-1.0, wild]), |log_q| {
            let [old, weights, advantages] = [[-1.25, -1.0], [0.75, wild], [2.0, wild]].map(|v| vector(&v));
            let rows = || tensor(&[vec![-1.0, -0.5], vec![wild, wild]]);
            let step = policy::single_step(rows(), rows() * 2.0, Some(weights.clone()), mask());
            policy::surrogate(log_q, old, weights, advantages, mask(), Some(0.2)) + step
        })
    };
    let (value, gradient) = of(-1.0);
    let (wild_value, wild_gradient) = of(-1e9);
    assert_eq!((value, gradient[0]), (wild_value, wild_gradient[0]));
    assert_eq!([gradient[1], wild_gradient[1]], [0.0; 2]);
}

#[test]
fn the_single_step_is_the_reverse_kl_of_each_token() {
    let (log_p, log_q) = (tensor(&[vec![0.5_f32, 0.5], vec![0.5, 0.5]]).log(), tensor(&[vec![0.9_f32, 0.1], vec![0.5, 0.5]]).log());
    let kl = 0.9 * (0.9_f64 / 0.5).ln() + 0.1 * (0.1_f64 / 0.5).ln();
    let mask = || vector(&[1.0, 1.0]);
    assert_close(&[scalar(policy::single_step(log_p.clone(), log_q.clone(), None, mask()))], &[kl / 2.0], 1e-6, 0.0, "not weighted");
    let weighted = policy::single_step(log_p, log_q, Some(vector(&[3.0, 1.0])), mask());
    assert_close(&read(weighted), &[3.0 * kl / 2.0], 1e-6, 0.0, "weighted");
}
