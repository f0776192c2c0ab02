//! The kernels on tensors of burn's CPU backend.

use burn::backend::{Flex, tensor::FloatTensor};
use burn::tensor::{DType, Shape};

use super::adamw::AdamWStep;
use super::attention::Heads;
use super::autodiff::Slopes;
use super::norm::Norm;
use super::{Kernels, Steps, adamw, attention, convolution, gelu, norm, pool, softmax};

/// Computes a tensor of `shape` out of the numbers of others.
fn computed<const N: usize>(
    inputs: [FloatTensor<Flex>; N],
    shape: Shape,
    compute: impl FnOnce([&[f32]; N], &mut [f32]),
) -> FloatTensor<Flex> {
    let inputs = inputs.map(|input| input.to_contiguous());
    let mut out = empty(shape);
    compute(inputs.each_ref().map(|input| input.as_slice::<f32>().expect(CONTIGUOUS)), out.storage_mut());
    out
}

impl Kernels for Flex {
    fn fast_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = x.layout().shape().clone();
        computed([x], shape, |[x], out| gelu::forward(x, out))
    }

    fn fast_max_pool(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let [batch, channels, height, width] = x.layout().shape().dims();
        computed([x], Shape::new([batch, channels, height / 2, width / 2]), |[x], out| pool::forward(x, [height, width], out))
    }

    fn fast_convolution(x: FloatTensor<Self>, filters: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self> {
        let [batch, into, height, width] = x.layout().shape().dims();
        let [to, ..] = filters.layout().shape().dims::<4>();
        let sizes = convolution([height, width], [into, to]);
        let shape = Shape::new([batch, to, height, width]);
        computed([x, filters, bias], shape, |[x, filters, bias], out| convolution::forward(x, filters, bias, sizes, out))
    }

    fn fast_log_softmax(logits: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = logits.layout().shape().clone();
        let classes = last(&shape);
        computed([logits], shape, |[logits], out| softmax::log_forward(logits, classes, out))
    }

    fn fast_layer_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>, epsilon: f64) -> FloatTensor<Self> {
        let shape = x.layout().shape().clone();
        let norm = Norm { width: last(&shape), centred: true, epsilon: epsilon as f32 };
        computed([x, weight, bias], shape, |[x, weight, bias], out| norm::forward(norm, x, weight, bias, out))
    }

    fn fast_rms_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, epsilon: f64) -> FloatTensor<Self> {
        let shape = x.layout().shape().clone();
        let norm = Norm { width: last(&shape), centred: false, epsilon: epsilon as f32 };
        computed([x, weight], shape, |[x, weight], out| norm::forward(norm, x, weight, &[], out))
    }

    fn fast_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self> {
        let bias = bias.to_contiguous();
        let inputs = attention_inputs([&query, &key, &value], &bias, scale);
        let mut out = empty(query.layout().shape().clone());
        attention::forward(inputs, out.storage_mut());
        out
    }
}

impl Slopes for Flex {
    fn gelu_slope(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = x.layout().shape().clone();
        computed([x, gradient], shape, |[x, gradient], out| gelu::backward(x, gradient, out))
    }

    fn max_pool_slope(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = x.layout().shape().clone();
        let [_, _, height, width] = shape.dims();
        computed([x, gradient], shape, |[x, gradient], out| pool::backward(x, gradient, [height, width], out))
    }

    fn convolution_x_slope(filters: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let [batch, to, height, width] = gradient.layout().shape().dims();
        let [_, into, ..] = filters.layout().shape().dims::<4>();
        let sizes = convolution([height, width], [into, to]);
        let shape = Shape::new([batch, into, height, width]);
        computed([gradient, filters], shape, |[gradient, filters], out| convolution::image_gradient(gradient, filters, sizes, out))
    }

    fn convolution_filters_slope(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let [_, into, height, width] = x.layout().shape().dims();
        let [_, to, ..] = gradient.layout().shape().dims::<4>();
        let sizes = convolution([height, width], [into, to]);
        computed([x, gradient], Shape::new([to, into, 3, 3]), |[x, gradient], out| convolution::filter_gradient(x, gradient, sizes, out))
    }

