//! A short name for much data, to notice that it is other data.

use std::fmt;

use serde::Serialize;

/// 64-bit FNV-1a, over 32-bit words where there are such: against mix-ups, not against malice.
#[derive(Debug, Clone)]
pub struct Fingerprint(u64);

impl Default for Fingerprint {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fingerprint {
    pub fn of(bytes: &[u8]) -> Self {
        let mut fingerprint = Self::default();
        fingerprint.bytes(bytes);
        fingerprint
    }

    /// Of a network with its tokenizer: shape, tokenizer file, all weights. Tells models apart that a run or a cache must not mix up.
    pub fn of_model(shape: &impl Serialize, tokenizer_json: &str, values: &[Vec<f32>]) -> Self {
        let mut fingerprint = Self::default();
        fingerprint.bytes(serde_json::to_string(shape).expect("plain data").as_bytes());
        fingerprint.bytes(tokenizer_json.as_bytes());
        values.iter().for_each(|values| fingerprint.words(values.iter().map(|value| value.to_bits())));
        fingerprint
    }

    pub fn words(&mut self, words: impl IntoIterator<Item = u32>) {
        self.0 = words.into_iter().fold(self.0, |state, word| (state ^ u64::from(word)).wrapping_mul(0x0100_0000_01b3));
    }

    pub fn value(&self) -> u64 {
        self.0
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.words(bytes.iter().map(|byte| u32::from(*byte)));
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
