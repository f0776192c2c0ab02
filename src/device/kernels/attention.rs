//! Attention head by head, forward and backward: a head's scores stay in the caches until they are weights. burn's, where gradients are wanted, is three
//! products and some twenty operations over all scores of all heads, with an `exp` of one number at a time; where none are wanted it is one
//! operation, with that `exp` too.
//!
//! To be deleted when burn-autodiff has an attention of its own and burn-flex a vectorised `exp` (`burn-flex/src/ops/attention.rs`).

use super::matrix::{Matrix, MatrixMut, product};
use super::{on_threads, softmax};

/// Sizes of an attention.
#[derive(Clone, Copy)]
pub struct Shape {
    pub heads: usize,
    pub queries: usize,
    pub keys: usize,
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
    /// Those that all lie in `values`, `[batch, rows, all, head]`: as many as `count`, and `from` is the first.
    pub fn among(values: &'a [f32], [batch, rows, all, head]: [usize; 4], from: usize, count: usize) -> Self {
        let strides = [rows * all * head, head, all * head, 1];
        Self { values: &values[from * head..], shape: [batch, count, rows, head], strides }
    }

    /// Whether the heads of a row lie side by side.
    pub fn side_by_side(self) -> bool {
        self.strides[1] < self.strides[2]
    }

    /// `[rows, head]` of one head of one sequence; heads are counted through all sequences.
    fn of(self, index: usize) -> Matrix<'a> {
        let [_, heads, rows, head] = self.shape;
        let [batch_stride, head_stride, row_stride, column_stride] = self.strides;
        let from = index / heads * batch_stride + index % heads * head_stride;
        Matrix::strided(&self.values[from..], [rows, head], [row_stride, column_stride])
    }
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
    fn attend(self, index: usize, out: MatrixMut, weights: &mut [f32]) {
        let Self { query, key, value, bias, shape } = self;
        let plane = shape.plane();
        product(MatrixMut::rows(weights, [shape.queries, shape.keys]), query.of(index), key.of(index).transposed());
        let bias = if bias.len() == plane { bias } else { &bias[index / shape.heads * plane..][..plane] };
        softmax::forward(weights, bias, shape.scale, shape.keys);
        product(out, Matrix::rows(weights, shape.keys), value.of(index));
    }
}

/// The result of each head.
pub fn forward(inputs: Inputs, out: Vec<MatrixMut>) {
    on_threads(out.into_iter().enumerate(), |(index, out)| {
        // Of one head at a time: those of a batch of long texts are hundreds of megabytes.
        let mut weights = vec![0.0; inputs.shape.plane()];
        inputs.attend(index, out, &mut weights);
    });
}

/// The result of each head, and the weights of the values, `[batch, heads, queries, keys]`.
pub fn forward_with_weights(inputs: Inputs, out: Vec<MatrixMut>, weights: &mut [f32]) {
    let parts = out.into_iter().zip(weights.chunks_exact_mut(inputs.shape.plane()));
    on_threads(parts.enumerate(), |(index, (out, weights))| inputs.attend(index, out, weights));
}

/// The gradients of the queries, keys and values of each head, given the weights and the gradient of the result.
pub fn backward([query, key, value]: [Heads; 3], weights: &[f32], gradient: Heads, shape: Shape, out: [Vec<MatrixMut>; 3]) {
    let plane = shape.plane();
    let [query_out, key_out, value_out] = out;
    let parts = query_out.into_iter().zip(key_out).zip(value_out);
    on_threads(parts.enumerate(), |(index, ((query_out, key_out), value_out))| {
        let weights = &weights[index * plane..][..plane];
        let given = gradient.of(index);
        let mut scores = vec![0.0; plane];
        product(MatrixMut::rows(&mut scores, [shape.queries, shape.keys]), given, value.of(index).transposed());
        softmax::backward(weights, &mut scores, shape.scale, shape.keys);
        let scores = Matrix::rows(&scores, shape.keys);
        product(query_out, scores, key.of(index));
        product(key_out, scores.transposed(), query.of(index));
        product(value_out, Matrix::rows(weights, shape.keys).transposed(), given);
    });
}
