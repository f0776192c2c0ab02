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
use super::adamw::AdamWStep;

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

#[derive(Debug)]
struct LogSoftmax;

impl<B: Kernels> Backward<B, 1> for LogSoftmax {
    /// What came out.
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let log_probs = ops.state;
        unary::<B, _>(ops.parents, ops.node, gradients, |gradient| B::fast_log_softmax_backward(log_probs, gradient));
    }
}

/// Of `N` parents: layer norm has x, weight and bias, RMS norm no bias.
#[derive(Debug)]
struct Norm {
    epsilon: f64,
}

impl<B: Kernels, const N: usize> Backward<B, N> for Norm {
    /// x and weight.
    type State = [NodeId; 2];

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let [x, weight] = ops.state.map(|node| checkpointer.retrieve_node_output::<FloatTensor<B>>(node));
        let (x, weight, bias) = B::fast_norm_backward(x, weight, gradient, self.epsilon, N == 3);
        for (node, gradient) in ops.parents.into_iter().zip([x, weight, bias]) {
            if let Some(node) = node {
                gradients.register::<B>(node.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct Attention {
    scale: f32,
}

impl<B: Kernels> Backward<B, 3> for Attention {
    /// Queries, keys and values, and the weights of these.
    type State = ([NodeId; 3], FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let (inputs, weights) = ops.state;
        let [query, key, value] = inputs.map(|node| checkpointer.retrieve_node_output::<FloatTensor<B>>(node));
        let (query, key, value) = B::fast_attention_backward(query, key, value, weights, gradient, self.scale);
        for (node, gradient) in ops.parents.into_iter().zip([query, key, value]) {
            if let Some(node) = node {
                gradients.register::<B>(node.id, gradient);
            }
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

    fn fast_log_softmax(logits: FloatTensor<Self>) -> FloatTensor<Self> {
        match LogSoftmax.prepare::<C>([logits.node()]).compute_bound().stateful() {
            OpsKind::Tracked(step) => {
                let log_probs = B::fast_log_softmax(logits.into_primitive());
                step.finish(log_probs.clone(), log_probs)
            }
            OpsKind::UnTracked(step) => step.finish(B::fast_log_softmax(logits.into_primitive())),
        }
    }

    fn fast_log_softmax_backward(_log_probs: FloatTensor<Self>, _gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        unimplemented!("a second derivative of log softmax is asked for nowhere")
    }

    fn fast_layer_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>, epsilon: f64) -> FloatTensor<Self> {
        match (Norm { epsilon }).prepare::<C>([x.node(), weight.node(), bias.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut step) => {
                let state = [step.checkpoint(&x), step.checkpoint(&weight)];
                step.finish(state, B::fast_layer_norm(x.into_primitive(), weight.into_primitive(), bias.into_primitive(), epsilon))
            }
            OpsKind::UnTracked(step) => {
                step.finish(B::fast_layer_norm(x.into_primitive(), weight.into_primitive(), bias.into_primitive(), epsilon))
            }
        }
    }

    fn fast_rms_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, epsilon: f64) -> FloatTensor<Self> {
        match (Norm { epsilon }).prepare::<C>([x.node(), weight.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut step) => {
                let state = [step.checkpoint(&x), step.checkpoint(&weight)];
                step.finish(state, B::fast_rms_norm(x.into_primitive(), weight.into_primitive(), epsilon))
            }
            OpsKind::UnTracked(step) => step.finish(B::fast_rms_norm(x.into_primitive(), weight.into_primitive(), epsilon)),
        }
    }

    fn fast_norm_backward(
        _x: FloatTensor<Self>,
        _weight: FloatTensor<Self>,
        _gradient: FloatTensor<Self>,
        _epsilon: f64,
        _centred: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        unimplemented!("a second derivative of a norm is asked for nowhere")
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
                let [query, key, value] = [query, key, value].map(|x| x.into_primitive());
                let (out, weights) = B::fast_attention_forward(query, key, value, bias, scale);
                step.finish((inputs, weights), out)
            }
            OpsKind::UnTracked(step) => {
                let [query, key, value] = [query, key, value].map(|x| x.into_primitive());
                step.finish(B::fast_attention(query, key, value, bias, scale))
            }
        }
    }

    fn fast_attention_forward(
        _query: FloatTensor<Self>,
        _key: FloatTensor<Self>,
        _value: FloatTensor<Self>,
        _bias: FloatTensor<Self>,
        _scale: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        unimplemented!("the weights of attention are a state of its own backward pass")
    }

    fn fast_attention_backward(
        _query: FloatTensor<Self>,
        _key: FloatTensor<Self>,
        _value: FloatTensor<Self>,
        _weights: FloatTensor<Self>,
        _gradient: FloatTensor<Self>,
        _scale: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        unimplemented!("a second derivative of attention is asked for nowhere")
    }

    fn fast_adamw(
        _value: FloatTensor<Self>,
        _gradient: FloatTensor<Self>,
        _first: FloatTensor<Self>,
        _second: FloatTensor<Self>,
        _step: AdamWStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        unimplemented!("a step of an optimiser has no gradients")
    }
}
