//! Texts with a label each, a JSON object to a line: what classifiers are fine-tuned on.

use std::collections::BTreeSet;

use rand::seq::SliceRandom;
use serde_json::Value;

use super::Passages;
use crate::data::split::stratified;
use crate::data::{DataError, Marks, Tokenizer, rng};

/// Share of the texts that is for testing where they have no file of their own.
const TESTS: f64 = 0.1;
/// Names of the text, the first that a line has.
const TEXTS: [&str; 2] = ["text", "sentence"];

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

/// A line: its number from 1, its text and its label.
type Row = (usize, String, String);

/// Texts and labels out of lines such as `{"text": "...", "label": "spam"}`; the text may also be a `sentence`, and the label a whole number
/// or true and false. Other keys and empty lines are ignored. Classes are the labels of the training part in their order, by number where all
/// are numbers. `test` are the lines to be tested on; without them it is a tenth of every class, by `seed`.
///
/// # Errors
/// [`DataError::BadLine`] with the number of the line and what is wrong with it, [`DataError::BadText`] where there is one label alone or too
/// little text, and [`DataError::BadData`] for what is wrong with the lines of `test`.
pub fn labelled(text: &str, test: Option<&str>, tokenizer: &Tokenizer, context: usize, seed: u32) -> Result<Passages, DataError> {
    let (all, marks) = (rows(text)?, Marks::of(tokenizer)?);
    let found: BTreeSet<&str> = all.iter().map(|(_, _, label)| label.as_str()).collect();
    let mut names: Vec<String> = found.into_iter().map(String::from).collect();
    if names.iter().all(|name| name.parse::<i64>().is_ok()) {
        names.sort_by_key(|name| name.parse::<i64>().ok());
    }
    if let [name] = &names[..] {
        return Err(DataError::BadText(format!("every text has the label `{name}`; at least two labels are needed")));
    }
    let class = |row: &Row| names.iter().position(|name| *name == row.2);
    let classes: Vec<usize> = all.iter().map(|row| class(row).expect("a name of every row")).collect();
    let wrong = |problem: String| DataError::BadData { part: "test", problem };
    let mut random = rng(seed, "labelled texts");
    let (mut train, mut held) = match test {
        None => {
            let (train, held) = stratified(&classes, TESTS, &mut random);
            if held.is_empty() {
                return Err(DataError::BadText("no label has two texts, one to learn from and one to test: take more text".into()));
            }
            let part = |rows: &[usize]| rows.iter().map(|row| (all[*row].1.clone(), classes[*row])).collect::<Vec<_>>();
            (part(&train), part(&held))
        }
        Some(test) => {
            let rows = rows(test).map_err(|error| wrong(error.to_string()))?;
            let known = |row: Row| match class(&row) {
                Some(class) => Ok((row.1, class)),
                None => Err(wrong(format!("line {}: no text for training has the label `{}`", row.0, row.2))),
            };
            let held = rows.into_iter().map(known).collect::<Result<Vec<_>, _>>()?;
            (all.into_iter().map(|row| row.1).zip(classes).collect::<Vec<_>>(), held)
        }
    };
    // Files are often in the order of their labels, and the first for testing and the last for training serve where not all do.
    train.shuffle(&mut random);
    held.shuffle(&mut random);
    let mut cut = 0;
    let mut read = |part: Vec<(String, usize)>| -> Result<(Vec<Vec<u32>>, Vec<usize>), DataError> {
        let mut texts = Vec::with_capacity(part.len());
        for (text, _) in &part {
            let ids = tokenizer.encode(text)?;
            cut += usize::from(ids.len() + 2 > context);
            texts.push(marks.around(&ids, context));
        }
        Ok((texts, part.into_iter().map(|(_, class)| class).collect()))
    };
    let ((train, of_train), (test, of_test)) = (read(train)?, read(held)?);
    let labels = Labels { names, train: of_train, test: of_test };
    Ok(Passages { cut, labels, ..Passages::new(tokenizer.clone(), marks, train.into(), test.into()) })
}

fn rows(text: &str) -> Result<Vec<Row>, DataError> {
    // Some editors begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let rows: Vec<Row> = lines
        .map(|(line, number)| {
            row(line).map(|(text, label)| (number, text, label)).map_err(|problem| DataError::BadLine { line: number, problem })
        })
        .collect::<Result<_, _>>()?;
    if rows.is_empty() {
        return Err(DataError::BadText("it has no texts; as JSONL, write {\"text\": \"...\", \"label\": \"...\"} on every line".into()));
    }
    Ok(rows)
}

