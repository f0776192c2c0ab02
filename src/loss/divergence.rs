//! How far the student's distribution q is from the teacher's p.
//!
//! Every function takes log-probabilities of equal shape, `[.., classes]` of any rank, and returns **terms** of that shape, in nats:
//! their sum over the classes is the divergence of the row, so that one reduction (masked, if need be) makes any mean of them.
//! Gradients flow to whichever side carries a graph.
//!
//! Direction is named from the teacher: *forward* is KL(p‖q), teacher first.

use burn::tensor::Tensor;

/// Added to a mixture before its logarithm. A class that both sides give less than this adds less than 1e-28 nats to any sum; without it
/// two underflown probabilities would make `0·∞`.
const FLOOR: f64 = 1e-30;

/// Terms of `KL(p‖q) = Σ p·(log p − log q)`: q must cover all of p (Hinton et al. 2015, up to the entropy of p).
pub fn forward_kl<const D: usize>(log_p: Tensor<D>, log_q: Tensor<D>) -> Tensor<D> {
    log_p.clone().exp() * (log_p - log_q)
}

/// Terms of `KL(q‖p) = Σ q·(log q − log p)`: q must not leave p, and may settle on one of its modes (MiniLLM, Gu et al. 2023, eq. 1).
pub fn reverse_kl<const D: usize>(log_p: Tensor<D>, log_q: Tensor<D>) -> Tensor<D> {
    forward_kl(log_q, log_p)
}

/// Terms of `β·KL(p‖M) + (1−β)·KL(q‖M)`, `M = βp + (1−β)q`, `0 < β < 1` (GKD, Agarwal et al. 2023, eq. 1).
///
/// It vanishes at both ends, like β·KL(p‖q) and (1−β)·KL(q‖p). Code in circulation puts the pure KLs there: a jump.
pub fn jsd_gkd<const D: usize>(log_p: Tensor<D>, log_q: Tensor<D>, beta: f64) -> Tensor<D> {
    jsd(log_p, log_q, beta, [beta, 1.0 - beta])
}

/// Terms of `(1−β)·KL(p‖M) + β·KL(q‖M)`, `M = βp + (1−β)q`, `0 < β < 1`: the weights of [`jsd_gkd`] exchanged.
///
/// It goes from KL(p‖q) at β → 0 to KL(q‖p) at β → 1 without a jump. At β = ½ both are the Jensen–Shannon divergence.
pub fn jsd_continuous<const D: usize>(log_p: Tensor<D>, log_q: Tensor<D>, beta: f64) -> Tensor<D> {
    jsd(log_p, log_q, beta, [1.0 - beta, beta])
}

/// Terms of `KL(p‖M)`, `M = λp + (1−λ)q`, `0 ≤ λ < 1` (DistiLLM, Ko et al. 2024, eq. 4). λ = 0 is [`forward_kl`].
pub fn skew_forward<const D: usize>(log_p: Tensor<D>, log_q: Tensor<D>, lambda: f64) -> Tensor<D> {
    if lambda == 0.0 {
        return forward_kl(log_p, log_q);
    }
    let p = log_p.clone().exp();
    let log_m = log_mixture(p.clone(), log_q.exp(), lambda);
    p * (log_p - log_m)
}

/// Terms of `KL(q‖M)`, `M = (1−λ)p + λq`, `0 ≤ λ < 1` (DistiLLM, Ko et al. 2024, eq. 4). λ = 0 is [`reverse_kl`].
pub fn skew_reverse<const D: usize>(log_p: Tensor<D>, log_q: Tensor<D>, lambda: f64) -> Tensor<D> {
    skew_forward(log_q, log_p, lambda)
}

/// [`skew_forward`] with a λ of its own for every row, `[rows, 1]`.
pub fn skew_forward_by_row(log_p: Tensor<2>, log_q: Tensor<2>, lambda: Tensor<2>) -> Tensor<2> {
    let p = log_p.clone().exp();
    let log_m = log_mixture_by_row(p.clone(), log_q.exp(), lambda);
    p * (log_p - log_m)
}

/// [`skew_reverse`] with a λ of its own for every row, `[rows, 1]`. `held` is what stands for log q inside the mixture: log q itself, or
/// log q without its graph.
pub fn skew_reverse_by_row(log_p: Tensor<2>, log_q: Tensor<2>, held: Tensor<2>, lambda: Tensor<2>) -> Tensor<2> {
    let log_m = log_mixture_by_row(held.exp(), log_p.exp(), lambda);
    log_q.clone().exp() * (log_q - log_m)
}

/// `log(w·p + (1−w)·q)` of probabilities, w by row.
fn log_mixture_by_row(p: Tensor<2>, q: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    let rest = weight.clone().neg() + 1.0;
    (p * weight + q * rest + FLOOR).log()
}

/// Terms of `½·Σ|p−q|`, between 0 and 1 (not nats). Where p = q the gradient is 0, one of the subgradients.
pub fn total_variation<const D: usize>(log_p: Tensor<D>, log_q: Tensor<D>) -> Tensor<D> {
    (log_p.exp() - log_q.exp()).abs() * 0.5
}

/// Terms of `weights[0]·KL(p‖M) + weights[1]·KL(q‖M)`, `M = βp + (1−β)q`.
fn jsd<const D: usize>(log_p: Tensor<D>, log_q: Tensor<D>, beta: f64, weights: [f64; 2]) -> Tensor<D> {
    let (p, q) = (log_p.clone().exp(), log_q.clone().exp());
    let log_m = log_mixture(p.clone(), q.clone(), beta);
    p * weights[0] * (log_p - log_m.clone()) + q * weights[1] * (log_q - log_m)
}

/// `log(w·p + (1−w)·q)` of probabilities.
///
/// Not from the log-probabilities by log-sum-exp: whatever the sum loses below [`FLOOR`], p or q multiplies by as little. And
/// `log_sigmoid`, which would do it, costs a dozen masks in its backward pass.
fn log_mixture<const D: usize>(p: Tensor<D>, q: Tensor<D>, weight: f64) -> Tensor<D> {
    ((p * weight + FLOOR) + q * (1.0 - weight)).log()
}
