//! How a decoder's texts begin, end and become conversations, as transformers keeps it beside `tokenizer.json`. Unread, a teacher would be asked in a
//! form that it never met, and a student's folder would not say how to ask it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::FormatError;
use super::gguf::{self, Gguf};

/// Special tokens by their names, and the chat template; in the folders of today that has a file of its own.
pub const TOKENIZER: &str = "tokenizer_config.json";
pub const TEMPLATE: &str = "chat_template.jinja";
/// What transformers stops at, which may be more than `config.json` names.
const GENERATION: &str = "generation_config.json";
/// Its key, and the name of the one that counts where there are several.
const KEY: &str = "chat_template";
const DEFAULT: &str = "default";

/// Special tokens that a folder names, and GGUF's keys for their ids.
const TOKENS: [(&str, &str); 4] = [
    ("bos_token", "tokenizer.ggml.bos_token_id"),
    ("eos_token", "tokenizer.ggml.eos_token_id"),
    ("pad_token", "tokenizer.ggml.padding_token_id"),
    ("unk_token", "tokenizer.ggml.unknown_token_id"),
];

/// The texts of these files, where a folder has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChatFiles {
    tokenizer: Option<String>,
    template: Option<String>,
    generation: Option<String>,
}

impl ChatFiles {
    /// Asks for the files by name. `get` answers `None` for one that is not there.
    ///
    /// # Errors
    /// Those of `get`.
    pub fn gather<E>(mut get: impl FnMut(&str) -> Result<Option<String>, E>) -> Result<Self, E> {
        Ok(Self { tokenizer: get(TOKENIZER)?, template: get(TEMPLATE)?, generation: get(GENERATION)? })
    }

    /// What they say of conversations. Of two templates the one in its own file counts, as in transformers.
    ///
    /// # Errors
    /// A file that is not JSON, and a template that is neither a text nor a list of named ones.
    pub fn read(&self) -> Result<Chat, FormatError> {
        let config = parse(TOKENIZER, self.tokenizer.as_deref())?;
        let text = |value: &Value| value.as_str().or(value["content"].as_str()).map(String::from);
        let tokens = TOKENS.into_iter().filter_map(|(name, _)| Some((name, text(&config[name])?))).collect();
        let template = match (&self.template, &config[KEY]) {
            (Some(template), _) => Some(template.as_str().into()),
            (None, Value::Null) => None,
            (None, found @ (Value::String(_) | Value::Array(_))) => Some(found.clone()),
            (None, _) => {
                return Err(super::unsupported(
                    &config,
                    KEY,
                    "it must be a text, or a list of named ones: get tokenizer_config.json again",
                ));
            }
        };
        Ok(Chat { tokens, template })
    }

    /// Tokens that end what transformers writes.
    ///
    /// # Errors
    /// A file that is not JSON.
    pub fn ends(&self) -> Result<Vec<u32>, FormatError> {
        Ok(ends(&parse(GENERATION, self.generation.as_deref())?))
    }
}

/// Whether a `tokenizer_config.json` has a template.
pub fn has_template(config: &str) -> bool {
    serde_json::from_str::<Value>(config).is_ok_and(|config| !config[KEY].is_null())
}

fn parse(name: &str, text: Option<&str>) -> Result<Value, FormatError> {
    let wrong = |error: serde_json::Error| FormatError::Chat(format!("{name}: {error}"));
    text.map_or(Ok(Value::Null), |text| serde_json::from_str(text).map_err(wrong))
}

/// The tokens that end a text by a description: one or a list of them.
pub fn ends(description: &Value) -> Vec<u32> {
    let one = |id: &Value| id.as_u64().map(|id| id as u32);
    match &description["eos_token_id"] {
        Value::Array(ids) => ids.iter().filter_map(one).collect(),
        id => one(id).into_iter().collect(),
    }
}

