//! The order in which rows reach the networks.

use std::cell::RefCell;

use rand::seq::SliceRandom;

use crate::spec::SpecError;

use super::DataError;
use super::seed::rng;

/// Batches that are sorted by length together: enough for neighbours to be alike, few enough for chance to remain.
const GROUP: usize = 50;

/// Batches without end: every epoch is a fresh permutation of all rows, cut into batches of one size.
///
/// The size never changes, because a GPU compiles its kernels for shapes: the rows left over at the end of an epoch are dropped (another
/// permutation will have them), and fewer rows than a batch are repeated in turn. The batch of a step depends on seed, rows, size and step
/// alone, so a resumed run sees what the uninterrupted one would have seen.
#[derive(Debug, Clone)]
pub struct Batches {
    seed: u32,
    /// Whose batches: teachers and students shuffle independently.
    purpose: String,
    rows: usize,
    size: usize,
    /// Length of every row, where batches are of rows that are about as long.
    lengths: Vec<usize>,
    /// The last epoch asked for and its order: steps are asked for in sequence.
    cache: RefCell<(usize, Vec<i32>)>,
}

impl Batches {
    /// Batches of `size` out of `rows` rows, in an order of their own for each seed and purpose.
    ///
    /// # Errors
    /// No rows, more rows than an i32 can index, or a size of 0.
    pub fn new(seed: u32, purpose: &str, rows: usize, size: usize) -> Result<Self, DataError> {
        Self::ordered(seed, purpose, rows, Vec::new(), size)
    }

    /// The same out of rows of these lengths, so that a batch holds rows that are about as long: the permutation is cut into parts of
    /// [`GROUP`] batches, each is sorted by length, and the batches are shuffled again. Less of a batch is padding then.
    ///
    /// # Errors
    /// As [`Batches::new`].
    pub fn grouped(seed: u32, purpose: &str, lengths: Vec<usize>, size: usize) -> Result<Self, DataError> {
        Self::ordered(seed, purpose, lengths.len(), lengths, size)
    }

    fn ordered(seed: u32, purpose: &str, rows: usize, lengths: Vec<usize>, size: usize) -> Result<Self, DataError> {
        if rows == 0 {
            return Err(DataError::NothingToLearn);
        }
        if i32::try_from(rows).is_err() {
            return Err(DataError::BadData { part: "train", problem: format!("there are {rows}; at most {} can be indexed", i32::MAX) });
        }
        if size == 0 {
            return Err(SpecError::OutOfRange { key: "train.batch_size", value: "0".into(), allowed: "at least 1".into() }.into());
        }
        let mut batches = Self { seed, purpose: purpose.into(), rows, size, lengths, cache: RefCell::new((0, Vec::new())) };
        batches.cache.get_mut().1 = batches.order(0);
        Ok(batches)
    }

    /// The rows of a step, counted from 0: `[size]`, each an index below the number of rows.
    pub fn at(&self, step: usize) -> Vec<i32> {
        let epoch = self.epoch(step);
        let start = step % self.steps_per_epoch() * self.size;
        let mut cache = self.cache.borrow_mut();
        if cache.0 != epoch {
            *cache = (epoch, self.order(epoch));
        }
        (start..start + self.size).map(|at| cache.1[at % self.rows]).collect()
    }

    /// How often all rows had come before this step.
    pub fn epoch(&self, step: usize) -> usize {
        step / self.steps_per_epoch()
    }

    /// Full batches per epoch, at least 1.
    pub fn steps_per_epoch(&self) -> usize {
        (self.rows / self.size).max(1)
    }

    fn order(&self, epoch: usize) -> Vec<i32> {
        let mut rng = rng(self.seed, &format!("{} of epoch {epoch}", self.purpose));
        let mut order: Vec<i32> = (0..self.rows as i32).collect();
        order.shuffle(&mut rng);
        if self.lengths.is_empty() {
            return order;
        }
        for part in order.chunks_mut(GROUP * self.size) {
            part.sort_by_key(|row| self.lengths[*row as usize]);
        }
        let mut batches: Vec<&[i32]> = order.chunks(self.size).collect();
        // The rows left over stay last, where no step asks for them.
        let whole = self.rows / self.size;
        batches[..whole].shuffle(&mut rng);
        batches.concat()
    }
}
