//! A model's own form of conversations.

use std::fmt::Debug;

use super::Fingerprint;

/// Who says something, `system`, `user` or `assistant`, and what.
pub type Message<'a> = (&'a str, &'a str);

/// A chat template. Behind a trait, so that the page does not carry the language that templates are written in.
pub trait Template: Debug + Send + Sync {
    /// Of all that decides what it renders.
    fn fingerprint(&self) -> Fingerprint;
    /// A conversation as one text, with what opens an answer where one is asked for.
    ///
    /// # Errors
    /// What the template refuses, in words.
    fn render(&self, messages: &[Message], ask: bool) -> Result<String, String>;
}
