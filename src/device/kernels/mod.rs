//! Operations of our own where burn's CPU backend computes one number at a time. Elsewhere burn's own operations are used.

mod convolution;
mod gelu;
mod pool;

use burn::backend::autodiff::{
    NodeId,
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind, unary},
};
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension, tensor::FloatTensor};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{DType, Device, Shape, Tensor, activation, module};

/// Numbers per task of a thread: 64 KiB, some 20 µs of work.
#[cfg(not(target_family = "wasm"))]
const CHUNK: usize = 16_384;

/// `x·Φ(x)`, the exact GELU (Hendrycks & Gimpel 2016), of a tensor of any shape.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if !is_ours(&x) {
        return activation::gelu(x);
    }
    Tensor::from_dispatch(<Dispatch as Kernels>::fast_gelu(x.into_dispatch()))
}

/// The largest of every 2×2 pixels: `[batch, channels, height, width]` to `[batch, channels, height/2, width/2]`, rounded down. A side of 1,
/// which cannot be halved, is left.
pub fn max_pool(x: Tensor<4>) -> Tensor<4> {
    let [_, _, height, width] = x.dims();
    if !is_ours(&x) || height < 2 || width < 2 {
        let window = [height.min(2), width.min(2)];
        return module::max_pool2d(x, MaxPoolOptions::new(window).with_stride(window));
    }
    Tensor::from_dispatch(<Dispatch as Kernels>::fast_max_pool(x.into_dispatch()))
}

/// `[batch, channels_in, height, width]` to `[batch, channels_out, height, width]` by 3×3 filters, with zeros around the images. Filters are
/// `[channels_out, channels_in, 3, 3]`, the bias is `[channels_out]`.
pub fn convolve(x: Tensor<4>, filters: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
    if !is_ours(&x) {
        return module::conv2d(x, filters, Some(bias), ConvOptions::new([1, 1], [1, 1], [1, 1], 1));
    }
    let [x, filters, bias] = [x.into_dispatch(), filters.into_dispatch(), bias.into_dispatch()];
    Tensor::from_dispatch(<Dispatch as Kernels>::fast_convolution(x, filters, bias))
}

fn is_ours<const D: usize>(x: &Tensor<D>) -> bool {
    // Devices are equal with and without gradients.
    x.device() == Device::flex() && x.dtype() == DType::F32
}

