//! Convolutions of 3×3 pixels that keep the size, one image at a time: the pixels under the filter are laid side by side (`im2col`), so that a
//! convolution is one matrix product, small enough to stay in the caches. burn's own lays out tiles of a layout of its own, and then puts every
//! number of the result in its place by itself; of a step of W3 that took twice as long as all products.
//!
//! To be deleted when burn-flex writes its results in place (`burn-flex/src/ops/conv.rs`).

use super::matrix::{Matrix, MatrixMut, add_product, product};
use super::{in_parts, on_threads};

/// Pixels under a filter.
const TAPS: usize = 9;
/// Parts of a batch whose gradients of the filters are summed apart from each other: always as many, so that the sum is the same on any
/// number of threads.
const PARTS: usize = 8;

/// Sizes of a convolution.
#[derive(Clone, Copy)]
pub struct Shape {
    pub height: usize,
    pub width: usize,
    /// Channels in and out.
    pub channels: [usize; 2],
}

impl Shape {
    fn pixels(self) -> usize {
        self.height * self.width
    }

    /// Rows of what is laid side by side: one per channel and pixel under the filter.
    fn columns(self) -> usize {
        self.channels[0] * TAPS
    }

    fn image(self) -> usize {
        self.channels[0] * self.pixels()
    }

    fn result(self) -> usize {
        self.channels[1] * self.pixels()
    }
}

/// `out` `[batch, channels_out, height, width]` of images `x` `[batch, channels_in, height, width]`, filters `[channels_out, channels_in, 3, 3]`
/// and a bias `[channels_out]`.
pub fn forward(x: &[f32], filters: &[f32], bias: &[f32], shape: Shape, out: &mut [f32]) {
    let pixels = shape.pixels();
    in_parts([(x, shape.image())], (out, shape.result()), |[x], out| {
        let mut columns = vec![0.0; shape.columns() * pixels];
        for (x, out) in x.chunks_exact(shape.image()).zip(out.chunks_exact_mut(shape.result())) {
            lay_out(x, shape, &mut columns);
            for (out, bias) in out.chunks_exact_mut(pixels).zip(bias) {
                out.fill(*bias);
            }
            let [filters, columns] = [Matrix::rows(filters, shape.columns()), Matrix::rows(&columns, pixels)];
            add_product(MatrixMut::rows(out, [shape.channels[1], pixels]), filters, columns);
        }
    });
}

/// The gradient of `x`, given that of the result.
pub fn image_gradient(gradient: &[f32], filters: &[f32], shape: Shape, out: &mut [f32]) {
    let pixels = shape.pixels();
    in_parts([(gradient, shape.result())], (out, shape.image()), |[gradient], out| {
        let mut columns = vec![0.0; shape.columns() * pixels];
        for (gradient, out) in gradient.chunks_exact(shape.result()).zip(out.chunks_exact_mut(shape.image())) {
            let filters = Matrix::rows(filters, shape.columns()).transposed();
            product(MatrixMut::rows(&mut columns, [shape.columns(), pixels]), filters, Matrix::rows(gradient, pixels));
            gather(&mut columns, shape, out);
        }
    });
}

/// The gradient of the filters, given that of the result.
pub fn filter_gradient(x: &[f32], gradient: &[f32], shape: Shape, out: &mut [f32]) {
    let pixels = shape.pixels();
    let batch = x.len() / shape.image();
    let images = batch.div_ceil(PARTS).max(1);
    let mut sums = vec![0.0; batch.div_ceil(images) * out.len()];
    let sum_of = |(part, sum): (usize, &mut [f32])| {
        let mut columns = vec![0.0; shape.columns() * pixels];
        for index in part * images..((part + 1) * images).min(batch) {
            lay_out(&x[index * shape.image()..][..shape.image()], shape, &mut columns);
            let gradient = &gradient[index * shape.result()..][..shape.result()];
            add_product(
                MatrixMut::rows(sum, [shape.channels[1], shape.columns()]),
                Matrix::rows(gradient, pixels),
                Matrix::rows(&columns, pixels).transposed(),
            );
        }
    };
    on_threads(sums.chunks_mut(out.len()).enumerate(), sum_of);
    out.fill(0.0);
    for sum in sums.chunks_exact(out.len()) {
        out.iter_mut().zip(sum).for_each(|(out, sum)| *out += sum);
    }
}

/// How far from each other in a plane a pixel and the one under tap `tap` of its filter are, and which side of the plane that tap leaves.
fn tap(tap: usize, width: usize) -> (isize, Option<usize>) {
    let (down, right) = (tap / 3, tap % 3);
    let shift = (down as isize - 1) * width as isize + right as isize - 1;
    // What lies left of the first column is the last of the line above, and the other way round.
    let edge = [Some(0), None, Some(width - 1)][right];
    (shift, edge)
}

