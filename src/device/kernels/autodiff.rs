//! The kernels with gradients: what each operation keeps for its backward pass, and what that computes.

use burn::backend::{
    Autodiff, TensorMetadata,
    autodiff::{
        NodeId,
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, Ops, OpsKind, unary},
    },
    tensor::FloatTensor,
};
use burn::tensor::Shape;

use super::Kernels;

/// What the backward passes are made of. It is called with a backend's own tensors and dispatched nowhere.
pub trait Slopes: Kernels {
    /// The gradient of `x`, given that of the result.
    fn gelu_slope(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradient of `x`, given that of the result.
    fn max_pool_slope(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradient of the images, given that of the result.
    fn convolution_x_slope(filters: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradient of the filters, given that of the result.
    fn convolution_filters_slope(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradient of the logits, given the result and its gradient.
    fn log_softmax_slope(log_probs: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradients of x, weight and bias, given that of the result; `centred` is layer norm.
    fn norm_slopes(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        epsilon: f64,
        centred: bool,
    ) -> [FloatTensor<Self>; 3];

    /// The result of attention to queries, keys and values, and the weights of these.
    fn attention_with_weights(inputs: [FloatTensor<Self>; 3], bias: FloatTensor<Self>, scale: f32) -> [FloatTensor<Self>; 2];

    /// The gradients of queries, keys and values, given the weights and the gradient of the result.
    fn attention_slopes(
        inputs: [FloatTensor<Self>; 3],
        weights: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        scale: f32,
    ) -> [FloatTensor<Self>; 3];

    /// As [`attention_with_weights`](Slopes::attention_with_weights), of queries, keys and values in one tensor.
    fn self_attention_with_weights(qkv: FloatTensor<Self>, bias: FloatTensor<Self>, scale: f32) -> [FloatTensor<Self>; 2];

    /// The gradient of queries, keys and values in one tensor, given the weights and the gradient of the result.
    fn self_attention_slope(
        qkv: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self>;
}

/// Hands gradients to the parents that want one; a parent less has the last one left over.
fn register<B: Slopes>(gradients: &mut Gradients, parents: impl IntoIterator<Item = Option<NodeId>>, slopes: [FloatTensor<B>; 3]) {
    for (node, slope) in parents.into_iter().zip(slopes) {
        if let Some(node) = node {
            gradients.register::<B>(node, slope);
        }
    }
}

/// Of `N` parents: x and weight, and the bias where there is one.
#[derive(Debug)]
struct Linear;

impl<B: Slopes, const N: usize> Backward<B, N> for Linear {
    /// x and weight, each only where the gradient of the other is wanted: what frozen weights have multiplied is not held.
    type State = [Option<NodeId>; 2];

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let parent = |index: usize| ops.parents.get(index).and_then(|node| node.as_ref()).map(|node| node.id);
        let [x, weight] = ops.state.map(|node| node.map(|node| checkpointer.retrieve_node_output::<FloatTensor<B>>(node)));
        if let Some((node, weight)) = parent(0).zip(weight) {
            gradients.register::<B>(node, B::fast_product(gradient.clone(), B::float_transpose(weight)));
        }
        if let Some((node, x)) = parent(1).zip(x) {
            gradients.register::<B>(node, B::fast_product(B::float_transpose(x), gradient.clone()));
        }
        if let Some(node) = parent(2) {
            let [_, width] = gradient.shape().dims();
            gradients.register::<B>(node, B::float_reshape(B::float_sum_dim(gradient, 0), Shape::new([width])));
        }
    }
}

#[derive(Debug)]
struct Gelu;

impl<B: Slopes> Backward<B, 1> for Gelu {
    /// x.
    type State = [NodeId; 1];

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [x] = ops.state.map(|node| checkpointer.retrieve_node_output::<FloatTensor<B>>(node));
        unary::<B, _>(ops.parents, ops.node, gradients, |gradient| B::gelu_slope(x, gradient));
    }
}

#[derive(Debug)]
struct MaxPool;

impl<B: Slopes> Backward<B, 1> for MaxPool {
    /// x.
    type State = [NodeId; 1];

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [x] = ops.state.map(|node| checkpointer.retrieve_node_output::<FloatTensor<B>>(node));
        unary::<B, _>(ops.parents, ops.node, gradients, |gradient| B::max_pool_slope(x, gradient));
    }
}

#[derive(Debug)]
struct Convolution;

impl<B: Slopes> Backward<B, 3> for Convolution {
    /// Images and filters.
    type State = [NodeId; 2];

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [x_node, filters_node, bias_node] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        let [x, filters] = ops.state;
        if let Some(node) = x_node {
            let filters = checkpointer.retrieve_node_output::<FloatTensor<B>>(filters);
            gradients.register::<B>(node.id, B::convolution_x_slope(filters, gradient.clone()));
        }
        if let Some(node) = filters_node {
            let x = checkpointer.retrieve_node_output::<FloatTensor<B>>(x);
            gradients.register::<B>(node.id, B::convolution_filters_slope(x, gradient.clone()));
        }
        if let Some(node) = bias_node {
            let [batch, channels, height, width] = gradient.shape().dims();
            let rows = B::float_sum_dim(B::float_reshape(gradient, Shape::new([batch, channels, height * width])), 2);
            let sums = B::float_sum_dim(B::float_reshape(rows, Shape::new([batch, channels])), 0);
            gradients.register::<B>(node.id, B::float_reshape(sums, Shape::new([channels])));
        }
    }
}

#[derive(Debug)]
struct LogSoftmax;

impl<B: Slopes> Backward<B, 1> for LogSoftmax {
    /// What came out.
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let log_probs = ops.state;
        unary::<B, _>(ops.parents, ops.node, gradients, |gradient| B::log_softmax_slope(log_probs, gradient));
    }
}

/// Of `N` parents: layer norm has x, weight and bias, RMS norm no bias.
#[derive(Debug)]
struct Norm {
    epsilon: f64,
}

impl<B: Slopes, const N: usize> Backward<B, N> for Norm {
    /// x and weight.
    type State = [NodeId; 2];

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let [x, weight] = ops.state.map(|node| checkpointer.retrieve_node_output::<FloatTensor<B>>(node));
        register::<B>(
            gradients,
            ops.parents.map(|node| node.map(|node| node.id)),
            B::norm_slopes(x, weight, gradient, self.epsilon, N == 3),
        );
    }
}

