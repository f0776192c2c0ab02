//! Convolutions of two axes and their gradients. The image is copied once, a line of all its channels behind another and with its padding;
//! then the pixels under a line of the filter lie side by side, and a convolution is a matrix product that asks about no border.

mod kernels;

use burn::backend::fusion::stream::Context;
use burn::backend::ir::{Conv2dOpIr, Conv2dOptionsIr, Conv2dWeightBackwardOpIr, Conv2dXBackwardOpIr};
use burn_cubecl::cubecl::calculate_cube_count_elemwise;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::fusion::CubeFusionHandle;
use serde::{Deserialize, Serialize};

use super::product::LANES;
use super::{Seen, beside, in_order, look, take};

/// Pixels of a unit's block at most, side by side.
const PIXELS: usize = 16;
/// Units of a group.
const GROUP: u32 = 32;
/// Parts of the rows that a gradient of the filters is summed over apart from each other.
const PARTS: usize = 32;
/// Numbers of what is kept besides at most: 128 MiB, what WebGPU promises of a buffer.
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
        if !plain || batch * into * outof * height * width == 0 || outof % LANES != 0 {
            return None;
        }
        let blocks = width.div_ceil(PIXELS);
        let pixels = width.div_ceil(blocks);
        let padded = [height + high - 1, blocks * pixels + wide - 1];
        let fits = batch * padded[0] * padded[1] * into <= MOST;
        fits.then_some(Self {
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
        kernels::filter_table::launch(
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
        let vectors_wide = if columns.is_multiple_of(2) { 2 } else { 1 };
        let units = self.batch * height * blocks * columns / vectors_wide;
        let count = calculate_cube_count_elemwise(&client, units, dim);
        let out_shape = [self.batch, height, width, outof];
        let flat = CubeFusionHandle { strides: in_order(&out_shape).as_slice().into(), ..result.clone() };
        let vectors = into % LANES == 0;
        let step = if vectors { into / LANES } else { into };
        let line = self.padded[1] * step;
        let launch = if vectors { kernels::by_vectors::launch } else { kernels::by_numbers::launch };
        launch(
            &client,
            count,
            dim,
            LANES,
            lines.into_tensor_arg(self.copied().into()),
            table.into_tensor_arg([depth + 1, outof].into()),
            flat.into_tensor_arg(out_shape.into()),
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
        let length = rows.div_ceil((MOST / (depth * outof)).clamp(1, PARTS));
        let parts = rows.div_ceil(length);
        let sums = beside(&lines, parts * depth * outof, &[depth * outof, outof, 1]);
        let vectors = into % LANES == 0;
        let step = if vectors { into / LANES } else { into };
        let units = parts * high * wide * step * columns;
        let count = calculate_cube_count_elemwise(&client, units, dim);
        let launch = if vectors { kernels::slopes_by_vectors::launch } else { kernels::slopes_by_numbers::launch };
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
        kernels::sum_parts::launch(
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
        if [height, width] == [high, wide] && [up, left] == [0, 0] && [b, c, y, x] == [ob, oc, oy, ox] {
            return CubeFusionHandle { strides: order.as_slice().into(), ..image };
        }
        let client = image.client.clone();
        let dim = CubeDim::new_1d(GROUP);
        let result = beside(&image, batch * height * width * channels, &order);
        kernels::copy_image::launch(
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
