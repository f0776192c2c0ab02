//! The examples of one part of the data: in memory, or kept elsewhere and read when they are asked for.

use std::borrow::Cow;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use super::Example;

/// What a part consists of.
pub trait Piece: Clone + Debug {
    /// Tokens of its prompt and of its response; of a text that is one, those of the text.
    fn tokens(&self) -> [usize; 2];
}

impl Piece for Example {
    fn tokens(&self) -> [usize; 2] {
        [self.prompt.len(), self.response.len()]
    }
}

impl Piece for Vec<u32> {
    fn tokens(&self) -> [usize; 2] {
        [self.len(), 0]
    }
}

/// Examples that are kept elsewhere than in memory, by number.
pub trait Shelf<T>: Debug + Send + Sync {
    fn count(&self) -> usize;
    fn get(&self, index: usize) -> T;
    /// As [`Piece::tokens`], without reading them.
    fn tokens(&self, index: usize) -> [usize; 2];
}

/// One part of the data.
#[derive(Debug, Clone)]
pub enum Part<T> {
    Own(Vec<T>),
    /// A range of a shelf.
    Kept(Arc<dyn Shelf<T>>, Range<usize>),
}

impl<T: Piece> Part<T> {
    pub fn len(&self) -> usize {
        match self {
            Self::Own(all) => all.len(),
            Self::Kept(_, range) => range.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// # Panics
    /// When there are not so many.
    pub fn get(&self, index: usize) -> Cow<'_, T> {
        match self {
            Self::Own(all) => Cow::Borrowed(&all[index]),
            Self::Kept(shelf, range) => {
                assert!(index < range.len(), "example {index} of {}", range.len());
                Cow::Owned(shelf.get(range.start + index))
            }
        }
    }

    /// As [`Piece::tokens`] of one of them.
    pub fn tokens(&self, index: usize) -> [usize; 2] {
        match self {
            Self::Own(all) => all[index].tokens(),
            Self::Kept(shelf, range) => shelf.tokens(range.start + index),
        }
    }

    pub fn iter(&self) -> Pieces<'_, T> {
        Pieces { part: self, rest: 0..self.len() }
    }

    /// Keeps the first `at` and returns the others.
    pub fn split_off(&mut self, at: usize) -> Self {
        match self {
            Self::Own(all) => Self::Own(all.split_off(at)),
            Self::Kept(shelf, range) => {
                let middle = range.end.min(range.start + at);
                let rest = middle..range.end;
                range.end = middle;
                Self::Kept(shelf.clone(), rest)
            }
        }
    }
}

impl<T> From<Vec<T>> for Part<T> {
    fn from(all: Vec<T>) -> Self {
        Self::Own(all)
    }
}

impl<T> FromIterator<T> for Part<T> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Self {
        Self::Own(all.into_iter().collect())
    }
}

impl<T> Part<T> {
    /// All of a shelf.
    pub fn kept(shelf: impl Shelf<T> + 'static) -> Self {
        let all = 0..shelf.count();
        Self::Kept(Arc::new(shelf), all)
    }
}

impl<T: Piece + PartialEq> PartialEq for Part<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<'a, T: Piece> IntoIterator for &'a Part<T> {
    type Item = Cow<'a, T>;
    type IntoIter = Pieces<'a, T>;

    fn into_iter(self) -> Pieces<'a, T> {
        self.iter()
    }
}

/// All of a part, in order.
#[derive(Debug)]
pub struct Pieces<'a, T> {
    part: &'a Part<T>,
    rest: Range<usize>,
}

impl<'a, T: Piece> Iterator for Pieces<'a, T> {
    type Item = Cow<'a, T>;

    fn next(&mut self) -> Option<Cow<'a, T>> {
        self.rest.next().map(|index| self.part.get(index))
    }
}
