//! Operations of our own where burn's CPU backend computes one number at a time, or one operation at a time what is one loop. Elsewhere burn's own
//! operations are used.

mod adamw;
mod attention;
mod autodiff;
mod convolution;
mod flex;
mod gelu;
mod matrix;
mod norm;
mod pool;
mod softmax;
mod vector;

#[cfg(test)]
mod tests;

use burn::backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::ops::{AttentionModuleOptions, ConvOptions, MaxPoolOptions};
use burn::tensor::{DType, Device, Tensor, activation, module};

use super::is_software;
pub use adamw::AdamWStep;

/// Numbers per task of a thread: 64 KiB, some 20 µs of work.
const CHUNK: usize = 16_384;
/// Scores of a head up to which they are held all at once where no gradients are wanted, 1 MiB: as in burn-flex (`NAIVE_SCORE_BUDGET` in
/// `src/ops/attention.rs`), whose attention takes the larger ones piece by piece.
const MOST_SCORES: usize = 256 * 1024;

/// `x·weight + bias`: `[rows, in]` by `[in, out]`, and `[out]` to each row.
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<2> {
    if !is_ours(&x) {
        return module::linear(x, weight, bias);
    }
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(match bias {
        Some(bias) => <Dispatch as Kernels>::fast_linear(x, weight, bias.into_dispatch()),
        None => <Dispatch as Kernels>::fast_product(x, weight),
    })
}

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

/// `softmax(q·kᵀ/√head + bias)·v`: `query` is `[batch, heads, queries, head]`, `key` and `value` `[batch, heads, keys, head]`, `bias`
/// `[batch or 1, 1, queries, keys]` without gradients; out comes what `query` is. There is one query and one key at least.
pub fn attention(query: Tensor<4>, key: Tensor<4>, value: Tensor<4>, bias: Tensor<4>) -> Tensor<4> {
    let [_, _, queries, head] = query.dims();
    let [_, _, keys, _] = key.dims();
    let tracked = query.device().is_autodiff();
    let scale = (head as f64).sqrt().recip();
    if attends(&query, queries * keys) {
        let [query, key, value, bias] = [query, key, value, bias].map(Tensor::into_dispatch);
        return Tensor::from_dispatch(<Dispatch as Kernels>::fast_attention(query, key, value, bias, scale as f32));
    }
    if !tracked && !is_software() {
        // One kernel where the backend has one. A software adapter computes products faster than that.
        return module::attention(query, key, value, None, Some(bias), AttentionModuleOptions::default());
    }
    // The scale goes to the smaller matrix, and the sum divides after the values are mixed: fewer passes over `[queries, keys]`.
    let scores = (query * scale).matmul(key.swap_dims(2, 3)) + bias;
    let weights = (scores.clone() - scores.detach().max_dim(3)).exp();
    let sum = weights.clone().sum_dim(3);
    weights.matmul(value) / sum
}

/// Attention of `[batch, seq, 3·heads, head]`, queries, keys and values of the same tokens behind one another, with a bias as for [`attention()`]:
/// `[batch·seq, heads·head]`. There is one token at least.
pub fn self_attention(qkv: Tensor<4>, bias: Tensor<4>) -> Tensor<2> {
    let [batch, seq, all, head] = qkv.dims();
    let heads = all / 3;
    let mixed = if attends(&qkv, seq * seq) {
        let scale = (head as f64).sqrt().recip() as f32;
        Tensor::<4>::from_dispatch(<Dispatch as Kernels>::fast_self_attention(qkv.into_dispatch(), bias.into_dispatch(), scale))
    } else {
        let [query, key, value] = [0, 1, 2].map(|part| qkv.clone().narrow(2, part * heads, heads).swap_dims(1, 2));
        attention(query, key, value, bias).swap_dims(1, 2)
    };
    mixed.reshape([batch * seq, heads * head])
}

/// Whether attention to so many scores of a head is a kernel of ours.
fn attends(query: &Tensor<4>, scores: usize) -> bool {
    is_ours(query) && (query.device().is_autodiff() || scores <= MOST_SCORES)
}

/// `log softmax` over the last dimension.
pub fn log_softmax<const D: usize>(logits: Tensor<D>) -> Tensor<D> {
    if !is_ours(&logits) {
        return activation::log_softmax(logits, D - 1);
    }
    Tensor::from_dispatch(<Dispatch as Kernels>::fast_log_softmax(logits.into_dispatch()))
}

