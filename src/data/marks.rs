//! The control tokens of BERT's kind of tokenizer.

use super::{Tokenizer, TokenizerError};

/// Their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// Before every text.
    pub start: u32,
    /// After it.
    pub end: u32,
    pub padding: u32,
    /// In the place of a token that is to be foretold.
    pub mask: u32,
}

impl Marks {
    /// By the names that BERT gave them.
    ///
    /// # Errors
    /// [`TokenizerError::NoToken`] for the first that is not there.
    pub fn of(tokenizer: &Tokenizer) -> Result<Self, TokenizerError> {
        Self::named(tokenizer, ["[CLS]", "[SEP]", "[PAD]", "[MASK]"].map(String::from))
    }

    /// By names of start, end, padding and mask.
    ///
    /// # Errors
    /// As [`Marks::of`].
    pub fn named(tokenizer: &Tokenizer, names: [String; 4]) -> Result<Self, TokenizerError> {
        let id = |name: String| tokenizer.id(&name).ok_or(TokenizerError::NoToken(name));
        let [start, end, padding, mask] = names;
        Ok(Self { start: id(start)?, end: id(end)?, padding: id(padding)?, mask: id(mask)? })
    }

    /// A text between its start and its end, cut to `most` tokens in all.
    pub fn around(&self, ids: &[u32], most: usize) -> Vec<u32> {
        let inner = &ids[..ids.len().min(most.saturating_sub(2))];
        [&[self.start], inner, &[self.end]].concat()
    }
}
