//! The kernels on tensors of burn's CPU backend.

use burn::backend::{Flex, tensor::FloatTensor};
use burn::tensor::{Shape, TensorData};

use super::adamw::AdamWStep;
use super::attention::{Heads, Inputs};
use super::autodiff::Slopes;
use super::matrix::{Matrix, MatrixMut, shared_product};
use super::norm::Norm;
use super::{Kernels, Steps, adamw, attention, convolution, gelu, norm, pool, softmax};

/// Computes a tensor of `shape` out of the numbers of others.
fn computed<const N: usize>(
    inputs: [FloatTensor<Flex>; N],
    shape: Shape,
    compute: impl FnOnce([&[f32]; N], &mut [f32]),
) -> FloatTensor<Flex> {
    let inputs = inputs.map(contiguous);
    let mut out = empty(shape);
    compute(inputs.each_ref().map(|input| input.as_slice::<f32>().expect(CONTIGUOUS)), out.storage_mut());
    out
}

impl Kernels for Flex {
    fn fast_linear(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self> {
        let [rows, _] = x.layout().shape().dims();
        let ([x, weight], bias) = ([x, weight].map(unflipped), contiguous(bias));
        let mut out = bias.as_slice::<f32>().expect(CONTIGUOUS).repeat(rows);
        let width = bias.layout().num_elements();
        shared_product(MatrixMut::rows(&mut out, [rows, width]), matrix_of(&x), matrix_of(&weight), true);
        tensor(out, [rows, width])
    }

    fn fast_product(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        let [a, b] = [a, b].map(unflipped);
        let [[rows, _], [_, columns]] = [&a, &b].map(|x| x.layout().shape().dims());
        let mut out = vec![0.0; rows * columns];
        shared_product(MatrixMut::rows(&mut out, [rows, columns]), matrix_of(&a), matrix_of(&b), false);
        tensor(out, [rows, columns])
    }

    fn fast_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let mut x = contiguous(x);
        gelu::forward(x.storage_mut());
        x
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
        let ([query, key, value], bias) = ([query, key, value].map(unflipped), contiguous(bias));
        let inputs = attention_inputs([&query, &key, &value].map(heads_of), &bias, scale);
        let mut out = Room::like(inputs.query);
        attention::forward(inputs, out.heads());
        out.filled()
    }

    fn fast_self_attention(qkv: FloatTensor<Self>, bias: FloatTensor<Self>, scale: f32) -> FloatTensor<Self> {
        let (qkv, bias) = (contiguous(qkv), contiguous(bias));
        let inputs = attention_inputs(parts_of(&qkv), &bias, scale);
        let mut out = Room::like(inputs.query);
        attention::forward(inputs, out.heads());
        out.rows()
    }
}

impl Slopes for Flex {
    fn gelu_slope(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, mut gradient) = (contiguous(x), contiguous(gradient));
        gelu::backward(x.as_slice().expect(CONTIGUOUS), gradient.storage_mut());
        gradient
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

    fn attention_with_weights(inputs: [FloatTensor<Self>; 3], bias: FloatTensor<Self>, scale: f32) -> [FloatTensor<Self>; 2] {
        let (inputs, bias) = (inputs.map(unflipped), contiguous(bias));
        let inputs = attention_inputs(inputs.each_ref().map(heads_of), &bias, scale);
        let (out, weights) = with_weights(inputs);
        [out.filled(), weights]
    }

    fn attention_slopes(
        inputs: [FloatTensor<Self>; 3],
        weights: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        scale: f32,
    ) -> [FloatTensor<Self>; 3] {
        let (inputs, gradient) = (inputs.map(unflipped), unflipped(gradient));
        let inputs = inputs.each_ref().map(heads_of);
        let mut slopes = inputs.map(Room::like);
        let out = slopes.each_mut().map(Room::heads);
        attention::backward(inputs, weights.as_slice().expect(CONTIGUOUS), heads_of(&gradient), attention_shape(inputs, scale), out);
        slopes.map(Room::filled)
    }

    fn self_attention_with_weights(qkv: FloatTensor<Self>, bias: FloatTensor<Self>, scale: f32) -> [FloatTensor<Self>; 2] {
        let (qkv, bias) = (contiguous(qkv), contiguous(bias));
        let (out, weights) = with_weights(attention_inputs(parts_of(&qkv), &bias, scale));
        [out.rows(), weights]
    }

