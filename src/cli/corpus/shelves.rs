//! The tokens of a file as the examples of a run: nothing is read but what is asked for.

use super::cache::Tokens;
use crate::data::Marks;
use crate::data::text::{Example, Shelf};

/// Windows side by side over a stream, the first tokens of each its prompt.
#[derive(Debug)]
pub struct Windows {
    pub tokens: Tokens,
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
        let mut prompt = self.tokens.ids(start..start + self.size);
        let response = prompt.split_off(self.prompt);
        Example { prompt, response }
    }

    fn tokens(&self, _: usize) -> [usize; 2] {
        [self.prompt, self.size - self.prompt]
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

/// Texts for encoders, each between its start and its end.
#[derive(Debug)]
pub struct Framed {
    pub tokens: Tokens,
    pub marks: Marks,
    /// Most tokens of a text, start and end counted.
    pub context: usize,
    /// They are windows of a stream; otherwise the texts of the file.
    pub windows: bool,
}

impl Framed {
    fn span(&self, index: usize) -> std::ops::Range<usize> {
        let inner = self.context - 2;
        if self.windows {
            return index * inner..(index + 1) * inner;
        }
        let span = self.tokens.span(index);
        span.start..span.end.min(span.start + inner)
    }
}

impl Shelf<Vec<u32>> for Framed {
    fn count(&self) -> usize {
        if self.windows { self.tokens.tokens / (self.context - 2) } else { self.tokens.texts }
    }

    fn get(&self, index: usize) -> Vec<u32> {
        self.marks.around(&self.tokens.ids(self.span(index)), self.context)
    }

    fn tokens(&self, index: usize) -> [usize; 2] {
        [self.span(index).len() + 2, 0]
    }
}
