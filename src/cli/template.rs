//! Chat templates, which are written in Jinja, as transformers renders them.

use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, ErrorKind, context};
use minijinja_contrib::pycompat::unknown_method_callback;

use super::error::Error;
use crate::data::{Fingerprint, Message, Template};
use crate::model::LanguageModel;
use crate::model::formats::Chat;

/// The name of the template in its environment, and so in messages.
const NAME: &str = "chat_template";

/// A template, ready to be rendered.
#[derive(Debug)]
pub struct Jinja {
    fingerprint: Fingerprint,
    environment: Environment<'static>,
}

impl Jinja {
    /// The template of a model, if it has one. `strftime_now`, which templates ask for today's date, is not there, and those that look for it first
    /// have a date of their own: the same data are the same texts on every day.
    ///
    /// # Errors
    /// One that is not Jinja, in words.
    pub fn of(chat: &Chat) -> Result<Option<Self>, String> {
        let Some(source) = chat.template() else { return Ok(None) };
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().expect("only white space is turned");
        environment.set_syntax(syntax);
        // `.strip()`, `.split()` and others are Python's.
        environment.set_unknown_method_callback(unknown_method_callback);
        environment
            .add_function("raise_exception", |text: String| Err::<Value, _>(minijinja::Error::new(ErrorKind::InvalidOperation, text)));
        environment.add_global("tools", ());
        environment.add_global("documents", ());
        for (name, token) in &chat.tokens {
            environment.add_global(*name, token.as_str());
        }
        environment.add_template_owned(NAME, unmarked(source)).map_err(|error| error.to_string())?;
        let mut fingerprint = Fingerprint::of(source.as_bytes());
        chat.tokens.iter().for_each(|(name, token)| fingerprint.bytes(format!("{name}={token}\n").as_bytes()));
        Ok(Some(Self { fingerprint, environment }))
    }
}

/// A template without the meaning of `{% generation %}` and `{% endgeneration %}`, by which transformers tells what the assistant says: here that is
/// found by its tokens. What stands between is rendered always, and the white space around the tags is kept or left out as before.
fn unmarked(source: &str) -> String {
    let mut parts = source.split("{%");
    let mut found = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let plain = part.split_once("%}").and_then(|(tag, behind)| {
            let name = tag.trim_matches(['-', '+']).trim();
            let plain = match name {
                "generation" => "if true",
                "endgeneration" => "endif",
                _ => return None,
            };
            Some(format!("{}%}}{behind}", tag.replace(name, plain)))
        });
        found.extend(["{%", plain.as_deref().unwrap_or(part)]);
    }
    found
}

impl Template for Jinja {
    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint.clone()
    }

    fn render(&self, messages: &[Message], ask: bool) -> Result<String, String> {
        let messages: Vec<Value> = messages.iter().map(|&(role, content)| context! { role, content }).collect();
        let template = self.environment.get_template(NAME).map_err(|error| error.to_string())?;
        template.render(context! { messages, add_generation_prompt => ask }).map_err(|error| error.to_string())
    }
}