    fn self_attention_slope(
        qkv: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self> {
        let (qkv, gradient) = (contiguous(qkv), contiguous(gradient));
        let inputs = parts_of(&qkv);
        let [batch, seq, heads, head] = gradient.layout().shape().dims();
        let given = Heads::among(gradient.as_slice().expect(CONTIGUOUS), [batch, seq, heads, head], 0, heads);
        let mut slope = empty(qkv.layout().shape().clone());
        let mut all = MatrixMut::heads(slope.storage_mut(), [seq, 3 * heads, head], true).into_iter();
        let mut out = [(); 3].map(|()| Vec::new());
        for part in (0..batch).flat_map(|_| 0..3) {
            out[part].extend(all.by_ref().take(heads));
        }
        attention::backward(inputs, weights.as_slice().expect(CONTIGUOUS), given, attention_shape(inputs, scale), out);
        slope
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
        let [mut value, mut first, mut second] = [value, first, second].map(contiguous);
        let gradient = contiguous(gradient);
        let given = gradient.as_slice().expect(CONTIGUOUS);
        adamw::step(step, value.storage_mut(), given, first.storage_mut(), second.storage_mut());
        (value, first, second)
    }
}

const CONTIGUOUS: &str = "contiguous f32";

fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FloatTensor<Flex> {
    FloatTensor::<Flex>::from_data(TensorData::new(values, shape.into()))
}

/// A tensor to be filled. burn-flex's own `empty` is zeros that are copied once more, for an alignment that f32 has no need of.
fn empty(shape: Shape) -> FloatTensor<Flex> {
    tensor(vec![0.0; shape.num_elements()], shape)
}

fn last(shape: &Shape) -> usize {
    *shape.last().expect("rows")
}

/// Takes the tensor, so that what nobody else holds has one owner still and can be changed in place.
fn contiguous(x: FloatTensor<Flex>) -> FloatTensor<Flex> {
    x.to_contiguous()
}

/// In an order that goes forward.
fn unflipped(x: FloatTensor<Flex>) -> FloatTensor<Flex> {
    if x.layout().strides().iter().any(|stride| *stride < 0) { contiguous(x) } else { x }
}

/// Of what is [`unflipped`].
fn strides_of<const D: usize>(x: &FloatTensor<Flex>) -> [usize; D] {
    let strides = x.layout().strides().iter().map(|stride| stride.unsigned_abs());
    strides.collect::<Vec<usize>>().try_into().expect("as many strides as dimensions")
}

fn matrix_of(x: &FloatTensor<Flex>) -> Matrix<'_> {
    Matrix::strided(&x.storage()[x.layout().start_offset()..], x.layout().shape().dims(), strides_of(x))
}

fn heads_of(x: &FloatTensor<Flex>) -> Heads<'_> {
    let layout = x.layout();
    Heads { values: &x.storage()[layout.start_offset()..], shape: layout.shape().dims(), strides: strides_of(x) }
}

/// Queries, keys and values of `[batch, seq, 3·heads, head]`, which is contiguous.
fn parts_of(qkv: &FloatTensor<Flex>) -> [Heads<'_>; 3] {
    let shape: [usize; 4] = qkv.layout().shape().dims();
    let heads = shape[2] / 3;
    [0, 1, 2].map(|part| Heads::among(qkv.as_slice().expect(CONTIGUOUS), shape, part * heads, heads))
}

fn attention_shape([query, key, _]: [Heads; 3], scale: f32) -> attention::Shape {
    let [_, heads, queries, _] = query.shape;
    attention::Shape { heads, queries, keys: key.shape[2], scale }
}

/// `bias` is contiguous.
fn attention_inputs<'a>(heads: [Heads<'a>; 3], bias: &'a FloatTensor<Flex>, scale: f32) -> Inputs<'a> {
    let [query, key, value] = heads;
    Inputs { query, key, value, bias: bias.as_slice().expect(CONTIGUOUS), shape: attention_shape(heads, scale) }
}

/// The result, and the weights `[batch, heads, queries, keys]`.
fn with_weights(inputs: Inputs) -> (Room, FloatTensor<Flex>) {
    let mut out = Room::like(inputs.query);
    let mut weights = empty(Shape::new([inputs.query.shape[0], inputs.shape.heads, inputs.shape.queries, inputs.shape.keys]));
    attention::forward_with_weights(inputs, out.heads(), weights.storage_mut());
    (out, weights)
}

/// Room for the numbers of heads, in the order of others: what is laid out anew between two products costs as much as an attention.
struct Room {
    /// `[batch, heads, rows, head]`, or where heads lie side by side `[batch, rows, heads, head]`.
    values: FloatTensor<Flex>,
    side_by_side: bool,
}

impl Room {
    fn like(heads: Heads) -> Self {
        let side_by_side = heads.side_by_side();
        let [batch, heads, rows, head] = heads.shape;
        let [outer, inner] = if side_by_side { [rows, heads] } else { [heads, rows] };
        Self { values: empty(Shape::new([batch, outer, inner, head])), side_by_side }
    }

    fn heads(&mut self) -> Vec<MatrixMut<'_>> {
        let [_, outer, inner, head] = self.values.layout().shape().dims();
        let [heads, rows] = if self.side_by_side { [inner, outer] } else { [outer, inner] };
        MatrixMut::heads(self.values.storage_mut(), [rows, heads, head], self.side_by_side)
    }

    /// `[batch, rows, heads, head]`, of heads that lie side by side.
    fn rows(self) -> FloatTensor<Flex> {
        debug_assert!(self.side_by_side, "as in one tensor");
        self.values
    }

    /// `[batch, heads, rows, head]`.
    fn filled(self) -> FloatTensor<Flex> {
        if self.side_by_side { self.values.transpose(1, 2) } else { self.values }
    }
}

fn convolution([height, width]: [usize; 2], channels: [usize; 2]) -> convolution::Shape {
    convolution::Shape { height, width, channels }
}
