//! Random numbers by seed and purpose.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::Fingerprint;

/// The random numbers of one purpose (`split`, `label noise`, `weights of student`) under one seed.
///
/// Each purpose has a ChaCha8 key of its own, so drawing more numbers for one purpose never shifts another: changing the label noise leaves
/// initial weights and batches as they were. ChaCha is integer arithmetic: every platform draws the same numbers.
pub fn rng(seed: u32, purpose: &str) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&Fingerprint::of(purpose.as_bytes()).value().to_le_bytes());
    ChaCha8Rng::from_seed(key)
}
