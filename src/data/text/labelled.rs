//! Texts with a label each, a JSON object to a line: what classifiers are fine-tuned on.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;
use serde_json::Value;

use crate::data::split::stratified;
use crate::data::{DataError, rng};

/// Share of the texts that is for testing where they have no file of their own.
const TESTS: f64 = 0.1;
/// Names of the text, the first that a line has.
const TEXTS: [&str; 2] = ["text", "sentence"];
const NOTHING: &str = "it has no texts; as JSONL, write {\"text\": \"...\", \"label\": \"...\"} on every line";

/// The labels of the texts of a set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    /// By class; none where texts have no labels.
    pub names: Vec<String>,
    /// The class of every text for training, and for testing.
    pub train: Vec<usize>,
    pub test: Vec<usize>,
}

impl Labels {
    /// The same labels with other classes, where every name has one in `names`; which has none otherwise.
    pub fn renamed(&self, names: &[String]) -> Result<Self, String> {
        let place = |name: &String| names.iter().position(|known| known == name).ok_or_else(|| name.clone());
        let places = self.names.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let moved = |part: &[usize]| part.iter().map(|class| places[*class]).collect();
        Ok(Self { names: names.to_vec(), train: moved(&self.train), test: moved(&self.test) })
    }
}

/// The labels of the texts of a file, by its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// In their order, by number where all are numbers.
    names: Vec<String>,
    classes: Vec<usize>,
}

impl FromIterator<String> for Named {
    fn from_iter<I: IntoIterator<Item = String>>(labels: I) -> Self {
        let mut met: BTreeMap<String, usize> = BTreeMap::new();
        let mut classes: Vec<usize> = Vec::new();
        for label in labels {
            let new = met.len();
            classes.push(*met.entry(label).or_insert(new));
        }
        // The map has them in order already.
        let mut names: Vec<(String, usize)> = met.into_iter().collect();
        if names.iter().all(|(name, _)| name.parse::<i64>().is_ok()) {
            names.sort_by_key(|(name, _)| name.parse::<i64>().ok());
        }
        let mut places = vec![0; names.len()];
        names.iter().enumerate().for_each(|(place, (_, met))| places[*met] = place);
        Self { names: names.into_iter().map(|(name, _)| name).collect(), classes: classes.into_iter().map(|met| places[met]).collect() }
    }
}

/// Which texts of a file, or of two, are for training and for testing, by their numbers, and the labels that they have in that order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    pub labels: Labels,
    pub train: Vec<u32>,
    pub test: Vec<u32>,
}

impl Labelled {
    /// Classes are the labels of `all`. What is tested on is `test`, a file of its own, of whose texts `line` says where they stand, or without
    /// one a tenth of every class, by `seed`.
    ///
    /// # Errors
    /// [`DataError::BadText`] where there are no texts, one label alone or too few texts of each, and [`DataError::BadData`] for what is wrong
    /// with `test`.
    pub fn divide(all: Named, test: Option<Named>, seed: u32, line: impl Fn(u32) -> usize) -> Result<Self, DataError> {
        match &all.names[..] {
            [] => return Err(DataError::BadText(NOTHING.into())),
            [name] => return Err(DataError::BadText(format!("every text has the label `{name}`; at least two labels are needed"))),
            _ => {}
        }
        let mut random = rng(seed, "labelled texts");
        let numbered = |rows: Vec<usize>| rows.into_iter().map(|row| (row as u32, all.classes[row])).collect::<Vec<_>>();
        let (mut train, mut held) = match test {
            None => {
                let (train, held) = stratified(&all.classes, TESTS, &mut random);
                if held.is_empty() {
                    return Err(DataError::BadText("no label has two texts, one to learn from and one to test: take more text".into()));
                }
                (numbered(train), numbered(held))
            }
            Some(test) => {
                let wrong = |problem: String| DataError::BadData { part: "test", problem };
                if test.names.is_empty() {
                    return Err(wrong(NOTHING.into()));
                }
                let places: Vec<Option<usize>> = test.names.iter().map(|name| all.names.iter().position(|known| known == name)).collect();
                let known = |(row, class): (u32, &usize)| match places[*class] {
                    Some(class) => Ok((row, class)),
                    None => Err(wrong(format!("line {}: no text for training has the label `{}`", line(row), test.names[*class]))),
                };
                let held = (0..).zip(&test.classes).map(known).collect::<Result<Vec<_>, _>>()?;
                (numbered((0..all.classes.len()).collect()), held)
            }
        };
        // Files are often in the order of their labels, and the first for testing and the last for training serve where not all do.
        train.shuffle(&mut random);
        held.shuffle(&mut random);
        let ((train, of_train), (test, of_test)) = (train.into_iter().unzip(), held.into_iter().unzip());
        Ok(Self { labels: Labels { names: all.names, train: of_train, test: of_test }, train, test })
    }
}