/// How a model's conversations are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chat {
    /// Special tokens by the names that templates have for them.
    pub tokens: BTreeMap<&'static str, String>,
    /// As `tokenizer_config.json` has it: a text, or a list of named ones.
    template: Option<Value>,
}

impl Chat {
    /// What the metadata of a file say.
    pub fn of_gguf(file: &Gguf) -> Self {
        let texts = match file.metadata.get("tokenizer.ggml.tokens") {
            Some(gguf::Value::Texts(texts)) => texts.as_slice(),
            _ => &[],
        };
        let token = |key: &str| match file.metadata.get(key) {
            Some(gguf::Value::Integer(id)) => texts.get(usize::try_from(*id).ok()?).cloned(),
            _ => None,
        };
        let template = match file.metadata.get("tokenizer.chat_template") {
            Some(gguf::Value::Text(template)) => Some(template.as_str().into()),
            _ => None,
        };
        Self { tokens: TOKENS.into_iter().filter_map(|(name, key)| Some((name, token(key)?))).collect(), template }
    }

    /// The template that counts where no other is named.
    pub fn template(&self) -> Option<&str> {
        match self.template.as_ref()? {
            Value::Array(named) => named.iter().find(|one| one["name"] == DEFAULT)?["template"].as_str(),
            one => one.as_str(),
        }
    }

    /// Adds what `tokenizer_config.json` says of it, with tokens that the tokenizer has.
    pub fn describe(&self, config: &mut Value, known: impl Fn(&str) -> bool) {
        for (name, token) in self.tokens.iter().filter(|(_, token)| known(token)) {
            config[*name] = token.as_str().into();
        }
        if let Some(template) = &self.template {
            config[KEY] = template.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::device::testing::test;

    fn read(tokenizer: &Value, template: Option<&str>) -> Chat {
        let files = [(TOKENIZER, Some(tokenizer.to_string())), (TEMPLATE, template.map(Into::into)), (GENERATION, None)];
        let get = |name: &str| Ok::<_, FormatError>(files.iter().find(|(file, _)| *file == name).and_then(|(_, text)| text.clone()));
        ChatFiles::gather(get).unwrap().read().unwrap()
    }

    #[test]
    fn a_template_is_found_in_each_of_its_places() {
        assert_eq!(read(&json!({}), None), Chat::default());
        let one =
            json!({ "chat_template": "one", "bos_token": "<s>", "eos_token": { "content": "</s>", "lstrip": false }, "pad_token": null });
        let chat = read(&one, None);
        assert_eq!(chat.template(), Some("one"));
        assert_eq!(chat.tokens, [("bos_token", "<s>".into()), ("eos_token", "</s>".into())].into());
        assert_eq!(read(&one, Some("of the file")).template(), Some("of the file"), "as transformers has it");
        let named = |name: &str| json!({ "chat_template": [{ "name": "tool_use", "template": "a" }, { "name": name, "template": "b" }] });
        assert_eq!((read(&named("default"), None).template(), read(&named("rag"), None).template()), (Some("b"), None));
        let files = ChatFiles { tokenizer: Some(json!({ "chat_template": 3 }).to_string()), ..ChatFiles::default() };
        let error = files.read().unwrap_err().to_string();
        assert!(error.contains("`chat_template` is 3") && error.contains("list of named ones"), "{error}");
        let error = ChatFiles { generation: Some("{".into()), ..ChatFiles::default() }.ends().unwrap_err().to_string();
        assert!(error.contains("generation_config.json"), "{error}");
    }

    #[test]
    fn what_was_read_is_said_again_without_tokens_that_are_none() {
        let named = json!([{ "name": "default", "template": "a" }, { "name": "rag", "template": "b" }]);
        let chat = read(&json!({ "chat_template": named, "bos_token": "<s>", "pad_token": "<pad>" }), None);
        let mut config = json!({});
        chat.describe(&mut config, |token| token == "<s>");
        assert_eq!(config, json!({ "bos_token": "<s>", "chat_template": named }));
    }
}
