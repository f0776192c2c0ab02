//! How near a text comes to a reference.

/// ROUGE-L (Lin 2004): the F1 score of the longest common subsequence of words, 0..1.
///
/// Words are as in Google's `rouge_score` without stemming: small letters, split at whatever is no letter and no digit. Of letters Google
/// knows a to z alone, so that a Korean text has no words there and scores 0, and "café" is "caf"; here the letters and digits of every script
/// make words, and each sign of Chinese and Japanese, which put no spaces between theirs, is one. On ASCII the numbers are Google's. Papers
/// that say ROUGE-L with stemming (MiniLLM) have slightly higher ones, because "cats" is then "cat".
pub fn rouge_l(said: &str, wanted: &str) -> f64 {
    let (said, wanted) = (words(said), words(wanted));
    let common = longest_common_subsequence(&said, &wanted) as f64;
    if common == 0.0 {
        return 0.0;
    }
    let (precision, recall) = (common / said.len() as f64, common / wanted.len() as f64);
    2.0 * precision * recall / (precision + recall)
}

/// Before the final answer of a worked solution (GSM8K).
const FINAL: &str = "####";

/// Whether a text is the right one: the reference itself, come to its end; or, where the reference closes with `#### answer` as GSM8K's do, any
/// text that closes with the same answer, thousands' commas and outer spaces left out.
pub fn exact_match(said: &str, wanted: &str, ended: bool) -> bool {
    let same = final_answer(wanted).is_some_and(|answer| final_answer(said) == Some(answer));
    ended && (said == wanted || same)
}

/// Whether exact match can tell right answers from wrong ones: the reference closes with `#### answer`, or is no more than one word. Of longer
/// ones a good answer is hardly ever the very words.
pub fn is_checkable(wanted: &str) -> bool {
    final_answer(wanted).is_some() || words(wanted).len() <= 1
}

/// What closes a worked solution, without thousands' commas and outer spaces.
fn final_answer(text: &str) -> Option<String> {
    text.rsplit_once(FINAL).map(|(_, answer)| answer.trim().replace(',', "")).filter(|answer| !answer.is_empty())
}

fn words(text: &str) -> Vec<String> {
    // As Python's `lower()`, before anything is split: the Kelvin sign becomes a k.
    let text = text.to_lowercase();
    let runs = text.split(|character: char| !character.is_alphanumeric());
    runs.flat_map(split_signs).filter(|word| !word.is_empty()).map(String::from).collect()
}

/// A run of letters, cut around every Chinese or Japanese sign.
fn split_signs(run: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    for (at, sign) in run.char_indices().filter(|(_, character)| is_sign(*character)) {
        let end = at + sign.len_utf8();
        words.extend([&run[start..at], &run[at..end]]);
        start = end;
    }
    words.push(&run[start..]);
    words
}

/// Kana and Chinese characters.
fn is_sign(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The length of the longest sequence that both lists hold in order, not necessarily side by side.
fn longest_common_subsequence(a: &[String], b: &[String]) -> usize {
    // Of all of `a` so far against the first words of `b`.
    let mut lengths = vec![0; b.len() + 1];
    for word in a {
        let mut diagonal = 0;
        for (at, other) in b.iter().enumerate() {
            let above = lengths[at + 1];
            lengths[at + 1] = if word == other { diagonal + 1 } else { above.max(lengths[at]) };
            diagonal = above;
        }
    }
    lengths[b.len()]
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::device::testing::test;

    #[derive(Deserialize)]
    struct Row {
        wanted: String,
        said: String,
        f1: f64,
    }

    #[test]
    fn a_worked_solution_is_right_by_its_answer() {
        let wanted = "2 + 1,000 = 1,002\n#### 1,002";
        assert!(exact_match("another way\n#### 1002 ", wanted, true));
        assert!(!exact_match("another way\n#### 1002", wanted, false), "it was cut off: more digits may follow");
        assert!(!exact_match("1002", wanted, true), "no answer is marked");
        assert!(exact_match("12", "12", true) && !exact_match("-12", "12", true) && !exact_match("12", "12", false));
        assert!(!exact_match("x ####", "y ####", true), "no answer is no match");
    }

    #[test]
    fn one_word_and_a_marked_answer_can_be_checked_and_a_sentence_cannot() {
        for wanted in ["82", "positive.", "", "2 + 2 = 4\n#### 4"] {
            assert!(is_checkable(wanted), "{wanted:?}");
        }
        for wanted in ["It is positive.", "two words", "a solution without its answer ####"] {
            assert!(!is_checkable(wanted), "{wanted:?}");
        }
    }

    /// `tests/reference/rouge.py`.
    #[test]
    fn rouge_l_is_that_of_google() {
        let rows: Vec<Row> = serde_json::from_str(include_str!("../../../tests/reference/rouge.json")).unwrap();
        assert!(rows.len() > 10);
        for row in rows.into_iter().filter(|row| row.said.is_ascii() && row.wanted.is_ascii()) {
            let found = rouge_l(&row.said, &row.wanted);
            assert!((found - row.f1).abs() < 1e-12, "{:?} for {:?}: {found}, rouge_score says {}", row.said, row.wanted, row.f1);
        }
    }

    #[test]
    fn every_script_has_words() {
        let near = |said, wanted, expected: f64| assert!((rouge_l(said, wanted) - expected).abs() < 1e-12, "{said:?} for {wanted:?}");
        near("서울은 한국의 수도입니다.", "서울은 한국의 수도입니다", 1.0);
        near("서울은 일본의 수도입니다", "서울은 한국의 수도입니다", 2.0 / 3.0);
        near("café au lait", "cafe au lait", 2.0 / 3.0);
        near("我是学生", "他是学生", 3.0 / 4.0);
        near("GPU가 셋", "GPU가 둘", 1.0 / 2.0);
    }
}
