//! Tasks of text: a prompt, and the responses that are right or likely for it.
//!
//! | file | |
//! |---|---|
//! | [`grammar`](grammar()) | questions about a small world, each with several right answers whose true probabilities are known |
//! | [`arithmetic`](arithmetic()) | sums and differences, each with one right answer |
//! | [`names`](names()) | first names |
//! | [`novel`](novel()) | running text in windows |
//! | [`jsonl`](jsonl()) | instruction data from a file |

mod arithmetic;
mod grammar;
mod jsonl;
mod names;
mod novel;

pub use arithmetic::arithmetic;
pub use grammar::{Grammar, grammar};
pub use jsonl::{Jsonl, JsonlOptions, TooLong, jsonl};
pub use names::{NAMES, names};
pub use novel::{NOVEL, Window, novel};

use super::{DataError, Tokenizer};
use crate::spec::{Experiment, TaskName};

/// Examples of a task that makes its own.
const EXAMPLES: usize = 4000;
/// Bytes of an example of one's own; longer ones are left out.
const CONTEXT: usize = 512;

/// The texts of an experiment's task. `text` replaces the embedded text of `names` and `novel`, and is what `jsonl` is read from, byte by byte.
///
/// # Errors
/// A task that needs a file and has none, one that takes none and has one, and files that are not what they should be.
pub fn load(experiment: &Experiment, text: Option<&str>) -> Result<TextSet, DataError> {
    let seed = experiment.seed;
    match (experiment.task.name, text) {
        (TaskName::Grammar, None) => Ok(grammar(seed, EXAMPLES)),
        (TaskName::Arithmetic, None) => Ok(arithmetic(seed, EXAMPLES)),
        (TaskName::Names, text) => names(text.unwrap_or(NAMES), seed),
        (TaskName::Novel, text) => novel(text.unwrap_or(NOVEL), Window::default()),
        (TaskName::Jsonl, Some(text)) => {
            let options = JsonlOptions { seed, test_fraction: 0.1, context: CONTEXT, too_long: TooLong::Skip };
            Ok(jsonl(text, Tokenizer::Bytes, &options)?.set)
        }
        (TaskName::Jsonl, None) => Err(DataError::BadText("the jsonl task needs a file: --data FILE.jsonl".into())),
        _ => Err(DataError::UnusedFiles),
    }
}

/// A text task: prompts and the responses that are right or likely for them.
#[derive(Debug, Clone)]
pub struct TextSet {
    pub tokenizer: Tokenizer,
    /// Ends every response. No response contains it.
    pub stop: u32,
    pub train: Vec<Example>,
    pub test: Vec<Example>,
    pub judge: Judge,
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

    /// Tokens of the longest prompt, and of the longest response with its stop token, over both parts.
    pub fn longest(&self) -> (usize, usize) {
        self.train
            .iter()
            .chain(&self.test)
            .fold((0, 0), |(prompt, response), example| (prompt.max(example.prompt.len()), response.max(example.response.len() + 1)))
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
