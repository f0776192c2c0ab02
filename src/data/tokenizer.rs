//! Text to token ids and back: characters, words, bytes, or a Hugging Face `tokenizer.json`.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

use thiserror::Error;

use super::Template;

/// Text or ids that a tokenizer cannot take, or a tokenizer that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TokenizerError {
    #[error("the text has no characters: there is nothing to make tokens of")]
    NoCharacters,
    #[error("the character {character:?} at position {position} is not in the vocabulary of {vocab} characters")]
    UnknownCharacter { character: char, position: usize, vocab: usize },
    #[error("the word {word:?} at position {position} is not in the vocabulary of {vocab} words; one space separates words")]
    UnknownWord { word: String, position: usize, vocab: usize },
    #[error("token {id} does not exist: the vocabulary has {vocab} tokens; was the model made with another tokenizer?")]
    UnknownToken { id: u32, vocab: usize },
    #[error("the tokenizer lacks the token {0}, which an encoder needs: take one of BERT's kind")]
    NoToken(String),
    #[error("tokenizer.json is not a readable tokenizer: {0}")]
    Format(String),
    #[error("the tokenizer failed: {0}")]
    Failed(String),
}

/// How text becomes tokens.
#[derive(Debug, Clone)]
pub enum Tokenizer {
    /// One token per character that occurs in a text, in the order of their code points.
    Characters { all: Vec<char>, ids: HashMap<char, u32> },
    /// One token per word of a closed list; words stand between single spaces. Control tokens such as `<end>` are words like any other.
    Words { all: Vec<String>, ids: HashMap<String, u32> },
    /// One token per byte of the text's UTF-8, so that no text is unknown.
    Bytes,
    /// Whatever `tokenizers` reads, the token that ends a text, where its model names one, and the template that its conversations follow.
    HuggingFace { foreign: Arc<dyn Foreign>, end: Option<u32>, template: Option<Arc<dyn Template>> },
}

/// A tokenizer of others. Behind a trait, so that a program which never makes one (the page) does not carry the crate that reads it.
pub trait Foreign: Debug + Send + Sync {
    fn vocab(&self) -> usize;
    fn encode(&self, text: &str) -> Result<Vec<u32>, TokenizerError>;
    /// With or without control tokens such as `<|im_end|>`.
    fn decode(&self, ids: &[u32], control: bool) -> Result<String, TokenizerError>;
    fn id(&self, token: &str) -> Option<u32>;
    fn token(&self, id: u32) -> Option<String>;
    /// What its post-processor puts before every text, such as `<s>`.
    fn begin(&self) -> Result<Vec<u32>, TokenizerError>;
}

/// With or without what a post-processor adds.
fn ids(tokenizer: &tokenizers::Tokenizer, text: &str, framed: bool) -> Result<Vec<u32>, TokenizerError> {
    let failed = |error: tokenizers::Error| TokenizerError::Failed(error.to_string());
    (**tokenizer).encode(text, framed).map(|encoding| encoding.get_ids().to_vec()).map_err(failed)
}

impl Foreign for tokenizers::Tokenizer {
    fn vocab(&self) -> usize {
        self.get_vocab_size(true)
    }

    fn encode(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        ids(self, text, false)
    }

    fn decode(&self, ids: &[u32], control: bool) -> Result<String, TokenizerError> {
        (**self).decode(ids, !control).map_err(|error| TokenizerError::Failed(error.to_string()))
    }

    fn id(&self, token: &str) -> Option<u32> {
        self.token_to_id(token)
    }

    fn token(&self, id: u32) -> Option<String> {
        self.id_to_token(id)
    }

    fn begin(&self) -> Result<Vec<u32>, TokenizerError> {
        let (plain, mut framed) = (ids(self, "a", false)?, ids(self, "a", true)?);
        let before = framed.windows(plain.len().max(1)).position(|part| part == plain);
        framed.truncate(before.unwrap_or(0));
        Ok(framed)
    }
}

impl Tokenizer {
    /// The characters of a text.
    ///
    /// # Errors
    /// [`TokenizerError::NoCharacters`].
    pub fn characters(text: &str) -> Result<Self, TokenizerError> {
        if text.is_empty() { Err(TokenizerError::NoCharacters) } else { Ok(Self::of_characters(text)) }
    }

