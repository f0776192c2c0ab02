//! The tokens of a file as the examples of a run: nothing is read but what is asked for.

use std::ops::Range;

use super::cache::Tokens;
use crate::data::Marks;
use crate::data::text::{Example, Shelf};

/// Windows side by side over a stream, the first tokens of each its prompt.
#[derive(Debug)]
pub struct Windows {
    pub tokens: Tokens,
    /// Stands before each.
    pub begin: Vec<u32>,
    /// Where the first begins.
    pub from: usize,
    pub count: usize,
    pub size: usize,
    pub prompt: usize,
}

impl Shelf<Example> for Windows {
    fn count(&self) -> usize {
        self.count
    }

    fn get(&self, index: usize) -> Example {
        let start = self.from + index * self.size;
        let mut prompt = [self.begin.clone(), self.tokens.ids(start..start + self.size)].concat();
        let response = prompt.split_off(self.begin.len() + self.prompt);
        Example { prompt, response }
    }

    fn tokens(&self, _: usize) -> [usize; 2] {
        [self.begin.len() + self.prompt, self.size - self.prompt]
    }
}

/// Prompts and responses that stand in turn, in an order of their own.
#[derive(Debug)]
pub struct Pairs {
    pub tokens: Tokens,
    pub order: Vec<u32>,
}

impl Shelf<Example> for Pairs {
    fn count(&self) -> usize {
        self.order.len()
    }

    fn get(&self, index: usize) -> Example {
        let [prompt, response] = self.tokens.pair(self.order[index] as usize).map(|span| self.tokens.ids(span));
        Example { prompt, response }
    }

    fn tokens(&self, index: usize) -> [usize; 2] {
        self.tokens.pair(self.order[index] as usize).map(|span| span.len())
    }
}

/// What stands between the start and the end of a text.
#[derive(Debug)]
pub enum Inner {
    /// Windows of the stream, side by side.
    Windows,
    /// The texts of the file.
    Texts,
    /// The first of these pairs.
    First(Vec<u32>),
}

/// Texts for encoders, each between its start and its end.
#[derive(Debug)]
pub struct Framed {
    pub tokens: Tokens,
    pub marks: Marks,
    /// Most tokens of a text, start and end counted.
    pub context: usize,
    pub inner: Inner,
}

impl Framed {
    /// Where all of a text stands, however long it is.
    fn whole(&self, index: usize) -> Range<usize> {
        let size = self.context - 2;
        match &self.inner {
            Inner::Windows => index * size..(index + 1) * size,
            Inner::Texts => self.tokens.span(index),
            Inner::First(order) => self.tokens.pair(order[index] as usize)[0].clone(),
        }
    }

    fn span(&self, index: usize) -> Range<usize> {
        let whole = self.whole(index);
        whole.start..whole.end.min(whole.start + self.context - 2)
    }

    /// How many texts are longer than the context.
    pub fn cut(&self) -> usize {
        (0..self.count()).filter(|index| self.whole(*index).len() + 2 > self.context).count()
    }
}

impl Shelf<Vec<u32>> for Framed {
    fn count(&self) -> usize {
        match &self.inner {
            Inner::Windows => self.tokens.tokens / (self.context - 2),
            Inner::Texts => self.tokens.texts,
            Inner::First(order) => order.len(),
        }
    }

    fn get(&self, index: usize) -> Vec<u32> {
        self.marks.around(&self.tokens.ids(self.span(index)), self.context)
    }

    fn tokens(&self, index: usize) -> [usize; 2] {
        [self.span(index).len() + 2, 0]
    }
}
