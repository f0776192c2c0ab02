//! The soft loss: what the teacher's word costs the student.

use burn::tensor::Tensor;

use super::{access, divergence, dkd, hard};
use crate::device::log_softmax;
use crate::spec::{Access, Distill, Divergence};

/// Keeps the deviation of a row of equal logits from being divided by, as in the authors' code: `z/(std + 1e-7)`. Under the root, so that
/// its gradient is finite there too.
const DEVIATION_FLOOR: f64 = 1e-7;

/// What [`soft_loss`] is to be multiplied by: T² or, if the experiment leaves that out, 1.
///
/// The soft loss compares logits that were divided by T, so its gradient shrinks like 1/T², once for the chain rule and once because the
/// distributions draw together; T² makes up for both (Hinton et al. 2015 §2). The logit MSE becomes independent of T. Total variation
/// is of first order in the difference: its gradient shrinks like 1/T only, so that T² lets it grow like T.
///
/// The teacher's bare answer knows no temperature: nothing is to be made up for.
pub fn scale(distill: &Distill) -> f64 {
    if distill.t_squared && distill.access != Access::Labels { distill.temperature * distill.temperature } else { 1.0 }
}

/// How far the student is from the teacher, `[1]`: the experiment's divergence between `softmax(z_teacher/T)` and `softmax(z_student/T)`,
/// in nats, mean over the rows. T² is not in it: see [`scale`].
///
/// Logits and `targets` are `[batch, classes]`; only DKD looks at `targets` (see [`dkd::dkd`]). The teacher gets no gradient.
///
/// - `logit_mse` is the mean over rows and classes of `((z_student − z_teacher)/T)²` (Ba & Caruana 2014 eq. 1 without the ½): T divides
///   here too, and T² takes it away again. It alone sees a constant added to all logits of a row.
/// - total variation is that of the two distributions at T, between 0 and 1.
/// - `standardize` replaces z by `(z − mean)/std` of its row, before T, on both sides (Sun et al. 2024, eq. 10). With two classes
///   all rows become alike.
/// - `access` says what of the teacher's answer is left to compare with: with `labels` the loss is the cross-entropy at T = 1 with the
///   teacher's likeliest class, whatever the divergence; with `top_k` see [`access::top_k`].
pub fn soft_loss(teacher: Tensor<2>, student: Tensor<2>, targets: Tensor<2>, distill: &Distill) -> Tensor<1> {
    let [rows, _] = student.dims();
    terms(teacher, student, targets, distill).sum() / rows as f64
}

/// Numbers that sum to [`soft_loss`] of their row, `[batch, classes]` or `[batch, 1]`: one reduction makes any mean of them.
pub(super) fn terms(teacher: Tensor<2>, student: Tensor<2>, targets: Tensor<2>, distill: &Distill) -> Tensor<2> {
    let temperature = distill.temperature;
    terms_with(teacher, student, targets, |logits| if temperature == 1.0 { logits } else { logits / temperature }, distill)
}

/// [`terms`] with a temperature of its own for every row, `[batch, 1]`, and not the experiment's.
pub fn terms_by_row(teacher: Tensor<2>, student: Tensor<2>, targets: Tensor<2>, temperatures: &Tensor<2>, distill: &Distill) -> Tensor<2> {
    terms_with(teacher, student, targets, |logits| logits / temperatures.clone(), distill)
}

/// [`terms`] of logits that are divided by their temperatures in a way of their own.
fn terms_with(
    teacher: Tensor<2>,
    student: Tensor<2>,
    targets: Tensor<2>,
    temper: impl Fn(Tensor<2>) -> Tensor<2>,
    distill: &Distill,
) -> Tensor<2> {
    let teacher = match distill.access {
        Access::Labels => return hard::rows(student, access::answer(teacher.inner())),
        Access::TopK => access::top_k(teacher.inner(), distill.top_k),
        Access::Logits | Access::Hidden => teacher.inner(),
    };
    let [_, classes] = teacher.dims();
    let side = |logits| temper(if distill.standardize { standard(logits) } else { logits });
    let sides = [side(teacher.clone()), side(student)];
    diverge(sides, classes, || dkd::fill(targets.inner(), teacher), distill)
}

/// The experiment's divergence, in terms that sum to that of their row, `[batch, classes]` or `[batch, 1]`, from the teacher's and the
/// student's logits `[batch, classes]`, already divided by T. `entries` is how many of the classes a mean over classes counts; `targets` is
/// only asked for by DKD.
pub(super) fn diverge(
    [teacher, student]: [Tensor<2>; 2],
    entries: usize,
    targets: impl FnOnce() -> Tensor<2>,
    distill: &Distill,
) -> Tensor<2> {
    match distill.divergence {
        Divergence::ForwardKl => compare(teacher, student, divergence::forward_kl),
        Divergence::ReverseKl => compare(teacher, student, divergence::reverse_kl),
        Divergence::JsdGkd => compare(teacher, student, |p, q| divergence::jsd_gkd(p, q, distill.beta)),
        Divergence::JsdContinuous => compare(teacher, student, |p, q| divergence::jsd_continuous(p, q, distill.beta)),
        Divergence::SkewForward => compare(teacher, student, |p, q| divergence::skew_forward(p, q, distill.skew)),
        Divergence::SkewReverse => compare(teacher, student, |p, q| divergence::skew_reverse(p, q, distill.skew)),
        Divergence::TotalVariation => compare(teacher, student, divergence::total_variation),
        Divergence::LogitMse => (student - teacher).square().sum_dim(1) / entries as f64,
        Divergence::Dkd => dkd::dkd(teacher, student, targets(), distill.dkd_alpha, distill.dkd_beta),
    }
}

/// A divergence of `terms` per class, between logits, `[batch, classes]`.
fn compare(teacher: Tensor<2>, student: Tensor<2>, terms: impl Fn(Tensor<2>, Tensor<2>) -> Tensor<2>) -> Tensor<2> {
    terms(log_softmax(teacher), log_softmax(student))
}

/// `(z − mean)/std` with the sample deviation (divisor classes − 1) of each row, `[batch, classes]`.
fn standard(logits: Tensor<2>) -> Tensor<2> {
    let [_, classes] = logits.dims();
    let centred = logits.clone() - logits.mean_dim(1);
    let variance = centred.clone().square().sum_dim(1) / (classes as f64 - 1.0) + DEVIATION_FLOOR * DEVIATION_FLOOR;
    centred / variance.sqrt()
}