/// Layer norm of rows `[rows, width]`, then `·weight + bias`, both `[width]`.
pub fn layer_norm(x: Tensor<2>, weight: Tensor<1>, bias: Tensor<1>, epsilon: f64) -> Tensor<2> {
    if !is_ours(&x) {
        return module::layer_norm(x, weight, Some(bias), epsilon);
    }
    let [x, weight, bias] = [x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()];
    Tensor::from_dispatch(<Dispatch as Kernels>::fast_layer_norm(x, weight, bias, epsilon))
}

/// RMS norm of rows `[rows, width]`, then `·weight`, `[width]`.
pub fn rms_norm(x: Tensor<2>, weight: Tensor<1>, epsilon: f64) -> Tensor<2> {
    if !is_ours(&x) {
        let size = (x.clone().square().mean_dim(1) + epsilon).sqrt();
        return x / size * weight.unsqueeze();
    }
    Tensor::from_dispatch(<Dispatch as Kernels>::fast_rms_norm(x.into_dispatch(), weight.into_dispatch(), epsilon))
}

/// Parameters and both means after a step of AdamW, where [`is_ours`]. All are flat and without gradients; what nobody else holds changes in
/// place.
pub fn adamw(value: Tensor<1>, gradient: Tensor<1>, means: [Tensor<1>; 2], step: AdamWStep) -> [Tensor<1>; 3] {
    let [first, second] = means.map(Tensor::into_dispatch);
    let (value, first, second) = <Dispatch as Steps>::fast_adamw(value.into_dispatch(), gradient.into_dispatch(), first, second, step);
    [value, first, second].map(Tensor::from_dispatch)
}

/// Whether kernels of ours compute with `x`.
pub fn is_ours<const D: usize>(x: &Tensor<D>) -> bool {
    // Devices are equal with and without gradients.
    x.device() == Device::flex() && x.dtype() == DType::F32
}

/// Operations that are dispatched to the device of their tensors. Their gradients are [`autodiff`]'s.
#[backend_extension(Autodiff, Flex)]
trait Kernels: Backend {
    /// `[rows, in]`, `[in, out]` and `[out]` to `[rows, out]`.
    fn fast_linear(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self>;

    /// `[rows, in]` and `[in, out]` to `[rows, out]`.
    fn fast_product(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self>;

    fn fast_gelu(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Both sides of `x` are 2 at least.
    fn fast_max_pool(x: FloatTensor<Self>) -> FloatTensor<Self>;

    fn fast_convolution(x: FloatTensor<Self>, filters: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self>;

    fn fast_log_softmax(logits: FloatTensor<Self>) -> FloatTensor<Self>;

    fn fast_layer_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>, epsilon: f64) -> FloatTensor<Self>;

    fn fast_rms_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, epsilon: f64) -> FloatTensor<Self>;

    fn fast_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self>;

    /// Of `[batch, seq, 3·heads, head]` to `[batch, seq, heads, head]`.
    fn fast_self_attention(qkv: FloatTensor<Self>, bias: FloatTensor<Self>, scale: f32) -> FloatTensor<Self>;
}

/// What is done with parameters, outside any graph.
#[backend_extension(Flex)]
trait Steps: Backend {
    /// Parameters and both means.
    fn fast_adamw(
        value: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        step: AdamWStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Numbers row by row, and how many a row has.
type Rows<T> = (T, usize);

/// `work(inputs, out)` on parts of whole rows, as many of each, on all threads where there are threads.
fn in_parts<const N: usize>(inputs: [Rows<&[f32]>; N], out: Rows<&mut [f32]>, work: impl Fn([&[f32]; N], &mut [f32]) + Sync) {
    let (out, length) = out;
    let most = inputs.iter().map(|(_, length)| *length).fold(length, usize::max);
    let rows = (CHUNK / most).max(1);
    on_threads(out.chunks_mut(rows * length).enumerate(), |(part, out)| {
        let count = out.len() / length;
        work(inputs.map(|(input, length)| &input[part * rows * length..][..count * length]), out);
    });
}

/// What `work` makes of each part, in their order, on all threads where there are threads.
fn on_threads<T: Send, R: Send>(parts: impl Iterator<Item = T>, work: impl Fn(T) -> R + Sync + Send) -> Vec<R> {
    #[cfg(target_family = "wasm")]
    return parts.map(work).collect();
    #[cfg(not(target_family = "wasm"))]
    {
        use rayon::prelude::*;
        parts.collect::<Vec<_>>().into_par_iter().map(work).collect()
    }
}