/// Every channel of an image under each tap of the filter, `[channels·9, pixels]`, zeros where the filter leaves it.
fn lay_out(x: &[f32], shape: Shape, columns: &mut [f32]) {
    let pixels = shape.pixels();
    for (plane, columns) in x.chunks_exact(pixels).zip(columns.chunks_exact_mut(TAPS * pixels)) {
        for (index, column) in columns.chunks_exact_mut(pixels).enumerate() {
            let (shift, edge) = tap(index, shape.width);
            let far = shift.unsigned_abs().min(pixels);
            if shift < 0 {
                column[..far].fill(0.0);
                column[far..].copy_from_slice(&plane[..pixels - far]);
            } else {
                column[..pixels - far].copy_from_slice(&plane[far..]);
                column[pixels - far..].fill(0.0);
            }
            clear(column, edge, shape.width);
        }
    }
}

/// What [`lay_out`] spreads, added up again.
fn gather(columns: &mut [f32], shape: Shape, x: &mut [f32]) {
    let pixels = shape.pixels();
    for (plane, columns) in x.chunks_exact_mut(pixels).zip(columns.chunks_exact_mut(TAPS * pixels)) {
        plane.fill(0.0);
        for (index, column) in columns.chunks_exact_mut(pixels).enumerate() {
            let (shift, edge) = tap(index, shape.width);
            let far = shift.unsigned_abs().min(pixels);
            clear(column, edge, shape.width);
            let (to, from) =
                if shift < 0 { (&mut plane[..pixels - far], &column[far..]) } else { (&mut plane[far..], &column[..pixels - far]) };
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        }
    }
}

fn clear(column: &mut [f32], edge: Option<usize>, width: usize) {
    if let Some(edge) = edge {
        column.iter_mut().skip(edge).step_by(width).for_each(|value| *value = 0.0);
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Tensor, TensorData, module::conv2d, ops::ConvOptions};

    use crate::device::testing::test_async;
    use crate::device::{Place, Reads, convolve};

    fn wave<const D: usize>(shape: [usize; D], seed: f32, device: &Device) -> Tensor<D> {
        let values: Vec<f32> = (0..shape.iter().product()).map(|at| (1.3 * at as f32 + seed).sin()).collect();
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// Result and gradients of images, filters and bias against burn's own, on images of one line or column too.
    #[test_async]
    async fn convolutions_and_their_gradients_are_those_of_burn() {
        for [batch, into, to, height, width] in
            [[3, 2, 4, 5, 7], [19, 1, 8, 8, 8], [2, 6, 3, 1, 4], [2, 3, 2, 4, 1], [1, 1, 1, 1, 1], [9, 8, 16, 14, 14]]
        {
            let device = Place::cpu().autodiff();
            let mut found = Vec::new();
            for ours in [true, false] {
                let x = wave([batch, into, height, width], 0.1, &device).require_grad();
                let filters = wave([to, into, 3, 3], 0.2, &device).require_grad();
                let bias = wave([to], 0.3, &device).require_grad();
                let result = if ours {
                    convolve(x.clone(), filters.clone(), bias.clone())
                } else {
                    conv2d(x.clone(), filters.clone(), Some(bias.clone()), ConvOptions::new([1, 1], [1, 1], [1, 1], 1))
                };
                let gradients = (result.clone() * wave([batch, to, height, width], 0.4, &device)).sum().backward();
                let mut reads = Reads::default();
                reads.add(result.inner());
                reads.add(x.grad(&gradients).unwrap());
                reads.add(filters.grad(&gradients).unwrap());
                reads.add(bias.grad(&gradients).unwrap());
                found.push(reads.run().await.unwrap());
            }
            for (what, (ours, theirs)) in ["result", "images", "filters", "bias"].iter().zip(found[0].iter().zip(&found[1])) {
                assert_eq!(ours.len(), theirs.len());
                let size = theirs.iter().fold(1.0_f32, |most, value| most.max(value.abs()));
                for (one, other) in ours.iter().zip(theirs) {
                    assert!(
                        (one - other).abs() < 1e-5 * size,
                        "{what} of {batch} images {height}×{width}, {into} to {to}: {one} and {other}"
                    );
                }
            }
        }
    }

    /// As in training: the images carry no gradient.
    #[test_async]
    async fn images_without_gradients_are_convolved_by_filters_with_them() {
        let place = Place::cpu();
        let filters = wave([2, 1, 3, 3], 0.2, &place.autodiff()).require_grad();
        let result = convolve(wave([2, 1, 4, 4], 0.1, &place.inner()), filters.clone(), wave([2], 0.3, &place.autodiff()).require_grad());
        assert!(filters.grad(&result.sum().backward()).is_some());
    }
}