    fn log_softmax_slope(log_probs: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = log_probs.layout().shape().clone();
        let classes = last(&shape);
        computed([log_probs, gradient], shape, |[log_probs, gradient], out| softmax::log_backward(log_probs, gradient, classes, out))
    }

    fn norm_slopes(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        epsilon: f64,
        centred: bool,
    ) -> [FloatTensor<Self>; 3] {
        let norm = Norm { width: last(x.layout().shape()), centred, epsilon: epsilon as f32 };
        let [mut weight_sum, mut bias_sum] = [0, 1].map(|_| empty(Shape::new([norm.width])));
        let shape = x.layout().shape().clone();
        let x_gradient = computed([x, weight, gradient], shape, |[x, weight, gradient], out| {
            norm::backward(norm, x, weight, gradient, out, [weight_sum.storage_mut(), bias_sum.storage_mut()]);
        });
        [x_gradient, weight_sum, bias_sum]
    }

    fn attention_with_weights([query, key, value]: [FloatTensor<Self>; 3], bias: FloatTensor<Self>, scale: f32) -> [FloatTensor<Self>; 2] {
        let bias = bias.to_contiguous();
        let inputs = attention_inputs([&query, &key, &value], &bias, scale);
        let [batch, heads, queries, keys] = [inputs.query.shape[0], inputs.shape.heads, inputs.shape.queries, inputs.shape.keys];
        let mut weights = empty(Shape::new([batch, heads, queries, keys]));
        let mut out = empty(query.layout().shape().clone());
        attention::forward_with_weights(inputs, out.storage_mut(), weights.storage_mut());
        [out, weights]
    }

    fn attention_slopes(
        inputs: [FloatTensor<Self>; 3],
        weights: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        scale: f32,
    ) -> [FloatTensor<Self>; 3] {
        let sizes = attention_shape(&inputs[0], &inputs[1], scale);
        let mut slopes = inputs.each_ref().map(|x| empty(x.layout().shape().clone()));
        let out = slopes.each_mut().map(|slope| slope.storage_mut());
        attention::backward(inputs.each_ref().map(heads_of), weights.as_slice().expect(CONTIGUOUS), heads_of(&gradient), sizes, out);
        slopes
    }
}

impl Steps for Flex {
    fn fast_adamw(
        value: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        step: AdamWStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [mut value, mut first, mut second] = [value, first, second].map(|x| x.to_contiguous());
        let gradient = gradient.to_contiguous();
        let given = gradient.as_slice().expect(CONTIGUOUS);
        adamw::step(step, value.storage_mut(), given, first.storage_mut(), second.storage_mut());
        (value, first, second)
    }
}

const CONTIGUOUS: &str = "contiguous f32";

/// A tensor to be filled.
fn empty(shape: Shape) -> FloatTensor<Flex> {
    FloatTensor::<Flex>::empty(shape, DType::F32)
}

fn last(shape: &Shape) -> usize {
    *shape.last().expect("rows")
}

fn heads_of(x: &FloatTensor<Flex>) -> Heads<'_> {
    let layout = x.layout();
    let strides = layout.strides().iter().map(|stride| usize::try_from(*stride).expect("views that are not flipped"));
    let strides: Vec<usize> = strides.collect();
    Heads {
        values: &x.storage()[layout.start_offset()..],
        shape: layout.shape().dims(),
        strides: strides.try_into().expect("four dimensions"),
    }
}

fn attention_shape(query: &FloatTensor<Flex>, key: &FloatTensor<Flex>, scale: f32) -> attention::Shape {
    let [_, heads, queries, head] = query.layout().shape().dims();
    let [_, _, keys, _] = key.layout().shape().dims::<4>();
    attention::Shape { heads, queries, keys, head, scale }
}

/// `bias` is contiguous.
fn attention_inputs<'a>([query, key, value]: [&'a FloatTensor<Flex>; 3], bias: &'a FloatTensor<Flex>, scale: f32) -> attention::Inputs<'a> {
    let shape = attention_shape(query, key, scale);
    let bias = bias.as_slice().expect(CONTIGUOUS);
    attention::Inputs { query: heads_of(query), key: heads_of(key), value: heads_of(value), bias, shape }
}

fn convolution([height, width]: [usize; 2], channels: [usize; 2]) -> convolution::Shape {
    convolution::Shape { height, width, channels }
}
