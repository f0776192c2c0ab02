//! Attention head by head, forward and backward: a head's scores stay in the caches until they are weights. burn's, where gradients are wanted, is three
//! products and some twenty operations over all scores of all heads, with an `exp` of one number at a time; where none are wanted it is one
//! operation, with that `exp` too.
//!
//! To be deleted when burn-autodiff has an attention of its own and burn-flex a vectorised `exp` (`burn-flex/src/ops/attention.rs`).

use super::matrix::{Matrix, product};
use super::{on_threads, softmax};

/// Sizes of an attention.
#[derive(Clone, Copy)]
pub struct Shape {
    pub heads: usize,
    pub queries: usize,
    pub keys: usize,
    /// Numbers of a query, a key and a value.
    pub head: usize,
    /// The scores are multiplied by it before the bias is added.
    pub scale: f32,
}

impl Shape {
    /// Scores of a head.
    pub fn plane(self) -> usize {
        self.queries * self.keys
    }
}

/// Queries, keys or values, `[batch, heads, rows, head]`, that may lie in any order.
#[derive(Clone, Copy)]
pub struct Heads<'a> {
    pub values: &'a [f32],
    pub shape: [usize; 4],
    pub strides: [usize; 4],
}

impl<'a> Heads<'a> {
    /// `[rows, head]` of one head of one sequence; heads are counted through all sequences.
    fn of(self, index: usize) -> Matrix<'a> {
        let [_, heads, rows, head] = self.shape;
        let [batch_stride, head_stride, row_stride, column_stride] = self.strides;
        let from = index / heads * batch_stride + index % heads * head_stride;
        Matrix::strided(&self.values[from..], [rows, head], [row_stride, column_stride])
    }
}

/// What is done with each head: its number and its parts of what is written.
fn each_head<const N: usize>(parts: [(&mut [f32], usize); N], work: impl Fn(usize, [&mut [f32]; N]) + Sync) {
    let mut parts = parts.map(|(values, size)| values.chunks_exact_mut(size));
    let rows = std::iter::from_fn(|| {
        let row: Vec<_> = parts.iter_mut().map_while(Iterator::next).collect();
        row.try_into().ok()
    });
    on_threads(rows.enumerate(), |(index, row)| work(index, row));
}

/// What `softmax(scale·q·kᵀ + bias)·v` is made of. `bias` is `[batch or 1, 1, queries, keys]`.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    pub query: Heads<'a>,
    pub key: Heads<'a>,
    pub value: Heads<'a>,
    pub bias: &'a [f32],
    pub shape: Shape,
}

impl Inputs<'_> {
    /// One head: its result, and the weights of its values.
    fn attend(self, index: usize, out: &mut [f32], weights: &mut [f32]) {
        let Self { query, key, value, bias, shape } = self;
        let plane = shape.plane();
        product(weights, query.of(index), key.of(index).transposed());
        let bias = if bias.len() == plane { bias } else { &bias[index / shape.heads * plane..][..plane] };
        softmax::forward(weights, bias, shape.scale, shape.keys);
        product(out, Matrix::rows(weights, shape.keys), value.of(index));
    }
}

/// The result, `[batch, heads, queries, head]`.
pub fn forward(inputs: Inputs, out: &mut [f32]) {
    let Shape { queries, head, .. } = inputs.shape;
    each_head([(out, queries * head)], |index, [out]| {
        // Of one head at a time: those of a batch of long texts are hundreds of megabytes.
        let mut weights = vec![0.0; inputs.shape.plane()];
        inputs.attend(index, out, &mut weights);
    });
}

/// The result, and the weights of the values, `[batch, heads, queries, keys]`.
pub fn forward_with_weights(inputs: Inputs, out: &mut [f32], weights: &mut [f32]) {
    let Shape { queries, head, .. } = inputs.shape;
    let parts = [(out, queries * head), (weights, inputs.shape.plane())];
    each_head(parts, |index, [out, weights]| inputs.attend(index, out, weights));
}

/// The gradients of queries, keys and values, given that of the result, each `[batch, heads, rows, head]`.
pub fn backward([query, key, value]: [Heads; 3], weights: &[f32], gradient: Heads, shape: Shape, out: [&mut [f32]; 3]) {
    let plane = shape.plane();
    let [query_out, key_out, value_out] = out;
    let keys = shape.keys * shape.head;
    each_head([(query_out, shape.queries * shape.head), (key_out, keys), (value_out, keys)], |index, [query_out, key_out, value_out]| {
        let weights = &weights[index * plane..][..plane];
        let given = gradient.of(index);
        let mut scores = vec![0.0; plane];
        product(&mut scores, given, value.of(index).transposed());
        softmax::backward(weights, &mut scores, shape.scale, shape.keys);
        let scores = Matrix::rows(&scores, shape.keys);
        product(query_out, scores, key.of(index));
        product(key_out, scores.transposed(), query.of(index));
        product(value_out, Matrix::rows(weights, shape.keys).transposed(), given);
    });
}
