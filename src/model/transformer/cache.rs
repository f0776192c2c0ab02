//! Keys and values of the tokens already seen, so that a new token costs one row and not the whole sequence again.
//!
//! Room for all tokens is made at the start: every step then has the same shapes, and a GPU compiles once.

use burn::tensor::{Device, Tensor};

use super::config::TransformerConfig;

/// Keys and values of every layer.
#[derive(Debug)]
pub struct Cache {
    /// Key and value of each layer, `[batch, kv_heads, capacity, head]`.
    layers: Vec<Option<[Tensor<4>; 2]>>,
    capacity: usize,
    filled: usize,
}

impl Cache {
    /// Room for `capacity` tokens in each of `batch` sequences.
    pub fn new(config: &TransformerConfig, batch: usize, capacity: usize, device: &Device) -> Self {
        let empty = || Tensor::zeros([batch, config.kv_heads, capacity, config.head()], device);
        Self { layers: (0..config.layers).map(|_| Some([empty(), empty()])).collect(), capacity, filled: 0 }
    }

    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Tokens that are in.
    pub fn filled(&self) -> usize {
        self.filled
    }

    /// Puts the keys and values of new tokens (`[batch, kv_heads, seq, head]`) behind the old and returns all of them.
    pub(super) fn extend(&mut self, layer: usize, key: Tensor<4>, value: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        // Taken out of its place, so that there is one owner and the backend can write into it.
        let [keys, values] = self.layers[layer].take().expect("a layer is put back before it is asked again");
        let [batch, heads, seq, head] = key.dims();
        let place = [0..batch, 0..heads, self.filled..self.filled + seq, 0..head];
        let keys = keys.slice_assign(place.clone(), key);
        let values = values.slice_assign(place, value);
        self.layers[layer] = Some([keys.clone(), values.clone()]);
        (keys, values)
    }

    /// The tokens of a forward pass are in, in every layer.
    pub(super) fn advance(&mut self, seq: usize) {
        self.filled += seq;
    }
}
