//! What a teacher wrote for the prompts of the examples (SeqKD): a first text for each, then a second, as far as they were needed.

use std::collections::BTreeMap;

use super::Written;
use crate::data::text::{Answer, TextSet};

/// A teacher's texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TeacherTexts {
    /// At which they were written; at another one they are others.
    temperature: f64,
    /// By example and turn.
    texts: BTreeMap<(usize, usize), Written>,
    /// Those that nobody has taken to keep yet.
    new: Vec<(usize, usize)>,
}

impl TeacherTexts {
    /// Those that were written at this temperature.
    pub fn at(&mut self, temperature: f64) -> &mut Self {
        if self.temperature != temperature {
            *self = Self { temperature, ..Self::default() };
        }
        self
    }

    pub fn get(&self, example: usize, turn: usize) -> Option<&Written> {
        self.texts.get(&(example, turn))
    }

    /// A text that the teacher has just written.
    pub fn put(&mut self, example: usize, turn: usize, text: Written) {
        // Of a group of which some are known, those stay that may have been learned from already.
        if self.get(example, turn).is_none() {
            self.texts.insert((example, turn), text);
            self.new.push((example, turn));
        }
    }

    /// Those that were kept of a set, all written at this temperature.
    pub fn restore(&mut self, temperature: f64, set: &TextSet, answers: Vec<Answer>) {
        for Answer { example, turn, tokens, .. } in answers {
            let prompt = || set.train.get(example).into_owned().prompt;
            self.at(temperature).texts.entry((example, turn)).or_insert_with(|| Written { prompt: prompt(), response: tokens });
        }
    }

    /// Those that were written since this was last asked, to be kept.
    pub fn take_new(&mut self, set: &TextSet) -> Vec<Answer> {
        let answer = |(example, turn): (usize, usize)| {
            let tokens = self.texts[&(example, turn)].response.clone();
            let said = tokens.strip_suffix(&[set.stop]).unwrap_or(&tokens);
            Answer { example, turn, text: set.text(said), tokens }
        };
        std::mem::take(&mut self.new).into_iter().map(answer).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::text::names;
    use crate::device::testing::test;

    #[test]
    fn what_is_kept_of_some_texts_makes_them_again() {
        let set = names("Ann\nBo\nCyrus\nDee", 0).unwrap();
        let text = |name: &str, end: &[u32]| Written {
            prompt: set.train.get(0).into_owned().prompt,
            response: [&set.tokenizer.encode(name).unwrap(), end].concat(),
        };
        let mut texts = TeacherTexts::default();
        texts.at(0.5).put(1, 0, text("Bo", &[set.stop]));
        texts.at(0.5).put(0, 2, text("An", &[]));
        let kept = texts.take_new(&set);
        assert_eq!(
            kept.iter().map(|answer| (answer.example, answer.turn, &*answer.text)).collect::<Vec<_>>(),
            [(1, 0, "Bo"), (0, 2, "An")]
        );
        assert!(texts.take_new(&set).is_empty(), "nothing is written twice into a file");

        let mut again = TeacherTexts::default();
        again.restore(0.5, &set, kept);
        assert_eq!(again, texts);
        again.at(0.5).put(1, 0, text("Dee", &[]));
        assert_eq!(again.get(1, 0), Some(&text("Bo", &[set.stop])), "what is known stays as it is");
        assert!(again.take_new(&set).is_empty());
        assert_eq!(again.at(0.7).get(1, 0), None, "at another temperature others are written");
    }
}
