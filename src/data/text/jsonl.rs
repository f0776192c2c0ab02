//! Instruction data, a JSON object to a line: what people fine-tune language models on.

use std::fmt;

use rand::seq::SliceRandom;

use crate::data::{DataError, Tokenizer, rng};

use super::{Example, Instructions, Judge, Room, TextSet};

/// What is done with lines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JsonlOptions {
    /// Which lines are for testing.
    pub seed: u32,
    /// Share of the examples that is for testing, 0 to 1, rounded; at least one example stays on either side.
    pub test_fraction: f64,
    /// Tokens of prompt, response and stop token together that the model can take.
    pub context: usize,
    pub too_long: TooLong,
}

impl JsonlOptions {
    /// A tenth for testing; what is too long is left out.
    pub fn new(seed: u32, context: usize) -> Self {
        Self { seed, test_fraction: 0.1, context, too_long: TooLong::Skip }
    }
}

/// What happens to an example that is longer than the context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooLong {
    /// It is left out and counted.
    Skip,
    /// It is an error.
    Refuse,
}

/// The examples of a file.
#[derive(Debug, Clone)]
pub struct Jsonl {
    pub set: TextSet,
    /// Examples that were left out because they are longer than the context.
    pub skipped: Skipped,
}

/// Examples of a file that were left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped {
    pub count: usize,
    /// The lines of the first few, from 1; of a table its rows.
    pub lines: Vec<usize>,
}

impl Skipped {
    /// Lines that are named.
    pub const NAMED: usize = 3;

    fn add(&mut self, line: usize) {
        self.count += 1;
        if self.lines.len() < Self::NAMED {
            self.lines.push(line);
        }
    }
}

impl fmt::Display for Skipped {
    /// `12 examples (lines 3, 8, 9, …)`.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { count, lines } = self;
        let (example, line) = if *count == 1 { ("example", "line") } else { ("examples", "lines") };
        write!(f, "{count} {example}")?;
        if lines.is_empty() {
            return Ok(());
        }
        let named: Vec<String> = lines.iter().map(usize::to_string).collect();
        write!(f, " ({line} {}{})", named.join(", "), if *count > lines.len() { ", …" } else { "" })
    }
}

/// Reads JSONL. A line is one of
///
/// - `{"messages": [{"role": "user", "content": "..."}, ...]}`: the last message, the assistant's, is the response, all before it the
///   prompt. Roles are system, user and assistant.
/// - `{"prompt": "...", "completion": "..."}`
/// - `{"question": "...", "answer": "..."}` (GSM8K)
///
/// Other keys are ignored, and so are empty lines. [`Instructions`] says how texts are put.
///
/// # Errors
/// [`DataError::BadLine`] with the number of the line, from 1, and what is wrong with it; [`DataError::BadText`] when fewer than two
/// examples are left or the tokenizer has no token to stop with.
pub fn jsonl(text: &str, tokenizer: Tokenizer, options: &JsonlOptions) -> Result<Jsonl, DataError> {
    let (mut sets, skipped) = jsonl_by(text, vec![tokenizer], options)?;
    Ok(Jsonl { set: sets.remove(0), skipped })
}

/// The same as each of several tokenizers reads it, every one in its own format: the same examples in the same order. What is too long for
/// one is left out for all.
///
/// # Errors
/// As [`jsonl`].
pub fn jsonl_by(text: &str, tokenizers: Vec<Tokenizer>, options: &JsonlOptions) -> Result<(Vec<TextSet>, Skipped), DataError> {
    let formats = tokenizers.iter().map(Instructions::of).collect::<Result<Vec<_>, _>>()?;
    let mut examples: Vec<Vec<Example>> = Vec::new();
    let mut skipped = Skipped::default();
    // Some editors begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
        let bad = |problem| DataError::BadLine { line: number, problem };
        let read = formats.iter().map(|format| format.example(line)).collect::<Result<Vec<_>, _>>().map_err(bad)?;
        let length = |example: &Example| example.prompt.len() + example.response.len() + 1;
        let context = options.context;
        match read.iter().find(|example| length(example) > context) {
            None => examples.push(read),
            Some(_) if options.too_long == TooLong::Skip => skipped.add(number),
            Some(long) => {
                let parts = format!("{} tokens of prompt, {} of response and the end", long.prompt.len(), long.response.len());
                let length = length(long);
                return Err(bad(format!("{parts} make {length}; the context is {context}: shorten it, or skip what is too long")));
            }
        }
    }
    let [train, examples] = divide(examples, skipped.count, options)?;
    let stops: Vec<u32> = formats.iter().map(Instructions::stop).collect();
    let [mut train, mut test] = [train, examples].map(|part| columns(part, stops.len()));
    let set = |(tokenizer, stop)| TextSet {
        tokenizer,
        stop,
        ends: true,
        train: train.remove(0).into(),
        test: test.remove(0).into(),
        judge: Judge::Exact,
        overlap: 0,
        room: Room::Example,
    };
    Ok((tokenizers.into_iter().zip(stops).map(set).collect(), skipped))
}

/// The examples of a file in the order of the seed, for training and for testing.
///
/// # Errors
/// Fewer than two.
pub fn divide<T>(mut examples: Vec<T>, skipped: usize, options: &JsonlOptions) -> Result<[Vec<T>; 2], DataError> {
    if examples.len() < 2 {
        let left = if examples.len() == 1 { "1 example is left" } else { "no example is left" };
        let longer = match skipped {
            0 => String::new(),
            _ => format!(" ({skipped} took more than {} tokens: raise text.context)", options.context),
        };
        return Err(DataError::BadText(format!("{left}{longer}; at least 2 are needed")));
    }
    examples.shuffle(&mut rng(options.seed, "jsonl"));
    let tests = (examples.len() as f64 * options.test_fraction).round() as usize;
    let train = examples.split_off(tests.clamp(1, examples.len() - 1));
    Ok([train, examples])
}

/// Examples by reader, out of readers by example.
fn columns(examples: Vec<Vec<Example>>, readers: usize) -> Vec<Vec<Example>> {
    let mut columns = vec![Vec::with_capacity(examples.len()); readers];
    for read in examples {
        columns.iter_mut().zip(read).for_each(|(column, example)| column.push(example));
    }
    columns
}
