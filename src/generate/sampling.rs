//! From logits to one token.

use std::cmp::Ordering;

use super::{GenerateError, Speaker};

/// How a token is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// Logits are divided by it; 0 takes the likeliest token.
    pub temperature: f64,
    /// Only the k likeliest tokens; 0 for all.
    pub top_k: usize,
    /// Only the likeliest tokens that together have at least this probability (Holtzman et al. 2019); 1 for all.
    pub top_p: f64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 1.0, top_k: 0, top_p: 1.0 }
    }
}

impl Sampling {
    /// # Errors
    /// A temperature below 0, or a `top_p` outside (0, 1].
    pub fn validate(&self) -> Result<(), GenerateError> {
        let setting = |name, range, value: f64| GenerateError::Setting { name, range, value: value.to_string() };
        if !(self.temperature >= 0.0 && self.temperature.is_finite()) {
            return Err(setting("temperature", "0 or more", self.temperature));
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return Err(setting("top-p", "above 0 and at most 1", self.top_p));
        }
        Ok(())
    }

    /// Whether it looks at other probabilities than those that the logits stand for.
    pub fn tempers(&self) -> bool {
        self.temperature != 0.0 && self.temperature != 1.0
    }

    /// Log-probabilities at this temperature, all tokens kept; greedy looks at temperature 1.
    ///
    /// # Errors
    /// [`GenerateError::NotFinite`].
    pub fn log_probabilities(&self, logits: &[f32]) -> Result<Vec<f64>, GenerateError> {
        let temperature = if self.tempers() { self.temperature } else { 1.0 };
        let scaled: Vec<f64> = logits.iter().map(|logit| f64::from(*logit) / temperature).collect();
        let max = scaled.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let log_sum = max + libm::log(scaled.iter().map(|value| libm::exp(value - max)).sum());
        if !log_sum.is_finite() {
            return Err(GenerateError::NotFinite(Speaker::Model));
        }
        Ok(scaled.into_iter().map(|value| value - log_sum).collect())
    }

    /// The token that `uniform` in [0, 1) points at, among the probabilities that are kept. `likelihood` are log-probabilities.
    ///
    /// Of equally likely tokens the one with the lowest number counts as the likelier.
    pub fn pick(&self, likelihood: &[f64], uniform: f64) -> usize {
        let likelier = |a: &usize, b: &usize| likelihood[*b].partial_cmp(&likelihood[*a]).unwrap_or(Ordering::Equal).then(a.cmp(b));
        let mut tokens: Vec<usize> = (0..likelihood.len()).collect();
        let keep = if self.temperature == 0.0 { 1 } else { self.top_k };
        if keep > 0 && keep < tokens.len() {
            tokens.select_nth_unstable_by(keep - 1, likelier);
            tokens.truncate(keep);
        }
        if self.top_p < 1.0 {
            tokens.sort_unstable_by(likelier);
            let total: f64 = tokens.iter().map(|token| libm::exp(likelihood[*token])).sum();
            let mut sum = 0.0;
            let enough = tokens.iter().position(|token| {
                sum += libm::exp(likelihood[*token]);
                sum >= self.top_p * total
            });
            tokens.truncate(enough.map_or(tokens.len(), |last| last + 1));
        }
        // In the order of their numbers, so that the same `uniform` means the same token however the set was found.
        tokens.sort_unstable();
        let total: f64 = tokens.iter().map(|token| libm::exp(likelihood[*token])).sum();
        let mut left = uniform * total;
        for token in &tokens {
            left -= libm::exp(likelihood[*token]);
            if left < 0.0 {
                return *token;
            }
        }
        // Rounding: `uniform` was all but 1.
        tokens.last().copied().unwrap_or(0)
    }
}

/// `log(share·p + (1−share)·q)` of every token, from log-probabilities (MiniLLM, Gu et al. 2023, eq. 5).
pub fn mix(teacher: &[f64], student: &[f64], share: f64) -> Vec<f64> {
    let mixed = |(p, q): (&f64, &f64)| libm::log(share * libm::exp(*p) + (1.0 - share) * libm::exp(*q));
    teacher.iter().zip(student).map(mixed).collect()
}