#[derive(Debug)]
struct Attention {
    scale: f32,
}

impl<B: Slopes> Backward<B, 3> for Attention {
    /// Queries, keys and values, and the weights of these.
    type State = ([NodeId; 3], FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let (inputs, weights) = ops.state;
        let inputs = inputs.map(|node| checkpointer.retrieve_node_output::<FloatTensor<B>>(node));
        register::<B>(
            gradients,
            ops.parents.map(|node| node.map(|node| node.id)),
            B::attention_slopes(inputs, weights, gradient, self.scale),
        );
    }
}

#[derive(Debug)]
struct SelfAttention {
    scale: f32,
}

impl<B: Slopes> Backward<B, 1> for SelfAttention {
    /// Queries, keys and values, and the weights of these.
    type State = (NodeId, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let (qkv, weights) = ops.state;
        let qkv = checkpointer.retrieve_node_output::<FloatTensor<B>>(qkv);
        let slope = |gradient| B::self_attention_slope(qkv, weights, gradient, self.scale);
        unary::<B, _>(ops.parents, ops.node, gradients, slope);
    }
}

/// [`Linear`] of x, weight and perhaps a bias.
fn linear<B: Slopes, C: CheckpointStrategy, const N: usize>(
    inputs: [FloatTensor<Autodiff<B, C>>; N],
    forward: impl FnOnce([FloatTensor<B>; N]) -> FloatTensor<B>,
) -> FloatTensor<Autodiff<B, C>> {
    match Linear.prepare::<C>(inputs.each_ref().map(|x| x.node())).compute_bound().stateful() {
        OpsKind::Tracked(mut step) => {
            let state = [0, 1].map(|kept| inputs[1 - kept].is_tracked().then(|| step.checkpoint(&inputs[kept])));
            step.finish(state, forward(inputs.map(|x| x.into_primitive())))
        }
        OpsKind::UnTracked(step) => step.finish(forward(inputs.map(|x| x.into_primitive()))),
    }
}

