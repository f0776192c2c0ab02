//! Texts for encoders, which read both ways: questions of the grammar with their answers, or windows or sentences of running text.

use std::borrow::Cow;

use super::grammar::{THINGS, grammar};
use super::novel::{NOVEL, typed};
use super::{Example, Labels, Part, QUESTIONS, TextSet};
use crate::data::{DataError, Marks, Tokenizer, validation};
use crate::spec::{Experiment, Objective, TaskName};

/// Control tokens of a text that is read without a tokenizer of others, in the order of [`Marks`]: characters that no text is likely to have,
/// and that people can read.
const OWN_MARKS: [char; 4] = ['⟨', '⟩', '∅', '▢'];

/// Fewer tokens say too little to be compared.
pub const SHORTEST: usize = 6;

/// Texts for encoders, each between its start and its end.
#[derive(Debug, Clone)]
pub struct Passages {
    pub tokenizer: Tokenizer,
    pub marks: Marks,
    /// In the order of the text.
    pub train: Part<Vec<u32>>,
    pub test: Part<Vec<u32>>,
    /// How often each token stands in the training texts.
    pub counts: Vec<usize>,
    /// Texts that were cut off because they are longer than the context.
    pub cut: usize,
    /// Of a task of labels.
    pub labels: Labels,
}

/// The texts of an experiment's task. `text` replaces the embedded novel; `tokenizer` is that of a teacher from a file.
///
/// # Errors
/// As [`passages`], labelled texts, which a [`Corpus`](super::Corpus) brings, and a text or a tokenizer for the grammar, which has its own.
pub fn load_passages(experiment: &Experiment, text: Option<&str>, tokenizer: Option<&Tokenizer>) -> Result<Passages, DataError> {
    let context = experiment.text.context;
    let classes = experiment.encoder.objective == Objective::Classes;
    match (experiment.task.name, text, tokenizer) {
        (TaskName::Grammar, None, None) if classes => return answers(experiment.seed, context),
        (TaskName::Grammar, None, None) => return questions(experiment.seed, context),
        (TaskName::Labels, ..) => {
            return Err(DataError::BadText(
                "the task of labels needs a file, --data FILE, and a teacher to read it, --teacher MODEL with teacher.source=file".into(),
            ));
        }
        (TaskName::Novel, ..) => {}
        _ => return Err(DataError::UnusedFiles),
    }
    let cut = if experiment.encoder.objective == Objective::Embeddings { Cut::Sentences } else { Cut::Windows };
    passages(text.unwrap_or(NOVEL), tokenizer, context, cut)
}

/// Questions of the instruction grammar, each with an answer behind it.
fn questions(seed: u32, context: usize) -> Result<Passages, DataError> {
    let TextSet { tokenizer, train, test, .. } = grammar(seed, QUESTIONS);
    let (tokenizer, marks) = marked(&tokenizer)?;
    let mut cut = 0;
    let mut whole = |example: Cow<Example>| {
        let ids = [example.prompt.as_slice(), &example.response].concat();
        cut += usize::from(ids.len() + 2 > context);
        marks.around(&ids, context)
    };
    let [train, test] = [train, test].map(|part| part.iter().map(&mut whole).collect());
    Ok(Passages { cut, ..Passages::new(tokenizer, marks, train, test) })
}

/// Answers of the instruction grammar without their questions, each labelled with the thing that was asked about. Where it is not named, two
/// things often fit, as far as anyone can know, and after a bare yes or no any: there a label says less than it seems to.
fn answers(seed: u32, context: usize) -> Result<Passages, DataError> {
    let TextSet { train, test, tokenizer, .. } = grammar(seed, QUESTIONS);
    let things = THINGS.map(|thing| tokenizer.id(thing));
    let asked = |example: &Example| things.iter().position(|thing| thing.is_some_and(|thing| example.prompt.contains(&thing)));
    let of = |part: &Part<Example>| part.iter().map(|example| asked(&example).expect("every question names a thing")).collect();
    let labels = Labels { names: THINGS.map(String::from).into(), train: of(&train), test: of(&test) };
    let (tokenizer, marks) = marked(&tokenizer)?;
    let mut cut = 0;
    let mut alone = |example: Cow<Example>| {
        cut += usize::from(example.response.len() + 2 > context);
        marks.around(&example.response, context)
    };
    let [train, test] = [train, test].map(|part| part.iter().map(&mut alone).collect());
    Ok(Passages { cut, labels, ..Passages::new(tokenizer, marks, train, test) })
}

