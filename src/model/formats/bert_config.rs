//! What the `config.json` of an encoder says. A key with a value of another kind is refused: read as its default it would give wrong numbers without
//! a word.

use serde_json::Value;

use super::bert_names::{DISTILBERT_EPSILON, Family};
use super::{FormatError, KINDS, unsupported};
use crate::model::encoder::EncoderConfig;

/// Of a model that names the class of a text.
pub const CLASSIFIES: &str = "ForSequenceClassification";

const NUMBER: &str = "a whole number is read, such as 12: get config.json again";
const SWITCH: &str = "true or false is read: get config.json again";
const SEES_ALL: &str = "encoders are read, whose tokens see each other and nothing else: take a model that was trained so";

/// A `config.json`.
pub struct Description(Value);

impl Description {
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        serde_json::from_str(text).map(Self).map_err(|error| FormatError::Config(error.to_string()))
    }

    /// A key's value, if it is there; `of` tells whether it is what it must be.
    fn read<'a, T>(&'a self, key: &str, of: impl Fn(&'a Value) -> Option<T>, expected: &'static str) -> Result<Option<T>, FormatError> {
        match &self.0[key] {
            Value::Null => Ok(None),
            value => of(value).map(Some).ok_or_else(|| self.unsupported(key, expected)),
        }
    }

    fn whole(&self, key: &str) -> Result<Option<usize>, FormatError> {
        self.read(key, |value| Some(value.as_u64()? as usize), NUMBER)
    }

    fn number(&self, key: &str) -> Result<usize, FormatError> {
        self.whole(key)?.ok_or_else(|| FormatError::Config(format!("`{key}` is missing")))
    }

    fn unsupported(&self, key: &str, expected: &'static str) -> FormatError {
        unsupported(&self.0, key, expected)
    }

    /// Whether its output matrix is its token embedding, which is the rule.
    pub fn tied(&self) -> Result<bool, FormatError> {
        Ok(self.read("tie_word_embeddings", Value::as_bool, SWITCH)?.unwrap_or(true))
    }

    /// Family and shape without heads.
    ///
    /// # Errors
    /// Another model, a missing number, and variants that this encoder has not.
    pub fn shape(&self) -> Result<(Family, EncoderConfig), FormatError> {
        let family = match self.0["model_type"].as_str() {
            Some("bert") => Family::Bert,
            Some("distilbert") => Family::DistilBert,
            Some("electra") => Family::Electra,
            _ => return Err(self.unsupported("model_type", KINDS)),
        };
        let distilled = family == Family::DistilBert;
        let key = |bert: &'static str, distilbert: &'static str| if distilled { distilbert } else { bert };
        for switch in ["is_decoder", "add_cross_attention"] {
            if self.read(switch, Value::as_bool, SWITCH)? == Some(true) {
                return Err(self.unsupported(switch, SEES_ALL));
            }
        }
        let gelu_tanh = |value: &Value| match value.as_str()? {
            "gelu" => Some(false),
            "gelu_new" | "gelu_pytorch_tanh" => Some(true),
            _ => None,
        };
        let gelu_tanh = self.read(key("hidden_act", "activation"), gelu_tanh, "`gelu` and `gelu_new` are read")?.unwrap_or(false);
        self.only("position_embedding_type", "absolute", "only `absolute` positions are read")?;
        let epsilon = self.read("layer_norm_eps", Value::as_f64, "a number is read, such as 1e-12: get config.json again")?;
        let width = self.number(key("hidden_size", "dim"))?;
        let config = EncoderConfig {
            hidden: self.number(key("intermediate_size", "hidden_dim"))?,
            embedding: if family == Family::Electra { self.number("embedding_size")? } else { width },
            types: if distilled { 0 } else { self.whole("type_vocab_size")?.unwrap_or(2) },
            gelu_tanh,
            // DistilBERT's code does not ask for it.
            epsilon: if distilled { DISTILBERT_EPSILON } else { epsilon.unwrap_or(1e-12) },
            ..EncoderConfig::bert(
                self.number("vocab_size")?,
                self.number("max_position_embeddings")?,
                width,
                self.number(key("num_hidden_layers", "n_layers"))?,
                self.number(key("num_attention_heads", "n_heads"))?,
            )
        };
        Ok((family, config))
    }

    /// Names of the classes by number, of a model that names classes and has several; transformers has two without names where a file says nothing.
    ///
    /// # Errors
    /// Names that are not numbered from 0, and texts with several labels.
    pub fn labels(&self) -> Result<Vec<String>, FormatError> {
        self.only("problem_type", "single_label_classification", "only `single_label_classification` is read: one label for each text")?;
        if !self.0["architectures"][0].as_str().is_some_and(|name| name.ends_with(CLASSIFIES)) {
            return Ok(Vec::new());
        }
        let all = |value: &Value| {
            let names = value.as_object()?;
            (0..names.len()).map(|class| Some(names.get(&class.to_string())?.as_str()?.to_owned())).collect::<Option<Vec<_>>>()
        };
        let labels = match self.read("id2label", all, "names of classes are read by their numbers, from \"0\" on without a gap")? {
            Some(labels) => labels,
            None => (0..self.whole("num_labels")?.unwrap_or(2)).map(|class| format!("LABEL_{class}")).collect(),
        };
        Ok(if labels.len() > 1 { labels } else { Vec::new() })
    }

    /// A key that may be missing, and otherwise has this value.
    fn only(&self, key: &str, value: &str, expected: &'static str) -> Result<(), FormatError> {
        self.read(key, |found| (found == value).then_some(()), expected).map(drop)
    }
}

/// Whether a `config.json` is an encoder's.
pub fn describes(config_json: &str) -> bool {
    let json: Value = serde_json::from_str(config_json).unwrap_or_default();
    json["model_type"]
        .as_str()
        .is_some_and(|kind| [Family::Bert, Family::DistilBert, Family::Electra].iter().any(|family| family.name() == kind))
}