    /// The characters of a text that is known not to be empty.
    pub(super) fn of_characters(text: &str) -> Self {
        let mut all: Vec<char> = text.chars().collect();
        all.sort_unstable();
        all.dedup();
        let ids = all.iter().zip(0..).map(|(character, id)| (*character, id)).collect();
        Self::Characters { all, ids }
    }

    /// The words of a text, in the order in which they first occur.
    pub fn words(text: &str) -> Self {
        let mut all: Vec<String> = Vec::new();
        let mut ids = HashMap::new();
        for word in text.split_whitespace() {
            if !ids.contains_key(word) {
                ids.insert(word.to_owned(), all.len() as u32);
                all.push(word.to_owned());
            }
        }
        Self::Words { all, ids }
    }

    /// The contents of a `tokenizer.json`.
    ///
    /// # Errors
    /// [`TokenizerError::Format`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, TokenizerError> {
        let format = |error: tokenizers::Error| TokenizerError::Format(error.to_string());
        let mut tokenizer = tokenizers::Tokenizer::from_bytes(bytes).map_err(format)?;
        // Some files (all-MiniLM-L6-v2's) fill every text up to one length and cut it off there; here the caller does both.
        tokenizer.with_padding(None).with_truncation(None).map_err(format)?;
        Ok(Self::HuggingFace { foreign: Arc::new(tokenizer), end: None, template: None })
    }

    /// The same, of a model whose texts end with that token; an id that names nothing is none.
    pub fn ending_with(self, id: Option<u32>) -> Self {
        match self {
            Self::HuggingFace { foreign, template, .. } => {
                Self::HuggingFace { end: id.filter(|id| foreign.token(*id).is_some()), foreign, template }
            }
            other => other,
        }
    }

    /// The same, of a model whose conversations follow a template.
    pub fn following(self, template: Option<Arc<dyn Template>>) -> Self {
        match self {
            Self::HuggingFace { foreign, end, .. } => Self::HuggingFace { foreign, end, template },
            other => other,
        }
    }

    /// What its model's conversations follow.
    pub fn template(&self) -> Option<&Arc<dyn Template>> {
        if let Self::HuggingFace { template, .. } = self { template.as_ref() } else { None }
    }

    /// The token that ends a text, where a model has named it.
    pub fn end(&self) -> Option<u32> {
        if let Self::HuggingFace { end, .. } = self { *end } else { None }
    }

    /// What stands before every text of a decoder: `<s>` for LLaMA's tokenizers, nothing for GPT-2's.
    ///
    /// # Errors
    /// Whatever a Hugging Face tokenizer refuses.
    pub fn begin(&self) -> Result<Vec<u32>, TokenizerError> {
        if let Self::HuggingFace { foreign, .. } = self { foreign.begin() } else { Ok(Vec::new()) }
    }

    /// The ids of the beginning of a text, behind what stands before every one; a text that has it already gets it no second time.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn opening(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let (begin, ids) = (self.begin()?, self.encode(text)?);
        Ok(if ids.starts_with(&begin) { ids } else { [begin, ids].concat() })
    }

    /// Ids are below this.
    pub fn vocab(&self) -> usize {
        match self {
            Self::Characters { all, .. } => all.len(),
            Self::Words { all, .. } => all.len(),
            Self::Bytes => 256,
            Self::HuggingFace { foreign, .. } => foreign.vocab(),
        }
    }

    /// The ids of a text. Control tokens such as `<|im_end|>` are read where they stand; none are added (see [`Tokenizer::opening`]).
    ///
    /// # Errors
    /// [`TokenizerError::UnknownCharacter`] or [`TokenizerError::UnknownWord`], and whatever a Hugging Face tokenizer refuses.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        match self {
            Self::Characters { all, ids } => {
                let id = |(position, character): (usize, char)| {
                    ids.get(&character).copied().ok_or(TokenizerError::UnknownCharacter { character, position, vocab: all.len() })
                };
                text.chars().enumerate().map(id).collect()
            }
            Self::Words { .. } if text.is_empty() => Ok(Vec::new()),
            Self::Words { all, ids } => {
                let unknown = |word: &str, position| TokenizerError::UnknownWord { word: word.into(), position, vocab: all.len() };
                text.split(' ').enumerate().map(|(position, word)| ids.get(word).copied().ok_or_else(|| unknown(word, position))).collect()
            }
            Self::Bytes => Ok(text.bytes().map(u32::from).collect()),
            Self::HuggingFace { foreign, .. } => foreign.encode(text),
        }
    }

    /// The text of ids. Bytes that are no UTF-8 (a character not yet whole) become `�`.
    ///
    /// # Errors
    /// [`TokenizerError::UnknownToken`].
    pub fn decode(&self, ids: &[u32]) -> Result<String, TokenizerError> {
        self.written(ids, true)
    }

    /// The same without the control tokens of a Hugging Face tokenizer, which to another one are none, and without ids that name nothing:
    /// a model whose embedding is rounded up can write them.
    ///
    /// # Errors
    /// Whatever a Hugging Face tokenizer refuses.
    pub fn decode_plain(&self, ids: &[u32]) -> Result<String, TokenizerError> {
        let known: Vec<u32> = ids.iter().copied().filter(|id| self.token(*id).is_some()).collect();
        self.written(&known, false)
    }

    fn written(&self, ids: &[u32], control: bool) -> Result<String, TokenizerError> {
        let vocab = self.vocab();
        if let Some(id) = ids.iter().find(|id| **id as usize >= vocab) {
            return Err(TokenizerError::UnknownToken { id: *id, vocab });
        }
        match self {
            Self::Characters { all, .. } => Ok(ids.iter().map(|id| all[*id as usize]).collect()),
            Self::Words { all, .. } => Ok(ids.iter().map(|id| all[*id as usize].as_str()).collect::<Vec<_>>().join(" ")),
            Self::Bytes => {
                let bytes: Vec<u8> = ids.iter().map(|id| *id as u8).collect();
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            }
            Self::HuggingFace { foreign, .. } => foreign.decode(ids, control),
        }
    }

    /// The token of an id as its vocabulary writes it; `None` where the id names nothing.
    pub fn token(&self, id: u32) -> Option<String> {
        match self {
            Self::HuggingFace { foreign, .. } => foreign.token(id),
            _ => self.decode(&[id]).ok(),
        }
    }

    /// How much of the text of `ids` the first tokens make up, in bytes, after each of them; `None` inside a character that several tokens
    /// share.
    ///
    /// # Errors
    /// [`TokenizerError::UnknownToken`].
    pub fn ends(&self, ids: &[u32]) -> Result<Vec<Option<usize>>, TokenizerError> {
        let whole = self.decode(ids)?;
        let end = |count: usize| {
            let begun = self.decode(&ids[..count])?;
            Ok(whole.starts_with(&begun).then_some(begun.len()))
        };
        (1..=ids.len()).map(end).collect()
    }

    /// The id of one whole token, such as `<|im_end|>`.
    pub fn id(&self, token: &str) -> Option<u32> {
        match self {
            Self::HuggingFace { foreign, .. } => foreign.id(token),
            _ => self.encode(token).ok().and_then(|ids| if let [id] = ids[..] { Some(id) } else { None }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    #[test]
    fn characters_and_bytes_come_back() {
        let characters = Tokenizer::characters("banana né").unwrap();
        assert_eq!(characters.vocab(), 5);
        assert_eq!(characters.encode(" ab").unwrap(), [0, 1, 2]);
        for tokenizer in [characters, Tokenizer::Bytes] {
            let ids = tokenizer.encode("né ban").unwrap();
            assert_eq!(tokenizer.decode(&ids).unwrap(), "né ban");
        }
        assert_eq!(Tokenizer::Bytes.encode("é").unwrap(), [0xc3, 0xa9]);
        assert_eq!(Tokenizer::Bytes.decode(&[0xc3]).unwrap(), "�", "half a character is no panic");
    }

    #[test]
    fn what_is_unknown_is_named() {
        let characters = Tokenizer::characters("ab").unwrap();
        let error = characters.encode("aZ").unwrap_err();
        assert_eq!(error, TokenizerError::UnknownCharacter { character: 'Z', position: 1, vocab: 2 });
        assert_eq!(characters.decode(&[2]).unwrap_err(), TokenizerError::UnknownToken { id: 2, vocab: 2 });
        assert_eq!(Tokenizer::characters("").unwrap_err(), TokenizerError::NoCharacters);
        assert!(Tokenizer::from_json(b"{}").unwrap_err().to_string().contains("tokenizer.json"));
    }

    #[test]
    fn words_stand_between_single_spaces() {
        let words = Tokenizer::words("<end> the cat the dog");
        assert_eq!(words.vocab(), 4, "a word that comes again is the same token");
        assert_eq!(words.encode("the dog <end>").unwrap(), [1, 3, 0]);
        assert_eq!(words.decode(&[1, 2, 0]).unwrap(), "the cat <end>");
        assert_eq!(words.encode("").unwrap(), [0; 0]);
        assert_eq!(words.id("<end>"), Some(0));
        assert_eq!(words.id("the cat"), None, "two words are no token");
        let error = words.encode("the cow").unwrap_err();
        assert_eq!(error, TokenizerError::UnknownWord { word: "cow".into(), position: 1, vocab: 4 });
        assert!(words.encode("the  cat").unwrap_err().to_string().contains("one space"));
    }

    /// As LLaMA's: what transformers puts before a text stands there once, and nothing behind it does.
    #[test]
    fn what_stands_before_every_text_is_put_there_once() {
        let json = r#"{"version": "1.0", "truncation": null, "padding": null, "normalizer": null, "decoder": null,
            "added_tokens": [{"id": 0, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
            "pre_tokenizer": {"type": "Whitespace"}, "post_processor": POST,
            "model": {"type": "WordLevel", "unk_token": "?", "vocab": {"<s>": 0, "?": 1, "a": 2, "cat": 3}}}"#;
        let post = r#"{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, BEHIND],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}}"#;
        let read = |post: &str| Tokenizer::from_json(json.replace("POST", post).as_bytes()).unwrap();
        for behind in ["", r#", {"SpecialToken": {"id": "<s>", "type_id": 0}}"#] {
            let tokenizer = read(&post.replace(", BEHIND", behind));
            assert_eq!(tokenizer.begin().unwrap(), [0]);
            assert_eq!(tokenizer.encode("a cat").unwrap(), [2, 3]);
            assert_eq!(tokenizer.opening("a cat").unwrap(), [0, 2, 3]);
            assert_eq!(tokenizer.opening("<s> a cat").unwrap(), [0, 2, 3], "once");
            assert_eq!(tokenizer.opening("").unwrap(), [0]);
        }
        let plain = read("null");
        assert_eq!((plain.begin().unwrap(), plain.opening("a cat").unwrap()), (vec![], vec![2, 3]));
        assert_eq!((plain.end(), plain.clone().ending_with(Some(3)).end(), plain.ending_with(Some(9)).end()), (None, Some(3), None));
    }

    /// Byte-level BPE as GPT-2's and SmolLM's: were the splitting expression not compiled in, or the merges not followed, ids would differ.
    #[test]
    fn a_byte_level_bpe_is_read_and_followed() {
        let json = br#"{"version": "1.0", "truncation": null, "padding": null, "normalizer": null, "post_processor": null,
            "added_tokens": [{"id": 6, "content": "<end>", "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true}],
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
            "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
            "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
                "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
                "vocab": {"a": 0, "b": 1, "\u0120": 2, "ab": 3, "\u0120ab": 4, "1": 5}, "merges": ["a b", "\u0120 ab"]}}"#;
        let tokenizer = Tokenizer::from_json(json).unwrap();
        let ids = tokenizer.encode("ab ab1<end>").unwrap();
        assert_eq!(ids, [3, 4, 5, 6]);
        assert_eq!(tokenizer.decode(&ids).unwrap(), "ab ab1<end>");
        assert_eq!(tokenizer.id("<end>"), Some(6));
        assert_eq!(tokenizer.vocab(), 7);
    }
}