/// The grammar's words with control tokens behind them, so that the words keep their ids.
fn marked(words: &Tokenizer) -> Result<(Tokenizer, Marks), DataError> {
    let Tokenizer::Words { all, .. } = words else { unreachable!("the grammar has words") };
    let marks = OWN_MARKS.map(String::from);
    let tokenizer = Tokenizer::words(&[all.as_slice(), &marks].concat().join(" "));
    let marks = Marks::named(&tokenizer, marks)?;
    Ok((tokenizer, marks))
}

impl Passages {
    pub fn new(tokenizer: Tokenizer, marks: Marks, train: Part<Vec<u32>>, test: Part<Vec<u32>>) -> Self {
        let mut counts = vec![0; tokenizer.vocab()];
        train.iter().for_each(|text| text.iter().for_each(|token| counts[*token as usize] += 1));
        Self { tokenizer, marks, train, test, counts, cut: 0, labels: Labels::default() }
    }

    /// Takes the last texts out of the training part: a set whose test part is what was taken. It is two at least, because texts are compared
    /// with each other.
    ///
    /// # Errors
    /// Fewer than two are left.
    pub fn hold_out(&mut self, count: usize) -> Result<Self, DataError> {
        let rest = self.train.len().checked_sub(count.max(2)).filter(|rest| *rest > 1).ok_or_else(validation::too_few)?;
        let test = self.train.split_off(rest);
        let of_test = self.labels.train.split_off(rest.min(self.labels.train.len()));
        let labels = Labels { names: self.labels.names.clone(), train: Vec::new(), test: of_test };
        Ok(Self { train: Vec::new().into(), test, labels, counts: self.counts.clone(), tokenizer: self.tokenizer.clone(), ..*self })
    }

    /// Tokens of the longest text.
    pub fn longest(&self) -> usize {
        let longest = |part: &Part<Vec<u32>>| (0..part.len()).map(|index| part.tokens(index)[0]).max().unwrap_or(1);
        longest(&self.train).max(longest(&self.test))
    }
}

/// How running text is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Windows of exactly as many tokens, side by side.
    Windows,
    /// Sentences of at most as many tokens, longer ones cut off.
    Sentences,
}

impl Cut {
    /// # Errors
    /// A context that holds nothing.
    pub fn check(context: usize) -> Result<(), DataError> {
        if context < SHORTEST + 2 {
            return Err(DataError::BadText(format!(
                "texts of {context} tokens say too little: set text.context to {} or more",
                SHORTEST + 2
            )));
        }
        Ok(())
    }
}

/// How many of so many pieces are for testing.
///
/// # Errors
/// Too few.
pub fn tests(pieces: usize, context: usize, cut: Cut) -> Result<usize, DataError> {
    let tests = pieces / 10;
    if tests < 2 {
        let what = if cut == Cut::Windows { "windows" } else { "sentences" };
        return Err(DataError::BadText(format!(
            "it has {pieces} {what} of up to {context} tokens, and 20 are needed: take more text, or lower text.context"
        )));
    }
    Ok(tests)
}

/// A text in pieces of at most `context` tokens, start and end counted, read by `tokenizer`, or letter by letter without one. The last tenth
/// is for testing.
///
/// # Errors
/// [`DataError::BadText`] for a text that is too short or a context that holds nothing, and what the tokenizer refuses.
pub fn passages(text: &str, tokenizer: Option<&Tokenizer>, context: usize, cut: Cut) -> Result<Passages, DataError> {
    Cut::check(context)?;
    // BERT's tokenizers read white space of any kind and length as one space.
    let typed = typed(text);
    let (tokenizer, marks) = match tokenizer {
        Some(tokenizer) => (tokenizer.clone(), Marks::of(tokenizer)?),
        None => {
            let tokenizer = Tokenizer::characters(&typed.chars().chain(OWN_MARKS).collect::<String>())?;
            let marks = Marks::named(&tokenizer, OWN_MARKS.map(String::from))?;
            (tokenizer, marks)
        }
    };
    let mut shortened = 0;
    let mut pieces: Vec<Vec<u32>> = match cut {
        Cut::Windows => {
            let ids = tokenizer.encode(&typed)?;
            ids.chunks_exact(context - 2).map(|window| marks.around(window, context)).collect()
        }
        Cut::Sentences => {
            let mut pieces = Vec::new();
            for sentence in sentences(text) {
                let ids = tokenizer.encode(&sentence)?;
                if ids.len() >= SHORTEST {
                    shortened += usize::from(ids.len() + 2 > context);
                    pieces.push(marks.around(&ids, context));
                }
            }
            pieces
        }
    };
    let test = pieces.split_off(pieces.len() - tests(pieces.len(), context, cut)?);
    Ok(Passages { cut: shortened, ..Passages::new(tokenizer, marks, pieces.into(), test.into()) })
}

