//! Tasks of text: a prompt, and the responses that are right or likely for it.
//!
//! | file | |
//! |---|---|
//! | [`grammar`](grammar()) | questions about a small world, each with several right answers whose true probabilities are known |
//! | [`arithmetic`](arithmetic()) | sums and differences, each with one right answer |
//! | [`names`](names()) | first names |
//! | [`novel`](novel()) | running text in windows of characters |
//! | [`windows`](windows()) | running text in windows of tokens |
//! | [`jsonl`](jsonl()) | instruction data from a file |
//! | [`Instructions`] | how an instruction is put to a model: by its chat template, in ChatML, or plainly |
//! | [`conversation`] | the first of these |
//! | [`Part`] | the examples of one part, in memory or kept in a file |
//! | [`passages`](passages()) | texts for encoders: questions with answers, windows, sentences |
//! | [`labelled`](labelled()) | texts with a label each |
//! | [`Masking`] | which tokens an encoder is to foretell |
//! | [`meetings`] | where two tokenizers' readings of one text meet |
//! | [`TopK`] | what a teacher says of a training set, kept in a file |
//! | [`Answer`] | what a teacher writes for a training set, kept in a file |

mod answers;
mod arithmetic;
mod conversation;
mod grammar;
mod instructions;
mod jsonl;
mod labelled;
mod masking;
mod meeting;
mod names;
mod novel;
mod part;
mod passages;
mod top_k;
mod windows;

pub use answers::{Answer, AnswersHeader};
pub use arithmetic::arithmetic;
pub use grammar::{Grammar, grammar};
pub use instructions::{Instructions, stop};
pub use jsonl::{Jsonl, JsonlOptions, Skipped, TooLong, divide, jsonl, jsonl_by};
pub use labelled::{Labelled, Labels, Named, labelled};
pub use masking::{Masked, Masking};
pub use meeting::meetings;
pub use names::{NAMES, names};
pub use novel::{NOVEL, Window, novel, typed};
pub use part::{Part, Piece, Pieces, Shelf};
pub use passages::{Cut, Passages, SHORTEST, Sentences, load_passages, passages, tests};
pub use top_k::{Likeliest, TopK, TopKHeader, likeliest};
pub use windows::{plan, reread, windows};

use std::borrow::Cow;
use std::fmt::Debug;

use super::{DataError, Tokenizer, validation};
use crate::spec::{Experiment, TaskName};

/// Questions of the grammar.
const QUESTIONS: usize = 4000;

/// The texts of an experiment's task. `text` replaces the embedded text of `names` and `novel`, and is what `jsonl` is read from, byte by byte
/// unless there is a tokenizer of one's own, which `novel` and `jsonl` alone can be read by. `readers` are the students' tokenizer, and the
/// teacher's where that is another; none where the task brings its own.
///
/// # Errors
/// A task that needs a file and has none, one that takes none and has one, and files that are not what they should be.
pub fn load(experiment: &Experiment, text: Option<&str>, readers: &[&Tokenizer]) -> Result<Texts, DataError> {
    let (seed, context) = (experiment.seed, experiment.text.context);
    let whole = |set: TextSet| Texts { set, teachers: None, skipped: Skipped::default() };
    match (experiment.task.name, text) {
        (TaskName::Grammar, None) => Ok(whole(grammar(seed, QUESTIONS))),
        (TaskName::Arithmetic, None) => Ok(whole(arithmetic(seed))),
        (TaskName::Names, text) => Ok(whole(names(text.unwrap_or(NAMES), seed)?)),
        (TaskName::Novel, text) => {
            let text = text.unwrap_or(NOVEL);
            let [own, others @ ..] = readers else { return Ok(whole(novel(text, Window::default())?)) };
            let mut set = windows(text, (*own).clone(), context)?;
            let teachers = others.first().map(|other| reread(&mut set, (*other).clone())).transpose()?;
            Ok(Texts { set, teachers, skipped: Skipped::default() })
        }
        (TaskName::Jsonl, Some(text)) => {
            let options = JsonlOptions::new(seed, context);
            let mut readers: Vec<Tokenizer> = readers.iter().map(|reader| (*reader).clone()).collect();
            if readers.is_empty() {
                readers.push(Tokenizer::Bytes);
            }
            let (mut sets, skipped) = jsonl_by(text, readers, &options)?;
            Ok(Texts { set: sets.remove(0), teachers: sets.pop(), skipped })
        }
        (TaskName::Jsonl, None) => Err(DataError::BadText("the jsonl task needs a file: --data FILE.jsonl".into())),
        _ => Err(DataError::UnusedFiles),
    }
}

/// Texts that a caller has tokenised by the teacher's tokenizer, so that they need not be in memory.
pub trait Corpus: Debug {
    /// # Errors
    /// Too little for the experiment.
    fn texts(&self, experiment: &Experiment) -> Result<Texts, DataError>;
    /// # Errors
    /// As [`Corpus::texts`].
    fn passages(&self, experiment: &Experiment) -> Result<Passages, DataError>;
}

/// The texts of a run.
#[derive(Debug, Clone)]
pub struct Texts {
    pub set: TextSet,
    /// The same examples as the teacher's tokenizer reads them, where that is another.
    pub teachers: Option<TextSet>,
    /// Examples that were left out because they are longer than the context.
    pub skipped: Skipped,
}

