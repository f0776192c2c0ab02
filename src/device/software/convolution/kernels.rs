//! What the units do. A `run` is the part of a line of the image that a filter sees.

use burn_cubecl::cubecl::{self, prelude::*};

use crate::device::software::product::add_four;

/// A unit copies a pixel.
#[cube(launch)]
pub(super) fn copy_image(
    image: &Tensor<f32>,
    out: &mut Tensor<f32>,
    batch_stride: usize,
    channel_stride: usize,
    y_stride: usize,
    x_stride: usize,
    pixels: usize,
    channels: usize,
    high: usize,
    wide: usize,
    height: usize,
    width: usize,
    up: usize,
    left: usize,
) {
    let pixel = ABSOLUTE_POS;
    if pixel >= pixels {
        terminate!();
    }
    let x = pixel % width;
    let y = pixel / width % height;
    let to = pixel * channels;
    if y >= up && y < up + high && x >= left && x < left + wide {
        let from = pixel / width / height * batch_stride + (y - up) * y_stride + (x - left) * x_stride;
        for c in 0..channels {
            out[to + c] = image[from + c * channel_stride];
        }
    } else {
        for c in 0..channels {
            out[to + c] = 0.0;
        }
    }
}

/// `[high·wide·into, outof]`, and the bias as a last row.
#[cube(launch)]
pub(super) fn filter_table(
    weight: &Tensor<f32>,
    bias: &Tensor<f32>,
    out: &mut Tensor<f32>,
    into: usize,
    outof: usize,
    high: usize,
    wide: usize,
    row: usize,
    column: usize,
    down: usize,
    across: usize,
    #[comptime] turned: bool,
    #[comptime] biased: bool,
) {
    let at = ABSOLUTE_POS;
    let taps = high * wide;
    if at >= (taps * into + 1) * outof {
        terminate!();
    }
    let o = at % outof;
    let tap = at / outof / into;
    if tap == taps {
        if biased {
            out[at] = bias[o];
        } else {
            out[at] = 0.0;
        }
    } else {
        let c = at / outof % into;
        let shown = if turned { taps - 1 - tap } else { tap };
        out[at] = weight[c * row + o * column + shown / wide * down + shown % wide * across];
    }
}

/// A unit computes `wide` vectors of channels of `pixels` pixels side by side. `step`, `line` and `run` are how far apart two pixels and two
/// lines of the image lie, and how much of a line a filter sees, in what the image is read in.
#[cube(launch)]
pub(super) fn by_vectors<N: Size>(
    image: &Tensor<Vector<f32, N>>,
    filters: &Tensor<Vector<f32, N>>,
    out: &mut Tensor<Vector<f32, N>>,
    units: usize,
    columns: usize,
    blocks: usize,
    height: usize,
    width: usize,
    padded: usize,
    line: usize,
    step: usize,
    high: usize,
    run: usize,
    #[comptime] pixels: usize,
    #[comptime] wide: usize,
) {
    let unit = ABSOLUTE_POS;
    if unit >= units {
        terminate!();
    }
    let o = unit % (columns / wide) * wide;
    let x = unit / (columns / wide) % blocks * pixels;
    let row = unit / (columns / wide) / blocks;
    let first = (row / height * padded + row % height) * line + x * step;
    let mut sums = Array::<Vector<f32, N>>::new(comptime!(pixels * wide));
    #[unroll]
    for c in 0..wide {
        let bias = filters[high * run * 4 * columns + o + c];
        #[unroll]
        for i in 0..pixels {
            sums[i * wide + c] = bias;
        }
    }
    let mut seen = Array::<Vector<f32, N>>::new(comptime!(wide * 4));
    for ky in 0..high {
        let from = first + ky * line;
        let table = ky * run * 4 * columns + o;
        for k in 0..run {
            #[unroll]
            for c in 0..wide {
                #[unroll]
                for i in 0..4 {
                    seen[c * 4 + i] = filters[table + (k * 4 + i) * columns + c];
                }
            }
            #[unroll]
            for i in 0..pixels {
                let a = image[from + k + i * step];
                #[unroll]
                for c in 0..wide {
                    sums[i * wide + c] = add_four(sums[i * wide + c], a, seen[c * 4], seen[c * 4 + 1], seen[c * 4 + 2], seen[c * 4 + 3]);
                }
            }
        }
    }
    let to = (row * width + x) * columns + o;
    #[unroll]
    for i in 0..pixels {
        if x + i < width {
            #[unroll]
            for c in 0..wide {
                out[to + i * columns + c] = sums[i * wide + c];
            }
        }
    }
}

