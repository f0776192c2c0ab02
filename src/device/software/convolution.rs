//! Convolutions of two axes and their gradients. The image is copied once, a line of all its channels behind another and with its padding;
//! then the pixels under a line of the filter lie side by side, and a convolution is a matrix product that asks about no border.

use burn::backend::fusion::stream::Context;
use burn::backend::ir::{Conv2dOpIr, Conv2dOptionsIr, Conv2dWeightBackwardOpIr, Conv2dXBackwardOpIr};
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::cubecl::{self, calculate_cube_count_elemwise};
use burn_cubecl::fusion::CubeFusionHandle;
use serde::{Deserialize, Serialize};

use super::product::{LANES, add_four};
use super::{Seen, beside, in_order, look, take};

/// Pixels of a unit's block at most, side by side.
const PIXELS: usize = 16;
/// Units of a group.
const GROUP: u32 = 32;
/// Parts of the rows that a gradient of the filters is summed over apart from each other.
const PARTS: usize = 32;
/// Numbers of a copied image at most: 128 MiB, what WebGPU promises of a buffer.
const MOST: usize = 32 << 20;

#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Convolution {
    Forward(Conv2dOpIr),
    InputGradient(Conv2dXBackwardOpIr),
    WeightGradient(Conv2dWeightBackwardOpIr),
}

impl Convolution {
    /// `None`, and nothing touched, when the convolution is of another kind than the kernels here: with strides, gaps or groups, or with a
    /// number of output channels that is no multiple of 4.
    pub(super) fn run(&self, context: &mut Context<CubeFusionHandle>) -> Option<()> {
        match self {
            Self::Forward(forward) => {
                let (image, filters) = (look(context, &forward.x)?, look(context, &forward.weight)?);
                let bias = forward.bias.as_ref().map(|bias| look(context, bias)).map_or(Some(None), |seen| seen.map(Some))?;
                let out = context.tensors[&forward.out.id].clone();
                let shape = Shapes::new(&image, &filters, &out.shape, &forward.options, false)?;
                let [x, w] = [&image, &filters].map(|seen| take(context, seen));
                let bias = bias.map(|seen| take(context, &seen));
                let result = shape.convolve(&image, x, &filters, w, bias);
                context.handles.register_handle(out.id, result);
            }
            Self::InputGradient(backward) => {
                let (image, filters) = (look(context, &backward.output_grad)?, look(context, &backward.weight)?);
                let unused = look(context, &backward.x)?;
                let out = context.tensors[&backward.out.id].clone();
                let shape = Shapes::new(&image, &filters, &out.shape, &backward.options, true)?;
                let [g, w, _] = [&image, &filters, &unused].map(|seen| take(context, seen));
                let result = shape.convolve(&image, g, &filters, w, None);
                context.handles.register_handle(out.id, result);
            }
            Self::WeightGradient(backward) => {
                let (image, grad) = (look(context, &backward.x)?, look(context, &backward.output_grad)?);
                let filters = look(context, &backward.weight)?;
                let out = context.tensors[&backward.out.id].clone();
                let shape = Shapes::new(&image, &filters, &grad.named.shape, &backward.options, false)?;
                let [x, g, _] = [&image, &grad, &filters].map(|seen| take(context, seen));
                let result = shape.slopes(&image, x, &grad, g);
                context.handles.register_handle(out.id, result);
            }
        }
        Some(())
    }
}

/// Sizes of a convolution that the kernels here can compute.
struct Shapes {
    batch: usize,
    /// Of the image, and of what comes out.
    channels: [usize; 2],
    filter: [usize; 2],
    padding: [usize; 2],
    /// Height and width of what comes out.
    out: [usize; 2],
    /// Blocks of pixels along a line of it, and the pixels of one.
    blocks: [usize; 2],
    /// Height and width of the copied image.
    padded: [usize; 2],
    /// The filters are turned around, as in a gradient of the image.
    turned: bool,
}

