//! How an instruction becomes the tokens that a model is asked in, and answers with.

use serde_json::{Map, Value};

use crate::data::{DataError, Message, Tokenizer};

use super::Example;
use super::conversation::Conversation;

/// Tokens that can end a response, the first that a tokenizer knows; the first of them is ChatML's. The last is the byte or character zero.
const STOPS: [&str; 6] = ["<|im_end|>", "<|endoftext|>", "<|end_of_text|>", "</s>", "<end>", "\0"];
const ROLES: [&str; 3] = ["system", "user", "assistant"];

/// The token that ends a response where no template says it: ChatML's where the tokenizer has it, for the turns of a conversation end so; else that
/// of the model.
///
/// # Errors
/// [`DataError::BadText`] when the tokenizer has none.
pub fn stop(tokenizer: &Tokenizer) -> Result<u32, DataError> {
    let none = || DataError::BadText(format!("its tokenizer has no token to end a response with; it needs one of {STOPS:?}"));
    let known = |stops: &[&str]| stops.iter().find_map(|token| tokenizer.id(token));
    known(&STOPS[..1]).or(tokenizer.end()).or_else(|| known(&STOPS[1..])).ok_or_else(none)
}

/// A reader of instructions. Where the tokenizer brings its model's chat template, that is followed, prompt and question as the user's message.
///
/// Without one, where the tokenizer knows `<|im_start|>` and `<|im_end|>`, texts are put in ChatML, `<|im_start|>role\n...<|im_end|>\n`, prompt and
/// question as the user's message; no system message is added. Elsewhere messages become `role:\n...\n`, a new line follows a question, and a
/// prompt stands as it is. The prompt and the response are then tokenized apart, so that no token belongs to both.
///
/// It is on the response and its stop token alone that a student is trained.
pub struct Instructions<'a> {
    tokenizer: &'a Tokenizer,
    stop: u32,
    form: Form<'a>,
}

/// How messages become text.
enum Form<'a> {
    Template(Conversation<'a>),
    ChatMl,
    Plain,
}

/// How a line has its messages.
#[derive(Clone, Copy, PartialEq)]
enum Line {
    Messages,
    Question,
    Prompt,
}

impl<'a> Instructions<'a> {
    /// # Errors
    /// As [`stop`], and a template that does not even put a question and an answer.
    pub fn of(tokenizer: &'a Tokenizer) -> Result<Self, DataError> {
        if let Some(template) = tokenizer.template() {
            let conversation = Conversation::new(&**template, tokenizer)?;
            return Ok(Self { tokenizer, stop: conversation.stop(), form: Form::Template(conversation) });
        }
        let chat_ml = ["<|im_start|>", "<|im_end|>"].iter().all(|token| tokenizer.id(token).is_some());
        Ok(Self { tokenizer, stop: stop(tokenizer)?, form: if chat_ml { Form::ChatMl } else { Form::Plain } })
    }

    /// What ends every response.
    pub fn stop(&self) -> u32 {
        self.stop
    }

    /// The example of a line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn example(&self, line: &str) -> Result<Example, String> {
        let value: Value = serde_json::from_str(line).map_err(|error| not_json(&error))?;
        let object = value.as_object().ok_or("not a JSON object, {...}")?;
        let (line, messages) = match object.get("messages") {
            Some(messages) => (Line::Messages, conversation(messages)?),
            None => pair(object)?,
        };
        let (response, asked) = messages.split_last().expect("a prompt and a response");
        let example = match &self.form {
            Form::Template(conversation) => conversation.example(asked, *response)?,
            _ => self.apart(line, asked, response)?,
        };
        if example.response.contains(&self.stop) {
            return Err("the response contains the token that ends responses; take it out".into());
        }
        Ok(example)
    }

    /// Without a template.
    fn apart(&self, line: Line, asked: &[Message], (role, response): &Message) -> Result<Example, String> {
        let prompt = match (&self.form, line, asked) {
            (Form::Plain, Line::Prompt, [(_, prompt)]) => (*prompt).to_owned(),
            (Form::Plain, Line::Question, [(_, question)]) => format!("{question}\n"),
            _ => asked.iter().map(|message| self.turn(message)).collect::<String>() + &self.opening(role),
        };
        let prompt = self.tokenizer.opening(&prompt).map_err(|error| error.to_string())?;
        Ok(Example { prompt, response: self.tokenizer.encode(response).map_err(|error| error.to_string())? })
    }

    fn turn(&self, (role, content): &Message) -> String {
        format!("{}{content}{}", self.opening(role), if let Form::ChatMl = self.form { "<|im_end|>\n" } else { "\n" })
    }

    fn opening(&self, role: &str) -> String {
        if let Form::ChatMl = self.form { format!("<|im_start|>{role}\n") } else { format!("{role}:\n") }
    }
}

/// A question and its answer.
fn pair(object: &Map<String, Value>) -> Result<(Line, Vec<Message<'_>>), String> {
    let question = object.contains_key("question");
    let (line, asks, answers) = if question { (Line::Question, "question", "answer") } else { (Line::Prompt, "prompt", "completion") };
    let keys: Vec<&String> = object.keys().collect();
    let missing = || format!("neither \"messages\", nor \"prompt\" and \"completion\", nor \"question\" and \"answer\": it has {keys:?}");
    let asked = object.get(asks).ok_or_else(missing)?;
    let answered = object.get(answers).ok_or_else(missing)?;
    let asked = ("user", filled(asked, &format!("\"{asks}\""))?);
    Ok((line, vec![asked, ("assistant", filled(answered, &format!("\"{answers}\""))?)]))
}

/// Messages of which the last, the assistant's, answers those before.
fn conversation(messages: &Value) -> Result<Vec<Message<'_>>, String> {
    let messages = messages.as_array().ok_or("\"messages\" is not a list")?;
    let (last, before) = messages.split_last().ok_or("\"messages\" is empty")?;
    if before.is_empty() {
        return Err("there is one message, which is the response; the prompt before it is missing".into());
    }
    let response = message(last, messages.len())?;
    if response.0 != "assistant" {
        return Err(format!("the last message is of the {}; it must be the assistant's, which is the response", response.0));
    }
    let asked = before.iter().zip(1..).map(|(before, number)| message(before, number));
    asked.chain([Ok(response)]).collect()
}

/// What is wrong at which column: the line that `serde_json` names is always 1.
fn not_json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let problem = text.split(" at line ").next().unwrap_or_default();
    format!("not JSON at column {}: {problem}", error.column())
}

/// Role and content of a message, counted from 1.
fn message(message: &Value, number: usize) -> Result<Message<'_>, String> {
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
