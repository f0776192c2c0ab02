//! Which of two texts is the better one: the teacher's y_t (*chosen*) over the student's own y_s (*rejected*), on their log-probabilities.
//!
//! | form | loss of a pair, with c and r the chosen and rejected log q, and c₀, r₀ those of the reference |
//! |---|---|
//! | DPKD | `−log σ(β[(c − c₀)/\|y_t\| − (r − r₀)/\|y_s\|])`, the reference is the teacher (Li et al. 2024, eq. 9) |
//! | token | DPKD as its authors' code has it: see [`tokens`] |
//! | DPO | the same without lengths (Rafailov et al. 2023, eq. 7, where the reference is the student before training) |
//! | SimPO | `−log σ(β[c/\|y_t\| − r/\|y_s\|] − γ)`, no reference (Meng et al. 2024, eq. 6) |
//! | IPO | `((c − c₀) − (r − r₀) − 1/(2τ))²` (Azar et al. 2023, eq. 17) |
//! | CPO | `−log σ(β[c − r]) − c`, no reference (Xu et al. 2024, eq. 5) |
//!
//! What β multiplies, times β, is the **reward margin** Δ; a text that the student likes better, relative to its reference, has Δ > 0, and the
//! share of such pairs is the win rate. The slope of `−log σ(Δ)` is `−σ(−Δ)`: pairs that are still wrong weigh most. (DPKD's eq. 11 prints
//! σ(+Δ), a slip of the sign.)

use burn::tensor::Tensor;

use super::{access, sequence, softplus::softplus};
use crate::spec::{Preference, Text};

/// Which preference loss, and its constants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    pub form: Preference,
    /// β, in IPO τ; above 0.
    pub beta: f64,
    /// SimPO's γ: by how much the chosen text must win.
    pub margin: f64,
    /// Whether a text's log-probability is divided by its number of tokens.
    pub length_norm: bool,
}

impl Settings {
    /// The form as its paper has it: β = 0.1 (DPKD, DPO, CPO, τ of IPO), β = 2 and γ = 1 (SimPO); lengths count in DPKD and SimPO.
    pub fn published(form: Preference) -> Self {
        let settings = Self { form, beta: 0.1, margin: 0.0, length_norm: false };
        match form {
            Preference::Dpkd => Self { length_norm: true, ..settings },
            Preference::Simpo => Self { beta: 2.0, margin: 1.0, length_norm: true, ..settings },
            Preference::Token | Preference::Dpo | Preference::Ipo | Preference::Cpo => settings,
        }
    }
}

/// Whether a text's log-probability is divided by its length: DPO, IPO and CPO are defined on whole texts.
pub fn counts_lengths(text: &Text) -> bool {
    text.length_norm && matches!(text.preference, Preference::Dpkd | Preference::Simpo)
}

/// One side of pairs of texts, each `[pairs]`.
#[derive(Debug, Clone)]
pub struct Texts {
    /// `Σ log q` over the response's tokens, with the student's graph.
    pub log_q: Tensor<1>,
    /// The same under the reference: the teacher in DPKD; in the papers of DPO and IPO the untrained student. SimPO and CPO do not look at it. No
    /// gradient.
    pub reference: Tensor<1>,
    /// Response tokens; an empty text counts as one token.
    pub tokens: Tensor<1>,
}

/// A preference loss and what a win rate is read from.
#[derive(Debug, Clone)]
pub struct Preferred {
    /// `[1]`, the mean over pairs, or tokens.
    pub loss: Tensor<1>,
    /// The reward margin Δ of each pair, `[pairs]`, or token, `[rows]`, without a graph and before SimPO's γ.
    pub margin: Tensor<1>,
}

/// The preference loss of pairs of texts (see the table above). For the token form a text is its tokens' sum: DPKD without lengths.
pub fn texts(chosen: Texts, rejected: Texts, settings: &Settings) -> Preferred {
    let Settings { form, beta, margin, length_norm } = *settings;
    let referenced = matches!(form, Preference::Dpkd | Preference::Token | Preference::Dpo | Preference::Ipo);
    let value = |text: Texts| {
        let value = if referenced { text.log_q - text.reference.inner() } else { text.log_q };
        if length_norm { value / text.tokens.inner().clamp_min(1.0) } else { value }
    };
    let (chosen, rejected) = (value(chosen), value(rejected));
    let difference = chosen.clone() - rejected;
    let delta = difference.clone() * beta;
    let losses = match form {
        Preference::Dpkd | Preference::Token | Preference::Dpo => surprise(delta.clone()),
        Preference::Simpo => surprise(delta.clone() - margin),
        Preference::Ipo => (difference - 0.5 / beta).square(),
        Preference::Cpo => surprise(delta.clone()) - chosen,
    };
    Preferred { loss: losses.mean(), margin: delta.inner() }
}

/// DPKD as in the authors' code (microsoft/LMOps, `dpkd/main.py`): no text is sampled; at every position of a given text the teacher's likeliest
/// token is preferred to the student's likeliest, `−log σ(β[(log q(t) − log q(s)) − (log p(t) − log p(s))])`, mean over the mask.
///
/// `teacher` and `student` are logits `[rows, vocab]`, `mask` is `[rows]`. Where both would say the same, Δ = 0: the loss is log 2 and the
/// gradient 0. The teacher gets no gradient.
pub fn tokens(teacher: Tensor<2>, student: Tensor<2>, mask: Tensor<1>, beta: f64) -> Preferred {
    let teacher = teacher.inner();
    let apart = access::answer(teacher.clone()) - access::answer(student.clone().inner());
    // Each row of `apart` sums to 0, so that logits do for log-probabilities.
    let delta = sequence::flat(((student - teacher) * apart).sum_dim(1)) * beta;
    Preferred { loss: sequence::masked_mean(surprise(delta.clone()), mask), margin: delta.inner() }
}

/// `−log σ(Δ)`, finite for every finite Δ.
fn surprise(delta: Tensor<1>) -> Tensor<1> {
    softplus(delta.neg())
}