/// The sentences of a text: they end with a full stop, a question or an exclamation mark (and what closes behind it) before white space, or
/// with an empty line.
#[derive(Debug, Default)]
pub struct Sentences {
    /// One that is not at its end.
    open: String,
}

impl Sentences {
    /// Those that end in the next piece of the text. No word and no white space is cut in two between pieces.
    pub fn read(&mut self, piece: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (number, paragraph) in piece.replace("\r\n", "\n").split("\n\n").enumerate() {
            if number > 0 {
                found.extend(self.finish());
            }
            for word in paragraph.split_whitespace() {
                if !self.open.is_empty() {
                    self.open.push(' ');
                }
                self.open.push_str(word);
                if word.trim_end_matches(['"', '\'', '”', '’', ')', ']']).ends_with(['.', '!', '?']) {
                    found.extend(self.finish());
                }
            }
        }
        found
    }

    /// The last one, if the text ended within it.
    pub fn finish(&mut self) -> Option<String> {
        Some(std::mem::take(&mut self.open)).filter(|sentence| !sentence.is_empty())
    }
}

fn sentences(text: &str) -> Vec<String> {
    let mut reader = Sentences::default();
    let mut found = reader.read(text);
    found.extend(reader.finish());
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    #[test]
    fn a_question_of_the_grammar_stands_with_its_answer_in_one_text() {
        let found = questions(3, 64).unwrap();
        let set = grammar(3, QUESTIONS);
        assert_eq!((found.train.len(), found.test.len()), (set.train.len(), set.test.len()));
        let read = found.tokenizer.decode(&found.train.get(0)).unwrap();
        let example = set.train.get(0);
        assert_eq!(read, format!("⟨ {} {} ⟩", set.text(&example.prompt), set.text(&example.response)));
        assert!(found.longest() < 32, "{}", found.longest());
    }

    #[test]
    fn an_answer_of_the_grammar_is_labelled_with_what_was_asked_about() {
        let found = answers(3, 64).unwrap();
        let set = grammar(3, QUESTIONS);
        assert_eq!(
            (found.labels.names.len(), found.labels.train.len(), found.labels.test.len()),
            (20, found.train.len(), found.test.len())
        );
        for (example, (text, class)) in set.train.iter().zip(found.train.iter().zip(&found.labels.train)) {
            assert!(set.text(&example.prompt).split(' ').any(|word| word == found.labels.names[*class]));
            assert_eq!(found.tokenizer.decode(&text).unwrap(), format!("⟨ {} ⟩", set.text(&example.response)));
        }
    }

    #[test]
    fn windows_are_full_and_stand_between_start_and_end() {
        let found = passages(NOVEL, None, 32, Cut::Windows).unwrap();
        assert!(found.train.iter().chain(&found.test).all(|text| text.len() == 32));
        assert!(found.train.iter().all(|text| text[0] == found.marks.start && text[31] == found.marks.end));
        let read: String = found.train.iter().chain(&found.test).map(|text| found.tokenizer.decode(&text[1..31]).unwrap()).collect();
        assert!(typed(NOVEL).starts_with(&read), "nothing is lost between windows");
        assert_eq!(found.counts[found.marks.start as usize], found.train.len());
        assert_eq!(found.counts[found.marks.mask as usize], 0);
    }

    #[test]
    fn sentences_end_where_people_end_them() {
        let found = sentences("\"Call me Ishmael.\" Some years\nago -- never mind!\r\n\r\nCHAPTER 2\n\nWhat? (Yes.) Mr");
        assert_eq!(found, ["\"Call me Ishmael.\"", "Some years ago -- never mind!", "CHAPTER 2", "What?", "(Yes.)", "Mr"]);
    }

    #[test]
    fn too_little_text_is_refused_with_what_is_needed() {
        let error = passages("A short text.", None, 32, Cut::Windows).unwrap_err().to_string();
        assert!(error.contains("20 are needed"), "{error}");
        let error = passages(NOVEL, None, 4, Cut::Windows).unwrap_err().to_string();
        assert!(error.contains("text.context"), "{error}");
    }
}