#[backend_extension(Autodiff, Flex)]
trait Kernels: Backend {
    fn fast_gelu(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradient of `x`, given that of the result.
    fn fast_gelu_backward(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Both sides of `x` are 2 at least.
    fn fast_max_pool(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradient of `x`, given that of the result.
    fn fast_max_pool_backward(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    fn fast_convolution(x: FloatTensor<Self>, filters: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradient of `x`, given that of the result.
    fn fast_convolution_x_backward(filters: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradient of the filters, given that of the result.
    fn fast_convolution_filters_backward(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// Computes a tensor of `shape` out of the numbers of others.
fn computed<const N: usize>(
    inputs: [FloatTensor<Flex>; N],
    shape: Shape,
    compute: impl FnOnce([&[f32]; N], &mut [f32]),
) -> FloatTensor<Flex> {
    let inputs = inputs.map(|input| input.to_contiguous());
    let mut out = FloatTensor::<Flex>::empty(shape, DType::F32);
    compute(inputs.each_ref().map(|input| input.as_slice::<f32>().expect("contiguous f32")), out.storage_mut());
    out
}

impl Kernels for Flex {
    fn fast_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = x.layout().shape().clone();
        computed([x], shape, |[x], out| gelu::forward(x, out))
    }

    fn fast_gelu_backward(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = x.layout().shape().clone();
        computed([x, gradient], shape, |[x, gradient], out| gelu::backward(x, gradient, out))
    }

    fn fast_max_pool(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let [batch, channels, height, width] = x.layout().shape().dims();
        computed([x], Shape::new([batch, channels, height / 2, width / 2]), |[x], out| pool::forward(x, [height, width], out))
    }

    fn fast_max_pool_backward(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = x.layout().shape().clone();
        let [_, _, height, width] = shape.dims();
        computed([x, gradient], shape, |[x, gradient], out| pool::backward(x, gradient, [height, width], out))
    }

    fn fast_convolution(x: FloatTensor<Self>, filters: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self> {
        let [batch, into, height, width] = x.layout().shape().dims();
        let [to, ..] = filters.layout().shape().dims::<4>();
        let sizes = convolution([height, width], [into, to]);
        let shape = Shape::new([batch, to, height, width]);
        computed([x, filters, bias], shape, |[x, filters, bias], out| convolution::forward(x, filters, bias, sizes, out))
    }

    fn fast_convolution_x_backward(filters: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let [batch, to, height, width] = gradient.layout().shape().dims();
        let [_, into, ..] = filters.layout().shape().dims::<4>();
        let sizes = convolution([height, width], [into, to]);
        let shape = Shape::new([batch, into, height, width]);
        computed([gradient, filters], shape, |[gradient, filters], out| convolution::image_gradient(gradient, filters, sizes, out))
    }

    fn fast_convolution_filters_backward(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let [_, into, height, width] = x.layout().shape().dims();
        let [_, to, ..] = gradient.layout().shape().dims::<4>();
        let sizes = convolution([height, width], [into, to]);
        computed([x, gradient], Shape::new([to, into, 3, 3]), |[x, gradient], out| convolution::filter_gradient(x, gradient, sizes, out))
    }
}

fn convolution([height, width]: [usize; 2], channels: [usize; 2]) -> convolution::Shape {
    convolution::Shape { height, width, channels }
}

#[derive(Debug)]
struct Gelu;

impl<B: Kernels> Backward<B, 1> for Gelu {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let x = ops.state;
        unary::<B, _>(ops.parents, ops.node, gradients, |gradient| B::fast_gelu_backward(x, gradient));
    }
}

#[derive(Debug)]
struct MaxPool;

impl<B: Kernels> Backward<B, 1> for MaxPool {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let x = ops.state;
        unary::<B, _>(ops.parents, ops.node, gradients, |gradient| B::fast_max_pool_backward(x, gradient));
    }
}

#[derive(Debug)]
struct Convolution;

impl<B: Kernels> Backward<B, 3> for Convolution {
    /// Images and filters.
    type State = [NodeId; 2];

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [x_node, filters_node, bias_node] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        let [x, filters] = ops.state;
        if let Some(node) = x_node {
            let filters = checkpointer.retrieve_node_output::<FloatTensor<B>>(filters);
            gradients.register::<B>(node.id, B::fast_convolution_x_backward(filters, gradient.clone()));
        }
        if let Some(node) = filters_node {
            let x = checkpointer.retrieve_node_output::<FloatTensor<B>>(x);
            gradients.register::<B>(node.id, B::fast_convolution_filters_backward(x, gradient.clone()));
        }
        if let Some(node) = bias_node {
            let [batch, channels, height, width] = gradient.shape().dims();
            let rows = B::float_sum_dim(B::float_reshape(gradient, Shape::new([batch, channels, height * width])), 2);
            let sums = B::float_sum_dim(B::float_reshape(rows, Shape::new([batch, channels])), 0);
            gradients.register::<B>(node.id, B::float_reshape(sums, Shape::new([channels])));
        }
    }
}

/// The operation with its backward pass, which needs what went in and nothing of what came out.
fn tracked<B: Kernels, C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<B, C>>,
    backward: impl Backward<B, 1, State = FloatTensor<B>>,
    forward: impl FnOnce(FloatTensor<B>) -> FloatTensor<B>,
) -> FloatTensor<Autodiff<B, C>> {
    match backward.prepare::<C>([x.node()]).compute_bound().stateful() {
        OpsKind::Tracked(step) => {
            let x = x.into_primitive();
            step.finish(x.clone(), forward(x))
        }
        OpsKind::UnTracked(step) => step.finish(forward(x.into_primitive())),
    }
}

impl<B: Kernels, C: CheckpointStrategy> Kernels for Autodiff<B, C> {
    fn fast_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        tracked::<B, C>(x, Gelu, B::fast_gelu)
    }

    fn fast_gelu_backward(_x: FloatTensor<Self>, _gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        unimplemented!("a second derivative of GELU is asked for nowhere")
    }

    fn fast_max_pool(x: FloatTensor<Self>) -> FloatTensor<Self> {
        tracked::<B, C>(x, MaxPool, B::fast_max_pool)
    }

    fn fast_max_pool_backward(_x: FloatTensor<Self>, _gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        unimplemented!("a second derivative of a pool is asked for nowhere")
    }

    fn fast_convolution(x: FloatTensor<Self>, filters: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self> {
        match Convolution.prepare::<C>([x.node(), filters.node(), bias.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut step) => {
                let state = [step.checkpoint(&x), step.checkpoint(&filters)];
                step.finish(state, B::fast_convolution(x.into_primitive(), filters.into_primitive(), bias.into_primitive()))
            }
            OpsKind::UnTracked(step) => {
                step.finish(B::fast_convolution(x.into_primitive(), filters.into_primitive(), bias.into_primitive()))
            }
        }
    }

    fn fast_convolution_x_backward(_filters: FloatTensor<Self>, _gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        unimplemented!("a second derivative of a convolution is asked for nowhere")
    }

    fn fast_convolution_filters_backward(_x: FloatTensor<Self>, _gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        unimplemented!("a second derivative of a convolution is asked for nowhere")
    }
}

/// Numbers row by row, and how many a row has.
type Rows<T> = (T, usize);

/// `work(inputs, out)` on parts of whole rows, as many of each, on all threads where there are threads.
fn in_parts<const N: usize>(inputs: [Rows<&[f32]>; N], out: Rows<&mut [f32]>, work: impl Fn([&[f32]; N], &mut [f32]) + Sync) {
    let (out, length) = out;
    #[cfg(target_family = "wasm")]
    work(inputs.map(|(input, _)| input), out);
    #[cfg(not(target_family = "wasm"))]
    {
        use rayon::prelude::*;
        let most = inputs.iter().map(|(_, length)| *length).fold(length, usize::max);
        let rows = (CHUNK / most).max(1);
        out.par_chunks_mut(rows * length).enumerate().for_each(|(part, out)| {
            let count = out.len() / length;
            work(inputs.map(|(input, length)| &input[part * rows * length..][..count * length]), out);
        });
    }
}