impl Shapes {
    fn new(image: &Seen, filters: &Seen, out: &[usize], options: &Conv2dOptionsIr, turned: bool) -> Option<Self> {
        let (&[batch, into, ..], &[_, outof, height, width]) = (&image.named.shape[..], out) else { return None };
        let &[_, _, high, wide] = &filters.named.shape[..] else { return None };
        let plain = options.stride == [1, 1] && options.dilation == [1, 1] && options.groups == 1;
        let [up, left] = options.padding.map(|(before, _)| before);
        let padding = if turned { [high.checked_sub(up + 1)?, wide.checked_sub(left + 1)?] } else { [up, left] };
        let blocks = width.div_ceil(PIXELS);
        let pixels = width.div_ceil(blocks);
        let padded = [height + high - 1, blocks * pixels + wide - 1];
        let fits = batch * padded[0] * padded[1] * into <= MOST;
        let some = batch * into * outof * height * width > 0;
        (plain && fits && some && outof % LANES == 0).then_some(Self {
            batch,
            channels: [into, outof],
            filter: [high, wide],
            padding,
            out: [height, width],
            blocks: [blocks, pixels],
            padded,
            turned,
        })
    }

    /// `[batch, height, width, channels]`, read as `[batch, channels, height, width]`.
    fn convolve(
        &self,
        seen: &Seen,
        image: CubeFusionHandle,
        filters: &Seen,
        weight: CubeFusionHandle,
        bias: Option<CubeFusionHandle>,
    ) -> CubeFusionHandle {
        let [into, outof] = self.channels;
        let [high, wide] = self.filter;
        let [height, width] = self.out;
        let client = image.client.clone();
        let dim = CubeDim::new_1d(GROUP);
        let columns = outof / LANES;

        let lines = self.copy(seen, image, self.padded, self.padding);
        let depth = high * wide * into;
        let table = beside(&lines, (depth + 1) * outof, &[outof, 1]);
        let [outer, inner, down, across] = filters.strides[..] else { unreachable!("filters have four axes") };
        let (row, column) = if self.turned { (outer, inner) } else { (inner, outer) };
        let biased = bias.is_some();
        let (bias_shape, bias) = match bias {
            Some(bias) => ([outof], bias),
            None => ([1], beside(&lines, 1, &[1])),
        };
        filter_table::launch(
            &client,
            calculate_cube_count_elemwise(&client, (depth + 1) * outof, dim),
            dim,
            weight.into_tensor_arg(filters.named.shape.clone()),
            bias.into_tensor_arg(bias_shape.into()),
            table.clone().into_tensor_arg([depth + 1, outof].into()),
            into,
            outof,
            high,
            wide,
            row,
            column,
            down,
            across,
            self.turned,
            biased,
        );

        let result = beside(&lines, self.batch * height * width * outof, &[height * width * outof, 1, width * outof, outof]);
        let [blocks, pixels] = self.blocks;
        let vectors_wide = if columns % 2 == 0 { 2 } else { 1 };
        let units = self.batch * height * blocks * columns / vectors_wide;
        let count = calculate_cube_count_elemwise(&client, units, dim);
        let (shape, out_shape) = (self.copied(), [self.batch, height, width, outof]);
        let (flat, table) = (CubeFusionHandle { strides: in_order(&out_shape).as_slice().into(), ..result.clone() }, table);
        let (lines, table, flat) =
            (lines.into_tensor_arg(shape.into()), table.into_tensor_arg([depth + 1, outof].into()), flat.into_tensor_arg(out_shape.into()));
        let vectors = into % LANES == 0;
        let step = if vectors { into / LANES } else { into };
        let line = self.padded[1] * step;
        let launch = if vectors { by_vectors::launch } else { by_numbers::launch };
        launch(
            &client,
            count,
            dim,
            LANES,
            lines,
            table,
            flat,
            units,
            columns,
            blocks,
            height,
            width,
            self.padded[0],
            line,
            step,
            high,
            wide * step,
            pixels,
            vectors_wide,
        );
        result
    }