/// The operation with its backward pass, which needs the first `K` of what went in and nothing of what came out.
fn keeping<B: Slopes, C: CheckpointStrategy, const N: usize, const K: usize>(
    backward: impl Backward<B, N, State = [NodeId; K]>,
    inputs: [FloatTensor<Autodiff<B, C>>; N],
    forward: impl FnOnce([FloatTensor<B>; N]) -> FloatTensor<B>,
) -> FloatTensor<Autodiff<B, C>> {
    match backward.prepare::<C>(inputs.each_ref().map(|x| x.node())).compute_bound().stateful() {
        OpsKind::Tracked(mut step) => {
            let state = std::array::from_fn(|input| step.checkpoint(&inputs[input]));
            step.finish(state, forward(inputs.map(|x| x.into_primitive())))
        }
        OpsKind::UnTracked(step) => step.finish(forward(inputs.map(|x| x.into_primitive()))),
    }
}

impl<B: Slopes, C: CheckpointStrategy> Kernels for Autodiff<B, C> {
    fn fast_linear(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self> {
        linear::<B, C, 3>([x, weight, bias], |[x, weight, bias]| B::fast_linear(x, weight, bias))
    }

    fn fast_product(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        linear::<B, C, 2>([a, b], |[a, b]| B::fast_product(a, b))
    }

    fn fast_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        keeping::<B, C, 1, 1>(Gelu, [x], |[x]| B::fast_gelu(x))
    }

    fn fast_max_pool(x: FloatTensor<Self>) -> FloatTensor<Self> {
        keeping::<B, C, 1, 1>(MaxPool, [x], |[x]| B::fast_max_pool(x))
    }

    fn fast_convolution(x: FloatTensor<Self>, filters: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self> {
        keeping::<B, C, 3, 2>(Convolution, [x, filters, bias], |[x, filters, bias]| B::fast_convolution(x, filters, bias))
    }

    fn fast_layer_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>, epsilon: f64) -> FloatTensor<Self> {
        keeping::<B, C, 3, 2>(Norm { epsilon }, [x, weight, bias], |[x, weight, bias]| B::fast_layer_norm(x, weight, bias, epsilon))
    }

    fn fast_rms_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, epsilon: f64) -> FloatTensor<Self> {
        keeping::<B, C, 2, 2>(Norm { epsilon }, [x, weight], |[x, weight]| B::fast_rms_norm(x, weight, epsilon))
    }

    fn fast_log_softmax(logits: FloatTensor<Self>) -> FloatTensor<Self> {
        match LogSoftmax.prepare::<C>([logits.node()]).compute_bound().stateful() {
            OpsKind::Tracked(step) => {
                let log_probs = B::fast_log_softmax(logits.into_primitive());
                step.finish(log_probs.clone(), log_probs)
            }
            OpsKind::UnTracked(step) => step.finish(B::fast_log_softmax(logits.into_primitive())),
        }
    }

    fn fast_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self> {
        let bias = bias.into_primitive();
        match (Attention { scale }).prepare::<C>([query.node(), key.node(), value.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut step) => {
                let inputs = [step.checkpoint(&query), step.checkpoint(&key), step.checkpoint(&value)];
                let [out, weights] = B::attention_with_weights([query, key, value].map(|x| x.into_primitive()), bias, scale);
                step.finish((inputs, weights), out)
            }
            OpsKind::UnTracked(step) => {
                let [query, key, value] = [query, key, value].map(|x| x.into_primitive());
                step.finish(B::fast_attention(query, key, value, bias, scale))
            }
        }
    }

    fn fast_self_attention(qkv: FloatTensor<Self>, bias: FloatTensor<Self>, scale: f32) -> FloatTensor<Self> {
        let bias = bias.into_primitive();
        match (SelfAttention { scale }).prepare::<C>([qkv.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut step) => {
                let inputs = step.checkpoint(&qkv);
                let [out, weights] = B::self_attention_with_weights(qkv.into_primitive(), bias, scale);
                step.finish((inputs, weights), out)
            }
            OpsKind::UnTracked(step) => step.finish(B::fast_self_attention(qkv.into_primitive(), bias, scale)),
        }
    }
}
