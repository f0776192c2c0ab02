//! The largest of every 2×2 pixels. burn's pool takes windows of any kind, pixel by pixel with divisions and tests, and took two fifths of a
//! step of W3.
//!
//! To be deleted when burn-flex has a quick path for windows that do not overlap (`burn-flex/src/ops/pool.rs`).

#![expect(clippy::extra_unused_type_parameters, reason = "`with_simd` asks for one")]

use macerator::Simd;

use super::in_parts;

/// `x` is planes of `height·width` numbers, `out` as many of `(height/2)·(width/2)`, rounded down.
pub fn forward(x: &[f32], [height, width]: [usize; 2], out: &mut [f32]) {
    let [plane, pooled] = [height * width, (height / 2) * (width / 2)];
    in_parts([(x, plane)], (out, pooled), |[x], out| {
        for (x, out) in x.chunks_exact(plane).zip(out.chunks_exact_mut(pooled)) {
            forward_plane(x, width, out);
        }
    });
}

/// The gradient of `x`, given that of the result: it flows to the largest, of equals to the first, row by row.
pub fn backward(x: &[f32], gradient: &[f32], [height, width]: [usize; 2], out: &mut [f32]) {
    let [plane, pooled] = [height * width, (height / 2) * (width / 2)];
    in_parts([(x, plane), (gradient, pooled)], (out, plane), |[x, gradient], out| {
        for ((x, gradient), out) in x.chunks_exact(plane).zip(gradient.chunks_exact(pooled)).zip(out.chunks_exact_mut(plane)) {
            backward_plane(x, gradient, width, out);
        }
    });
}

/// Whatever is no number wins.
#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if a >= b || a.is_nan() { a } else { b }
}

// The loops are plain, so that the compiler sees them whole; the function around them is compiled for the vectors of the machine.
#[macerator::with_simd]
fn forward_plane<S: Simd>(x: &[f32], width: usize, out: &mut [f32]) {
    for (lines, out) in x.chunks_exact(2 * width).zip(out.chunks_exact_mut(width / 2)) {
        let (above, below) = lines.split_at(width);
        for ((above, below), out) in above.chunks_exact(2).zip(below.chunks_exact(2)).zip(out) {
            *out = larger(larger(above[0], above[1]), larger(below[0], below[1]));
        }
    }
}

#[macerator::with_simd]
fn backward_plane<S: Simd>(x: &[f32], gradient: &[f32], width: usize, out: &mut [f32]) {
    let pooled = gradient.chunks_exact(width / 2);
    if width % 2 == 1 || x.len() != 2 * width * pooled.len() {
        // Pixels at the edge may be in no window.
        out.fill(0.0);
    }
    for ((lines, gradient), out) in x.chunks_exact(2 * width).zip(pooled).zip(out.chunks_exact_mut(2 * width)) {
        let (above, below) = lines.split_at(width);
        let (out_above, out_below) = out.split_at_mut(width);
        let windows = above.chunks_exact(2).zip(below.chunks_exact(2)).zip(gradient);
        for (((above, below), gradient), (out_above, out_below)) in
            windows.zip(out_above.chunks_exact_mut(2).zip(out_below.chunks_exact_mut(2)))
        {
            let (left, right) = (larger(above[0], above[1]), larger(below[0], below[1]));
            let upper = left >= right || left.is_nan();
            let first = above[0] >= above[1] || above[0].is_nan();
            let third = below[0] >= below[1] || below[0].is_nan();
            let to = |wins: bool| if wins { *gradient } else { 0.0 };
            out_above[0] = to(upper & first);
            out_above[1] = to(upper & !first);
            out_below[0] = to(!upper & third);
            out_below[1] = to(!upper & !third);
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Tensor, TensorData, module::max_pool2d, ops::MaxPoolOptions};

    use crate::device::testing::test_async;
    use crate::device::{Place, max_pool, read};

    /// Against burn's own pool, on whole and on half numbers, of which many are equal, and on sides that are odd.
    #[test_async]
    async fn pools_and_their_gradients_are_those_of_burn() {
        for shape in [[3, 5, 8, 8], [2, 3, 7, 5], [1, 1, 2, 2], [40, 8, 28, 28]] {
            let count: usize = shape.iter().product();
            let values: Vec<f32> = (0..count).map(|at| (3.0 * (1.7 * at as f32).sin()).round() * 0.5).collect();
            let mut found = Vec::new();
            for ours in [true, false] {
                let input = Tensor::<4>::from_data(TensorData::new(values.clone(), shape), &Place::cpu().autodiff()).require_grad();
                let pooled =
                    if ours { max_pool(input.clone()) } else { max_pool2d(input.clone(), MaxPoolOptions::new([2, 2]).with_stride([2, 2])) };
                let weights = pooled.clone().inner().square() + 0.5;
                let gradient = input.grad(&(pooled.clone() * Tensor::from_inner(weights)).sum().backward()).unwrap();
                found.push((read(pooled.inner()).await.unwrap(), read(gradient).await.unwrap()));
            }
            assert_eq!(found[0], found[1], "{shape:?}");
        }
    }

    #[test_async]
    async fn what_is_no_number_is_not_lost() {
        for at in 0..4 {
            let mut values = vec![1.0_f32, 2.0, 3.0, 4.0];
            values[at] = f32::NAN;
            let found = read(max_pool(Tensor::<4>::from_data(TensorData::new(values, [1, 1, 2, 2]), &Place::cpu().inner()))).await.unwrap();
            assert!(found[0].is_nan(), "at {at}: {found:?}");
        }
    }

    #[test_async]
    async fn a_side_of_one_is_left() {
        let line = Tensor::<4>::from_data(TensorData::new(vec![1.0_f32, 5.0, 2.0, 3.0], [1, 1, 1, 4]), &Place::cpu().inner());
        assert_eq!(read(max_pool(line)).await.unwrap(), [5.0, 3.0]);
    }
}