/// The text and the label of a line such as `{"text": "...", "label": "spam"}`; the text may also be a `sentence`, and the label a whole number
/// or true and false. Other keys are ignored.
///
/// # Errors
/// What is wrong with it.
pub fn labelled(line: &str) -> Result<(String, String), String> {
    let value: Value = serde_json::from_str(line).map_err(|error| format!("not JSON: {error}"))?;
    let text = TEXTS.iter().find_map(|key| value.get(key)).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let text = text.ok_or("it has no text, which is to be named `text` or `sentence`")?;
    let label = match value.get("label") {
        Some(Value::String(label)) if !label.trim().is_empty() => label.trim().to_owned(),
        Some(Value::Number(label)) if !label.is_f64() => label.to_string(),
        Some(Value::Bool(label)) => label.to_string(),
        None | Some(Value::Null | Value::String(_)) => {
            return Err("its label is missing: every text needs one".into());
        }
        Some(other) => return Err(format!("its label is {other}; it must be a text, a whole number, true or false")),
    };
    Ok((text.to_owned(), label))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    fn named(labels: &[&str]) -> Named {
        labels.iter().map(|label| String::from(*label)).collect()
    }

    fn divided(all: &[&str], test: Option<&[&str]>, seed: u32) -> Result<Labelled, String> {
        Labelled::divide(named(all), test.map(named), seed, |row| 10 * row as usize).map_err(|error| error.to_string())
    }

    #[test]
    fn every_class_is_in_both_parts_and_a_seed_has_a_split_of_its_own() {
        let all: Vec<&str> = (0..30).map(|n| ["10", "9", "9"][n % 3]).collect();
        let found = divided(&all, None, 1).unwrap();
        assert_eq!(found.labels.names, ["9", "10"], "numbers in their order");
        assert_eq!((found.train.len(), found.test.len()), (27, 3));
        let both = found.train.iter().chain(&found.test).zip(found.labels.train.iter().chain(&found.labels.test));
        assert!(both.into_iter().all(|(row, class)| (row % 3 == 0) == (*class == 1)), "a text keeps its label");
        let mut rows = [&found.train[..], &found.test].concat();
        rows.sort_unstable();
        assert!(rows.into_iter().eq(0..30), "each text is somewhere, once");
        assert!(found.labels.test.contains(&0) && found.labels.test.contains(&1));
        assert!((2..40).any(|seed| divided(&all, None, seed).unwrap().test != found.test));
    }

    /// Numbers may be written with a sign or with noughts: a label is what is written.
    #[test]
    fn a_text_keeps_a_label_whose_number_is_written_otherwise() {
        for [good, bad] in [["+1", "-1"], ["10", "01"]] {
            let found = named(&[good, bad, good, bad]);
            assert_eq!((found.names, found.classes), (vec![bad.into(), good.into()], vec![1, 0, 1, 0]), "by number");
        }
    }

    #[test]
    fn a_file_of_its_own_is_what_is_tested_on() {
        let found = divided(&["yes", "no"], Some(&["no"]), 0).unwrap();
        assert_eq!((found.train.len(), found.test, found.labels.test.clone()), (2, vec![0], vec![0]));
        let mut renamed = found.labels.renamed(&["yes", "maybe", "no"].map(String::from)).unwrap();
        renamed.train.sort_unstable();
        assert_eq!((renamed.train, renamed.test), (vec![0, 2], vec![2]), "the teacher's classes");
        assert_eq!(found.labels.renamed(&["no".into()]).unwrap_err(), "yes");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = |all: &[&str], test: Option<&[&str]>, parts: &[&str]| {
            let error = divided(all, test, 0).unwrap_err();
            assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} in {error}");
        };
        wrong(&["1", "1"], None, &["label `1`", "two labels"]);
        wrong(&[], None, &["no texts"]);
        wrong(&["1", "0"], None, &["no label has two texts"]);
        wrong(&["1", "0"], Some(&[]), &["test rows", "no texts"]);
        wrong(&["1", "0"], Some(&["1", "0", "2"]), &["test rows", "line 20", "label `2`"]);
        let wrong = |line: &str, problem: &str| assert!(labelled(line).unwrap_err().contains(problem), "{line}");
        wrong("{\"text\": \"bad\"}", "label is missing");
        wrong("{\"text\": \"good\", \"label\": 0.5}", "whole number");
        wrong("{\"text\": \" \", \"label\": 1}", "no text");
        wrong("good,1", "not JSON");
        assert_eq!(labelled("{\"sentence\": \" good \", \"label\": true}"), Ok(("good".into(), "true".into())));
    }
}
