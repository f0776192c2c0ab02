//! The name that was probably meant.

use crate::spec::{knobs, presets};

/// Names less alike than this are no help.
const ALIKE: f64 = 0.75;

/// The candidate most like `name`, if any is alike.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = candidates.into_iter().map(|candidate| (strsim::jaro_winkler(name, candidate), candidate));
    scored.filter(|(score, _)| *score >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}

pub fn preset(name: &str) -> Option<&'static str> {
    nearest(name, presets::TABLE.iter().map(|preset| preset.id))
}

/// A knob whose key, or last part of it, is alike: `temprature` means `distill.temperature`.
pub fn knob(key: &str) -> Option<&'static str> {
    let last = |key: &'static str| key.rsplit('.').next().unwrap_or(key);
    let score = |candidate: &'static str| strsim::jaro_winkler(key, candidate).max(strsim::jaro_winkler(key, last(candidate)));
    let scored = knobs::TABLE.iter().map(|knob| (score(knob.key), knob.key));
    scored.filter(|(score, _)| *score >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, key)| key)
}

#[cfg(test)]
mod tests {
    #[test]
    fn typing_errors_find_what_was_meant() {
        assert_eq!(super::preset("first-ligth"), Some("first-light"));
        assert_eq!(super::preset("firstlight"), Some("first-light"));
        assert_eq!(super::knob("distill.temprature"), Some("distill.temperature"));
        assert_eq!(super::knob("temprature"), Some("distill.temperature"));
        assert_eq!(super::knob("labels_per_clas"), Some("task.labels_per_class"));
        assert_eq!(super::knob("zzz"), None);
    }
}