    /// `[outof, into, high, wide]`.
    fn slopes(&self, seen: &Seen, image: CubeFusionHandle, grad_seen: &Seen, grad: CubeFusionHandle) -> CubeFusionHandle {
        let [into, outof] = self.channels;
        let [high, wide] = self.filter;
        let [height, width] = self.out;
        let client = image.client.clone();
        let dim = CubeDim::new_1d(GROUP);
        let columns = outof / LANES;

        let lines = self.copy(seen, image, self.padded, self.padding);
        let grads = self.copy(grad_seen, grad, self.out, [0, 0]);
        let depth = high * wide * into;
        let rows = self.batch * height;
        let length = rows.div_ceil(PARTS);
        let parts = rows.div_ceil(length);
        let sums = beside(&lines, parts * depth * outof, &[depth * outof, outof, 1]);
        let vectors = into % LANES == 0;
        let step = if vectors { into / LANES } else { into };
        let units = parts * high * wide * step * columns;
        let count = calculate_cube_count_elemwise(&client, units, dim);
        let launch = if vectors { slopes_by_vectors::launch } else { slopes_by_numbers::launch };
        launch(
            &client,
            count,
            dim,
            LANES,
            lines.into_tensor_arg(self.copied().into()),
            grads.into_tensor_arg([self.batch, height, width, outof].into()),
            sums.clone().into_tensor_arg([parts, depth, outof].into()),
            units,
            columns,
            high,
            wide * step,
            rows,
            length,
            height,
            width,
            self.padded[0],
            self.padded[1] * step,
            step,
        );
        let shape = [outof, into, high, wide];
        let result = beside(&sums, depth * outof, &in_order(&shape));
        sum_parts::launch(
            &client,
            calculate_cube_count_elemwise(&client, depth * outof, dim),
            dim,
            sums.into_tensor_arg([parts, depth, outof].into()),
            result.clone().into_tensor_arg(shape.into()),
            parts,
            into,
            outof,
            high * wide,
        );
        result
    }

    fn copied(&self) -> [usize; 4] {
        [self.batch, self.padded[0], self.padded[1], self.channels[0]]
    }

    /// The image within zeros, `[batch, height, width, channels]`; itself when it lies so already.
    fn copy(&self, seen: &Seen, image: CubeFusionHandle, [height, width]: [usize; 2], [up, left]: [usize; 2]) -> CubeFusionHandle {
        let [batch, channels, high, wide] = seen.named.shape[..] else { unreachable!("an image has four axes") };
        let shape = [batch, height, width, channels];
        let order = in_order(&shape);
        let ([b, c, y, x], [ob, oy, ox, oc]) = (&seen.strides[..], &order[..]) else { unreachable!("an image has four axes") };
        if [height, width] == [high, wide] && [b, c, y, x] == [ob, oc, oy, ox] {
            return CubeFusionHandle { strides: order.as_slice().into(), ..image };
        }
        let client = image.client.clone();
        let dim = CubeDim::new_1d(GROUP);
        let result = beside(&image, batch * height * width * channels, &order);
        copy_image::launch(
            &client,
            calculate_cube_count_elemwise(&client, batch * height * width, dim),
            dim,
            image.into_tensor_arg(seen.named.shape.clone()),
            result.clone().into_tensor_arg(shape.into()),
            *b,
            *c,
            *y,
            *x,
            batch * height * width,
            channels,
            high,
            wide,
            height,
            width,
            up,
            left,
        );
        result
    }
}

/// A unit copies a pixel.
#[cube(launch)]
fn copy_image(
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
fn filter_table(
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
fn by_vectors<N: Size>(
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
fn by_numbers<N: Size>(
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
fn slopes_by_vectors<N: Size>(
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
fn slopes_by_numbers<N: Size>(
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
fn sum_parts(parts: &Tensor<f32>, out: &mut Tensor<f32>, count: usize, into: usize, outof: usize, taps: usize) {
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