/// A text task: prompts and the responses that are right or likely for them.
#[derive(Debug, Clone)]
pub struct TextSet {
    pub tokenizer: Tokenizer,
    /// Ends every response. No response contains it.
    pub stop: u32,
    /// Whether the end of a response is there to be learned. A window that is cut out of running text has none.
    pub ends: bool,
    pub train: Part<Example>,
    pub test: Part<Example>,
    pub judge: Judge,
    /// With at most how many of those before it an example of running text shares some of it.
    pub overlap: usize,
    pub room: Room,
}

/// How many tokens texts may take, prompt and response together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// The longest prompt and the longest response, of whichever examples they are, and some more. So it is in the tasks that the program
    /// brings, whose lengths differ little and whose numbers are written down.
    Apart,
    /// Those of the longest example: in a file a long prompt may have a short response, and the other way round.
    Example,
}

/// Token ids of a prompt, which is never empty, and of its response without the stop token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    pub prompt: Vec<u32>,
    pub response: Vec<u32>,
}

/// How a response is judged.
#[derive(Debug, Clone)]
pub enum Judge {
    /// By the facts of a world.
    Grammar(Grammar),
    /// It is right if it is the example's response.
    Exact,
    /// There is no right answer: names, a novel.
    None,
}

impl TextSet {
    /// Ids are below this.
    pub fn vocab(&self) -> usize {
        self.tokenizer.vocab()
    }

    /// What closes a response of the data.
    pub fn end(&self) -> Option<u32> {
        self.ends.then_some(self.stop)
    }

    /// Tokens of the longest prompt, and of the longest response with its stop token, over both parts.
    pub fn longest(&self) -> (usize, usize) {
        let sizes = |part: &Part<Example>| (0..part.len()).map(|index| part.tokens(index)).reduce(|a, b| [a[0].max(b[0]), a[1].max(b[1])]);
        let longest = [sizes(&self.train), sizes(&self.test)].into_iter().flatten();
        longest.fold((0, 0), |(prompt, response), [of_prompt, of_response]| (prompt.max(of_prompt), response.max(of_response + 1)))
    }

    /// Tokens of a response with the stop token that it has, rounded mean: over both parts, or of the grammar over all that is right. It is the
    /// data's, whichever examples a seed puts in which part or draws.
    pub fn mean_response(&self) -> usize {
        let mean = if let Judge::Grammar(grammar) = &self.judge {
            grammar.mean_answer()
        } else {
            let tokens = |part: &Part<Example>| (0..part.len()).map(|index| part.tokens(index)[1] as f64).sum::<f64>();
            (tokens(&self.train) + tokens(&self.test)) / (self.train.len() + self.test.len()).max(1) as f64
        };
        mean.round() as usize + usize::from(self.ends)
    }

    /// Tokens of the longest example over both parts, its stop token counted where it has one.
    pub fn longest_example(&self) -> usize {
        let longest = |part: &Part<Example>| (0..part.len()).map(|index| part.tokens(index).iter().sum::<usize>()).max();
        [longest(&self.train), longest(&self.test)].into_iter().flatten().max().unwrap_or(0) + usize::from(self.ends)
    }

    /// Keeps `count` prompts of the grammar from the students, drawn by `seed`: examples that ask them go to the end of the training part, and
    /// out of what is `held` out. The number of examples before them.
    ///
    /// # Errors
    /// Nothing is left of what is held out.
    pub fn omit(&mut self, count: usize, seed: u32, held: Option<&mut Self>) -> Result<usize, DataError> {
        let (Judge::Grammar(grammar), 1..) = (&mut self.judge, count) else { return Ok(self.train.len()) };
        grammar.omit(count, seed);
        let divided = |part: &Part<Example>| -> [Vec<Example>; 2] {
            part.iter().map(Cow::into_owned).partition(|example| !grammar.is_omitted(&example.prompt)).into()
        };
        if let Some(held) = held {
            let [asked, _] = divided(&held.test);
            if asked.is_empty() {
                return Err(validation::too_few());
            }
            held.test = asked.into();
        }
        let [mut asked, omitted] = divided(&self.train);
        let examples = asked.len();
        asked.extend(omitted);
        self.train = asked.into();
        Ok(examples)
    }

    /// Takes the last examples out of the training part, and those that share text with them: a set whose test part is what was taken.
    ///
    /// # Errors
    /// Nothing is left to learn from.
    pub fn hold_out(&mut self, count: usize) -> Result<Self, DataError> {
        let rest = self.train.len().checked_sub(count + self.overlap).filter(|rest| *rest > 0).ok_or_else(validation::too_few)?;
        let held = self.train.split_off(self.train.len() - count);
        self.train.split_off(rest);
        // Of the right answers to a question of the grammar, a part tells as much as of any other text.
        let judge = if let Judge::Grammar(_) = self.judge { Judge::None } else { self.judge.clone() };
        Ok(Self { train: Vec::new().into(), test: held, judge, tokenizer: self.tokenizer.clone(), ..*self })
    }

    /// The text of ids, for people to read. Ids that no text has become a note of which.
    pub fn text(&self, ids: &[u32]) -> String {
        self.tokenizer.decode(ids).unwrap_or_else(|error| format!("({error})"))
    }
}

#[cfg(test)]
mod file_tests;
#[cfg(test)]
mod tests;