/// Has a model's instructions put by its template.
///
/// # Errors
/// A template that cannot be read.
pub fn follow(model: &mut LanguageModel) -> Result<(), Error> {
    let template = Jinja::of(&model.chat).map_err(|problem| {
        Error::input(format!(
            "the chat template of --teacher or --student cannot be read: {problem}; take it out of the model's tokenizer_config.json (and \
             chat_template.jinja) to have instructions put without it"
        ))
    })?;
    model.tokenizer = model.tokenizer.clone().following(template.map(|template| Arc::new(template) as Arc<dyn Template>));
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::data::Tokenizer;
    use crate::data::text::Instructions;
    use crate::model::formats::{ChatFiles, FormatError};

    /// What transformers makes of conversations.
    const REFERENCE: &str = include_str!("../../tests/reference/chat.json");

    fn template(config: &serde_json::Value) -> Result<Jinja, String> {
        let get = |name: &str| Ok::<_, FormatError>((name == "tokenizer_config.json").then(|| config.to_string()));
        Jinja::of(&ChatFiles::gather(get).unwrap().read().unwrap()).map(|found| found.expect("it has one"))
    }

    fn ids(value: &serde_json::Value) -> Option<Vec<u32>> {
        value.as_array().map(|ids| ids.iter().map(|id| id.as_u64().unwrap() as u32).collect())
    }

    /// Prompts token by token, responses up to the token that ends a turn, behind which templates have white space at most; and what a template refuses.
    #[test]
    fn conversations_are_the_tokens_that_transformers_makes_of_them() {
        let reference: serde_json::Value = serde_json::from_str(REFERENCE).unwrap();
        let mut refused = 0;
        for case in reference["cases"].as_array().unwrap() {
            let tokenizer = reference["tokenizers"][case["tokenizer"].as_str().unwrap()].to_string();
            let template = Arc::new(template(&case["config"]).unwrap()) as Arc<dyn Template>;
            let tokenizer = Tokenizer::from_json(tokenizer.as_bytes()).unwrap().following(Some(template));
            let instructions = Instructions::of(&tokenizer).unwrap();
            assert_eq!(tokenizer.token(instructions.stop()).as_deref(), case["config"]["eos_token"].as_str(), "{}", case["name"]);
            for conversation in case["conversations"].as_array().unwrap() {
                let example = instructions.example(&json!({ "messages": conversation["messages"] }).to_string());
                let Some(prompt) = ids(&conversation["prompt"]) else {
                    let error = example.unwrap_err();
                    assert!(error.contains("does not take it") && error.contains("roles"), "{error}");
                    refused += 1;
                    continue;
                };
                let (example, whole) = (example.unwrap(), ids(&conversation["whole"]).unwrap());
                assert_eq!(example.prompt, prompt, "{}", case["name"]);
                let ours = [prompt, example.response, vec![instructions.stop()]].concat();
                assert_eq!(whole[..ours.len()], ours, "{}", case["name"]);
                assert_eq!(tokenizer.decode(&whole[ours.len()..]).unwrap().trim(), "", "{}: more than the end is left out", case["name"]);
            }
        }
        assert_eq!(refused, 1, "Mistral's knows no system message");
    }

    #[test]
    fn a_template_without_today_s_date_has_its_own() {
        let dated = "{% if strftime_now is defined %}{{ strftime_now('%d %b %Y') }}{% else %}26 Jul 2024{% endif %}";
        assert_eq!(template(&json!({ "chat_template": dated })).unwrap().render(&[], false).unwrap(), "26 Jul 2024");
        let asked = template(&json!({ "chat_template": "{{ strftime_now('%Y') }}" })).unwrap().render(&[], false).unwrap_err();
        assert!(asked.contains("strftime_now"), "{asked}");
    }

    #[test]
    fn what_a_template_is_refused_for_is_said_with_its_line() {
        let error = template(&json!({ "chat_template": "{{ messages }}\n{% if %}" })).unwrap_err();
        assert!(error.contains("chat_template:2"), "{error}");
        let error = template(&json!({ "chat_template": "{{ raise_exception('no tools here') }}" })).unwrap().render(&[], true).unwrap_err();
        assert!(error.contains("no tools here"), "{error}");
    }

    /// The same template and other special tokens are other texts.
    #[test]
    fn a_fingerprint_is_of_all_that_a_template_renders() {
        let print = |config| template(&config).unwrap().fingerprint().to_string();
        let one = json!({ "chat_template": "{{ bos_token }}", "bos_token": "<s>" });
        assert_eq!(print(one.clone()), print(one.clone()));
        for other in [
            json!({ "chat_template": "{{ bos_token }}", "bos_token": "<b>" }),
            json!({ "chat_template": "{{bos_token}}", "bos_token": "<s>" }),
        ] {
            assert_ne!(print(one.clone()), print(other));
        }
    }
}