/// As [`by_vectors`], for images whose channels make no vectors.
#[cube(launch)]
pub(super) fn by_numbers<N: Size>(
    image: &Tensor<f32>,
    filters: &Tensor<Vector<f32, N>>,
    out: &mut Tensor<Vector<f32, N>>,
    units: usize,
    columns: usize,
    blocks: usize,
    height: usize,
    width: usize,
    padded: usize,
    line: usize,
    step: usize,
    high: usize,
    run: usize,
    #[comptime] pixels: usize,
    #[comptime] wide: usize,
) {
    let unit = ABSOLUTE_POS;
    if unit >= units {
        terminate!();
    }
    let o = unit % (columns / wide) * wide;
    let x = unit / (columns / wide) % blocks * pixels;
    let row = unit / (columns / wide) / blocks;
    let first = (row / height * padded + row % height) * line + x * step;
    let mut sums = Array::<Vector<f32, N>>::new(comptime!(pixels * wide));
    #[unroll]
    for c in 0..wide {
        let bias = filters[high * run * columns + o + c];
        #[unroll]
        for i in 0..pixels {
            sums[i * wide + c] = bias;
        }
    }
    let mut seen = Array::<Vector<f32, N>>::new(wide);
    for ky in 0..high {
        let from = first + ky * line;
        let table = ky * run * columns + o;
        for k in 0..run {
            #[unroll]
            for c in 0..wide {
                seen[c] = filters[table + k * columns + c];
            }
            #[unroll]
            for i in 0..pixels {
                let a = Vector::broadcast(image[from + k + i * step]);
                #[unroll]
                for c in 0..wide {
                    sums[i * wide + c] = fma(a, seen[c], sums[i * wide + c]);
                }
            }
        }
    }
    let to = (row * width + x) * columns + o;
    #[unroll]
    for i in 0..pixels {
        if x + i < width {
            #[unroll]
            for c in 0..wide {
                out[to + i * columns + c] = sums[i * wide + c];
            }
        }
    }
}

/// A unit sums the gradient of four channels of what came out for four of the image, at one place of the filter and over a part of the rows.
#[cube(launch)]
pub(super) fn slopes_by_vectors<N: Size>(
    image: &Tensor<Vector<f32, N>>,
    grad: &Tensor<Vector<f32, N>>,
    out: &mut Tensor<Vector<f32, N>>,
    units: usize,
    columns: usize,
    high: usize,
    run: usize,
    rows: usize,
    length: usize,
    height: usize,
    width: usize,
    padded: usize,
    line: usize,
    step: usize,
) {
    let unit = ABSOLUTE_POS;
    if unit >= units {
        terminate!();
    }
    let o = unit % columns;
    let k = unit / columns % run;
    let ky = unit / columns / run % high;
    let part = unit / columns / run / high;
    let mut s0 = Vector::<f32, N>::zeroed();
    let mut s1 = Vector::<f32, N>::zeroed();
    let mut s2 = Vector::<f32, N>::zeroed();
    let mut s3 = Vector::<f32, N>::zeroed();
    for row in part * length..min(part * length + length, rows) {
        let from = (row / height * padded + row % height + ky) * line + k;
        let above = row * width * columns + o;
        for x in 0..width {
            let a = image[from + x * step];
            let g = grad[above + x * columns];
            s0 = fma(Vector::broadcast(a.extract(0usize)), g, s0);
            s1 = fma(Vector::broadcast(a.extract(1usize)), g, s1);
            s2 = fma(Vector::broadcast(a.extract(2usize)), g, s2);
            s3 = fma(Vector::broadcast(a.extract(3usize)), g, s3);
        }
    }
    let to = ((part * high + ky) * run + k) * 4 * columns + o;
    out[to] = s0;
    out[to + columns] = s1;
    out[to + 2 * columns] = s2;
    out[to + 3 * columns] = s3;
}

/// As [`slopes_by_vectors`], for one channel of the image.
#[cube(launch)]
pub(super) fn slopes_by_numbers<N: Size>(
    image: &Tensor<f32>,
    grad: &Tensor<Vector<f32, N>>,
    out: &mut Tensor<Vector<f32, N>>,
    units: usize,
    columns: usize,
    high: usize,
    run: usize,
    rows: usize,
    length: usize,
    height: usize,
    width: usize,
    padded: usize,
    line: usize,
    step: usize,
) {
    let unit = ABSOLUTE_POS;
    if unit >= units {
        terminate!();
    }
    let o = unit % columns;
    let k = unit / columns % run;
    let ky = unit / columns / run % high;
    let part = unit / columns / run / high;
    let mut sum = Vector::<f32, N>::zeroed();
    for row in part * length..min(part * length + length, rows) {
        let from = (row / height * padded + row % height + ky) * line + k;
        let above = row * width * columns + o;
        for x in 0..width {
            sum = fma(Vector::broadcast(image[from + x * step]), grad[above + x * columns], sum);
        }
    }
    out[((part * high + ky) * run + k) * columns + o] = sum;
}

/// From `[parts, taps·into, outof]` to `[outof, into, taps]`.
#[cube(launch)]
pub(super) fn sum_parts(parts: &Tensor<f32>, out: &mut Tensor<f32>, count: usize, into: usize, outof: usize, taps: usize) {
    let at = ABSOLUTE_POS;
    let all = taps * into * outof;
    if at >= all {
        terminate!();
    }
    let tap = at % taps;
    let c = at / taps % into;
    let from = (tap * into + c) * outof + at / taps / into;
    let mut sum = 0.0f32;
    for part in 0..count {
        sum += parts[part * all + from];
    }
    out[at] = sum;
}
