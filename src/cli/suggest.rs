//! The name that was probably meant.

use std::fs;
use std::io;
use std::path::Path;

use strsim::normalized_damerau_levenshtein as likeness;

use crate::spec::{knobs, presets};

/// Names less alike than this are no help.
const ALIKE: f64 = 0.7;

/// The candidate most like `name`, if any is alike.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = candidates.into_iter().map(|candidate| (likeness(name, candidate), candidate));
    scored.filter(|(score, _)| *score >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}

pub fn preset(name: &str) -> Option<&'static str> {
    nearest(name, presets::TABLE.iter().map(|preset| preset.id))
}

/// A knob whose key, or last part of it, is alike: `temprature` means `distill.temperature`.
pub fn knob(key: &str) -> Option<&'static str> {
    let last = |key: &'static str| key.rsplit('.').next().unwrap_or(key);
    let score = |candidate: &'static str| likeness(key, candidate).max(likeness(key, last(candidate)));
    let scored = knobs::TABLE.iter().map(|knob| (score(knob.key), knob.key));
    scored.filter(|(score, _)| *score >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, key)| key)
}

/// Of a file that was not found: the first folder of its path that is not there, or else what its folder has that is called alike.
pub fn path(wanted: &Path, error: &io::Error) -> String {
    if error.kind() != io::ErrorKind::NotFound {
        return String::new();
    }
    let wanted = std::path::absolute(wanted).unwrap_or_else(|_| wanted.into());
    let Some(parent) = wanted.ancestors().skip(1).find(|folder| folder.is_dir()) else { return String::new() };
    let missing = wanted.strip_prefix(parent).unwrap_or(&wanted).iter().next().unwrap_or_default().to_string_lossy();
    let there: Vec<_> =
        fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    match nearest(&missing, there.iter().map(String::as_str)) {
        Some(near) => format!("; {} has no `{missing}`: did you mean `{near}`?", parent.display()),
        None => format!("; {} has no `{missing}`", parent.display()),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    #[test]
    fn a_knob_is_told_by_the_fewest_letters_that_differ() {
        let told = [
            ("encoder.atention_weight", "encoder.attention_weight"),
            ("temprature", "distill.temperature"),
            ("distil.temperature", "distill.temperature"),
            ("train.step", "train.steps"),
        ];
        for (mistaken, meant) in told {
            assert_eq!(super::knob(mistaken), Some(meant));
        }
        assert_eq!(super::knob("colour"), None);
    }

    #[test]
    fn a_file_that_is_not_there_is_told_by_what_is() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("corpus")).unwrap();
        std::fs::write(folder.path().join("corpus/corpus.txt"), "").unwrap();
        let hint = |path: &str| super::path(&folder.path().join(path), &io::ErrorKind::NotFound.into());
        assert!(
            hint("corpus/corpsu.txt").ends_with("corpus has no `corpsu.txt`: did you mean `corpus.txt`?"),
            "{}",
            hint("corpus/corpsu.txt")
        );
        assert!(hint("copus/corpus.txt").ends_with("has no `copus`: did you mean `corpus`?"), "{}", hint("copus/corpus.txt"));
        assert!(hint("zzz").ends_with("has no `zzz`"), "{}", hint("zzz"));
        assert_eq!(super::path(folder.path(), &io::ErrorKind::PermissionDenied.into()), "");
    }

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
