//! Instruction data, a JSON object to a line: what people fine-tune language models on.

use std::fmt;

use rand::seq::SliceRandom;
use serde_json::{Map, Value};

use crate::data::{DataError, Tokenizer, rng};

use super::{Example, Judge, TextSet};

/// Tokens that can end a response, the first that a tokenizer knows; the first of them is ChatML's. The last is the byte or character zero.
const STOPS: [&str; 6] = ["<|im_end|>", "<|endoftext|>", "<|end_of_text|>", "</s>", "<end>", "\0"];

/// The token that ends a response: ChatML's where the tokenizer has it, for the turns of a conversation end so; else that of the model.
///
/// # Errors
/// [`DataError::BadText`] when the tokenizer has none.
pub fn stop(tokenizer: &Tokenizer) -> Result<u32, DataError> {
    let none = || DataError::BadText(format!("its tokenizer has no token to end a response with; it needs one of {STOPS:?}"));
    let known = |stops: &[&str]| stops.iter().find_map(|token| tokenizer.id(token));
    known(&STOPS[..1]).or(tokenizer.end()).or_else(|| known(&STOPS[1..])).ok_or_else(none)
}
const ROLES: [&str; 3] = ["system", "user", "assistant"];

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
/// Other keys are ignored, and so are empty lines. Where the tokenizer knows `<|im_start|>` and `<|im_end|>` (SmolLM2), texts are put in
/// ChatML, `<|im_start|>role\n...<|im_end|>\n`, prompt and question as the user's message; no system message is added. Elsewhere messages
/// become `role:\n...\n`, a new line follows a question, and a prompt stands as it is. The prompt and the response are tokenized apart, so that no token
/// belongs to both; it is on the response and its stop token alone that a student is trained.
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
    let stops: Vec<u32> = formats.iter().map(|format| format.stop).collect();
    let [mut train, mut test] = [train, examples].map(|part| columns(part, stops.len()));
    let set = |(tokenizer, stop)| TextSet {
        tokenizer,
        stop,
        ends: true,
        train: train.remove(0).into(),
        test: test.remove(0).into(),
        judge: Judge::Exact,
        overlap: 0,
    };
    Ok((tokenizers.into_iter().zip(stops).map(set).collect(), skipped))
}

/// The examples of a file in the order of the seed, for training and for testing.
///
/// # Errors
/// Fewer than two.
pub fn divide<T>(mut examples: Vec<T>, skipped: usize, options: &JsonlOptions) -> Result<[Vec<T>; 2], DataError> {
    if examples.len() < 2 {
        let found = format!("{} examples are left, {skipped} were longer than the context of {}", examples.len(), options.context);
        return Err(DataError::BadText(format!("{found}; at least 2 are needed")));
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

/// How instructions become the tokens of a model.
pub struct Instructions<'a> {
    tokenizer: &'a Tokenizer,
    stop: u32,
    chat_ml: bool,
}

impl<'a> Instructions<'a> {
    /// # Errors
    /// As [`stop`].
    pub fn of(tokenizer: &'a Tokenizer) -> Result<Self, DataError> {
        let chat_ml = ["<|im_start|>", "<|im_end|>"].iter().all(|token| tokenizer.id(token).is_some());
        Ok(Self { tokenizer, stop: stop(tokenizer)?, chat_ml })
    }

    /// The example of a line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn example(&self, line: &str) -> Result<Example, String> {
        let value: Value = serde_json::from_str(line).map_err(|error| not_json(&error))?;
        let object = value.as_object().ok_or("not a JSON object, {...}")?;
        let (prompt, response) = match object.get("messages") {
            Some(messages) => self.conversation(messages)?,
            None => self.pair(object)?,
        };
        let ids = |text: &str| self.tokenizer.encode(text).map_err(|error| error.to_string());
        let prompt = self.tokenizer.opening(&prompt).map_err(|error| error.to_string())?;
        let example = Example { prompt, response: ids(&response)? };
        if example.response.contains(&self.stop) {
            return Err("the response contains the token that ends responses; take it out".into());
        }
        Ok(example)
    }

    fn pair(&self, object: &Map<String, Value>) -> Result<(String, String), String> {
        let (asks, answers) = if object.contains_key("question") { ("question", "answer") } else { ("prompt", "completion") };
        let keys: Vec<&String> = object.keys().collect();
        let missing =
            || format!("neither \"messages\", nor \"prompt\" and \"completion\", nor \"question\" and \"answer\": it has {keys:?}");
        let asked = object.get(asks).ok_or_else(missing)?;
        let answered = object.get(answers).ok_or_else(missing)?;
        let prompt = filled(asked, &format!("\"{asks}\""))?;
        let response = filled(answered, &format!("\"{answers}\""))?;
        let prompt = match (self.chat_ml, asks) {
            (true, _) => self.turn("user", prompt) + &self.opening("assistant"),
            (false, "question") => format!("{prompt}\n"),
            (false, _) => prompt.into(),
        };
        Ok((prompt, response.into()))
    }

    fn conversation(&self, messages: &Value) -> Result<(String, String), String> {
        let messages = messages.as_array().ok_or("\"messages\" is not a list")?;
        let (last, before) = messages.split_last().ok_or("\"messages\" is empty")?;
        if before.is_empty() {
            return Err("there is one message, which is the response; the prompt before it is missing".into());
        }
        let (role, response) = message(last, messages.len())?;
        if role != "assistant" {
            return Err(format!("the last message is of the {role}; it must be the assistant's, which is the response"));
        }
        let mut prompt = String::new();
        for (before, number) in before.iter().zip(1..) {
            let (role, content) = message(before, number)?;
            prompt += &self.turn(role, content);
        }
        Ok((prompt + &self.opening(role), response.into()))
    }

    fn turn(&self, role: &str, content: &str) -> String {
        format!("{}{content}{}", self.opening(role), if self.chat_ml { "<|im_end|>\n" } else { "\n" })
    }

    fn opening(&self, role: &str) -> String {
        if self.chat_ml { format!("<|im_start|>{role}\n") } else { format!("{role}:\n") }
    }
}

/// What is wrong at which column: the line that `serde_json` names is always 1.
fn not_json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let problem = text.split(" at line ").next().unwrap_or_default();
    format!("not JSON at column {}: {problem}", error.column())
}

/// Role and content of a message, counted from 1.
fn message(message: &Value, number: usize) -> Result<(&str, &str), String> {
    let role = message["role"].as_str().ok_or_else(|| format!("message {number} has no \"role\" that is a text"))?;
    if !ROLES.contains(&role) {
        return Err(format!("message {number} has the role {role:?}; roles are {ROLES:?}"));
    }
    Ok((role, filled(&message["content"], &format!("the \"content\" of message {number}"))?))
}

/// A text with something in it.
fn filled<'a>(value: &'a Value, what: &str) -> Result<&'a str, String> {
    match value.as_str() {
        None => Err(format!("{what} is missing or not a text")),
        Some(text) if text.trim().is_empty() => Err(format!("{what} is empty")),
        Some(text) => Ok(text),
    }
}
