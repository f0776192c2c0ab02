//! MiniLLM (Gu et al. 2023): the reverse KL of whole texts, by policy gradient on the student's own samples.
//!
//! For a text y drawn from the student q, with `r_t = log p(y_t|·) − log q(y_t|·)` and T tokens, the gradient of KL(q‖p) is
//! `−E Σ_t (Σ_{t'≥t} r_{t'} − 1)·∇log q(y_t)`, which is exactly `Σ_t ∇KL(q(·|y_<t)‖p(·|y_<t)) − E Σ_t R_{t+1}·∇log q(y_t)`: a **single step**
//! that needs no sampling ([`single_step`]) and what the token does to the rest of the text ([`surrogate`] with the advantages of
//! [`returns_after`]).
//!
//! Texts may be drawn from `p̃ = αp + (1−α)q`, token by token: then every token is weighted by `w = q/p̃` of itself alone. The exact weight
//! is the product over the text, whose variance grows with its length; the paper drops it, and accepts a bias.
//!
//! The first half works on the host, on one `f64` per response token of one text, so that padding cannot get in; the second on tensors,
//! `[rows]` with a mask, as in [`sequence`].
//!
//! The authors' code (microsoft/LMOps, `minillm/`) differs from their paper:
//!
//! | | paper | their code |
//! |---|---|---|
//! | return of token t | mean of the rewards **after** t | `Σ_{t'≥t} γ^{t'−t} r_{t'} / (T−t+1)`, γ = 0.95: r_t counts here and in the single step |
//! | reward | r_t | r_t/0.5, clipped to ±100 |
//! | advantage | the return | the return, whitened over the batch |
//! | single step | weighted by w | not weighted (equal in expectation: w has mean 1 whatever came before) |
//! | L_PT | cross-entropy | `½·CE + ½·soft CE` with the teacher (in `method::text::minillm`) |

use burn::tensor::Tensor;

use super::{divergence, sequence};

/// Added to the variance of the returns, as in the authors' code.
const VARIANCE_FLOOR: f64 = 1e-8;

/// `r_t = log p(y_t) − log q(y_t)` of each token of one text, nats: how much likelier it is under the teacher.
pub fn rewards(log_p: &[f64], log_q: &[f64]) -> Vec<f64> {
    log_p.iter().zip(log_q).map(|(p, q)| p - q).collect()
}

/// `R_{t+1} = Σ_{t'>t} r_{t'}` of each token of one text: what it is answerable for beyond itself. The last token has 0.
///
/// With `mean` it is divided by the number of rewards in the sum, which the paper writes `1/(T−t−1)`, counting tokens from 0: without it
/// long texts, whose rewards sum to more, are punished for their length.
pub fn returns_after(rewards: &[f64], mean: bool) -> Vec<f64> {
    let mut after = 0.0;
    let mut returns: Vec<f64> = rewards
        .iter()
        .rev()
        .enumerate()
        .map(|(count, reward)| {
            let value = if mean && count > 0 { after / count as f64 } else { after };
            after += reward;
            value
        })
        .collect();
    returns.reverse();
    returns
}

/// `R_t = Σ_{t'≥t} r_{t'}` of each token: itself included, for the policy gradient without the single-step term. With `mean` it is divided by
/// the number of rewards in the sum.
pub fn returns_from(rewards: &[f64], mean: bool) -> Vec<f64> {
    let mut sum = 0.0;
    let mut returns: Vec<f64> = rewards
        .iter()
        .rev()
        .enumerate()
        .map(|(after, reward)| {
            sum += reward;
            if mean { sum / (after + 1) as f64 } else { sum }
        })
        .collect();
    returns.reverse();
    returns
}

/// The advantages of the authors' code, a list for each text of the batch (see the table above).
///
/// Rewards are divided by `scaling` (0.5) and clipped to `±clip` (100); the return of token t is `Σ_{t'≥t} γ^{t'−t} r_{t'}` (γ = 0.95),
/// divided by the number of tokens from t on; returns are shifted to mean 0 and divided by their standard deviation over the batch.
///
/// One deviation from the code is kept out: there, mean and variance also count the padding behind short texts, whose returns are 0, so that
/// the advantages depend on the longest text of the batch. Here they are those of the tokens, with the divisor n − 1 of the code on one GPU.
pub fn lmops_advantages(rewards: &[Vec<f64>], gamma: f64, scaling: f64, clip: f64) -> Vec<Vec<f64>> {
    let mut returns: Vec<Vec<f64>> = rewards
        .iter()
        .map(|text| {
            let mut sum = 0.0;
            let mut returns: Vec<f64> = text
                .iter()
                .rev()
                .enumerate()
                .map(|(after, reward)| {
                    sum = (reward / scaling).clamp(-clip, clip) + gamma * sum;
                    sum / (after + 1) as f64
                })
                .collect();
            returns.reverse();
            returns
        })
        .collect();
    let count = returns.iter().map(Vec::len).sum::<usize>() as f64;
    let mean = returns.iter().flatten().sum::<f64>() / count.max(1.0);
    let variance = returns.iter().flatten().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    let deviation = (variance + VARIANCE_FLOOR).sqrt();
    returns.iter_mut().flatten().for_each(|value| *value = (*value - mean) / deviation);
    returns
}

/// `−mean ρ·A`, `[1]`, with `ρ = w·q/q_old` the importance ratio of each token and A its advantage; its gradient is that of the policy.
///
/// All are `[rows]`: `log_q` of the student that learns, with its graph; `log_q_old` of the student that wrote the text; `weights`
/// `w = q_old/p̃` (1 for the student's own samples), so that `ρ = q/p̃`; `advantages` from the host. None but `log_q` gets a gradient.
///
/// With `clip` = ε (0.2) it is PPO's `−mean min(ρA, clip(ρ, 1−ε, 1+ε)·A)` (Schulman et al. 2017, eq. 7), as in MiniLLM's algorithm 1.
pub fn surrogate(
    log_q: Tensor<1>,
    log_q_old: Tensor<1>,
    weights: Tensor<1>,
    advantages: Tensor<1>,
    mask: Tensor<1>,
    clip: Option<f64>,
) -> Tensor<1> {
    let (mask, advantages) = (mask.inner(), advantages.inner());
    // Behind the end of a text the two may be far apart: their ratio must not overflow.
    let counts = mask.clone().greater_elem(0.0).float();
    let ratio = ((log_q - log_q_old.inner()) * counts).exp() * weights.inner();
    let gain = match clip {
        None => ratio * advantages,
        Some(clip) => {
            let clipped = ratio.clone().clamp(1.0 - clip, 1.0 + clip) * advantages.clone();
            (ratio * advantages).min_pair(clipped)
        }
    };
    sequence::masked_mean(gain, mask).neg()
}

/// The single-step term, `[1]`, nats per token: the mean over tokens of `w·KL(q‖p)` over the whole vocabulary. `log_p` and `log_q` are
/// log-probabilities `[rows, vocab]`; `weights` `[rows]` is `w = q_old/p̃` in the paper, absent in the authors' code. The teacher gets no
/// gradient.
pub fn single_step(log_p: Tensor<2>, log_q: Tensor<2>, weights: Option<Tensor<1>>, mask: Tensor<1>) -> Tensor<1> {
    let rows = sequence::flat(divergence::reverse_kl(log_p.inner(), log_q).sum_dim(1));
    let rows = match weights {
        Some(weights) => rows * weights.inner(),
        None => rows,
    };
    sequence::masked_mean(rows, mask)
}