/// The text and the label of a line, or what is wrong with it.
fn row(line: &str) -> Result<(String, String), String> {
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

    fn tokenizer() -> Tokenizer {
        Tokenizer::words("[PAD] [CLS] [SEP] [MASK] good bad so very")
    }

    fn lines(rows: &[(&str, &str)]) -> String {
        rows.iter().map(|(text, label)| format!("{{\"text\": \"{text}\", \"label\": {label}}}\n")).collect()
    }

    #[test]
    fn every_class_is_in_both_parts_and_a_seed_has_a_split_of_its_own() {
        let text: String = (0..30).map(|n| lines(&[(["good", "very good", "so bad"][n % 3], ["10", "9", "9"][n % 3])])).collect();
        let found = labelled(&text, None, &tokenizer(), 16, 1).unwrap();
        assert_eq!(found.labels.names, ["9", "10"], "numbers in their order");
        assert_eq!((found.train.len(), found.test.len()), (27, 3));
        let both = found.train.iter().chain(&found.test).zip(found.labels.train.iter().chain(&found.labels.test));
        assert!(both.into_iter().all(|(ids, class)| (ids.len() == 3) == (*class == 1)), "a text keeps its label");
        assert!(found.labels.test.contains(&0) && found.labels.test.contains(&1));
        let order = |seed| labelled(&text, None, &tokenizer(), 16, seed).unwrap().test.iter().map(|ids| ids.len()).collect::<Vec<_>>();
        assert!((2..40).any(|seed| order(seed) != order(1)));
    }

    /// Numbers may be written with a sign or with noughts: a label is what is written.
    #[test]
    fn a_text_keeps_a_label_whose_number_is_written_otherwise() {
        for [good, bad] in [["+1", "-1"], ["10", "01"]] {
            let [said, other] = [good, bad].map(|label| format!("\"{label}\""));
            let text = lines(&[("good", &said), ("so bad", &other), ("so very good", &said), ("bad", &other)]).repeat(5);
            let found = labelled(&text, None, &tokenizer(), 16, 0).unwrap();
            assert_eq!(found.labels.names, [bad, good], "by number");
            let good = tokenizer().id("good").unwrap();
            let all = found.train.iter().chain(&found.test).zip(found.labels.train.iter().chain(&found.labels.test));
            assert_eq!(all.into_iter().filter(|(ids, class)| ids.contains(&good) == (**class == 1)).count(), 20);
        }
    }

    #[test]
    fn a_file_of_its_own_is_what_is_tested_on() {
        let train = lines(&[("good", "\"yes\""), ("bad", "\"no\"")]);
        let found = labelled(&train, Some(&lines(&[("so bad", "\"no\"")])), &tokenizer(), 16, 0).unwrap();
        assert_eq!((found.train.len(), found.labels.test.clone(), found.cut), (2, vec![0], 0));
        assert_eq!(labelled(&train, Some(&lines(&[("so so so bad", "\"no\"")])), &tokenizer(), 5, 0).unwrap().cut, 1);
        let mut renamed = found.labels.renamed(&["yes", "maybe", "no"].map(String::from)).unwrap();
        renamed.train.sort_unstable();
        assert_eq!((renamed.train, renamed.test), (vec![0, 2], vec![2]), "the teacher's classes");
        assert_eq!(found.labels.renamed(&["no".into()]).unwrap_err(), "yes");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let wrong = |text: &str, test: Option<&str>, parts: &[&str]| {
            let error = labelled(text, test, &tokenizer(), 16, 0).unwrap_err().to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} in {error}");
        };
        let good = lines(&[("good", "1"), ("bad", "0")]);
        wrong("{\"text\": \"good\", \"label\": 1}\n\n{\"text\": \"bad\"}", None, &["line 3", "label is missing"]);
        wrong("{\"text\": \"good\", \"label\": 0.5}", None, &["line 1", "0.5", "whole number"]);
        wrong("{\"text\": \" \", \"label\": 1}", None, &["line 1", "no text"]);
        wrong("good,1", None, &["line 1", "not JSON"]);
        wrong(&lines(&[("good", "1"), ("bad", "1")]), None, &["label `1`", "two labels"]);
        wrong("\n", None, &["no texts"]);
        wrong(&good, None, &["no label has two texts"]);
        wrong(&good, Some(""), &["test rows", "no texts"]);
        wrong(&good, Some(&lines(&[("good", "2")])), &["test rows", "line 1", "label `2`"]);
    }
}
