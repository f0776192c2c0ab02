// TensorFlow.js as an engine of protocol.mjs: eager ops and tf.variableGrads, for it compiles nothing, and AdamW written with its ops, for
// tf.train.adam has no weight decay.
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";

import { HYPER as H, WORKLOADS, batches, weights } from "./spec.mjs";
import { networks, upload } from "./tfjs_networks.mjs";

/** Minus infinity, as good as, for each place that is later than the one that asks. */
function causal(len) {
  const values = Float32Array.from({ length: len * len }, (_, i) => (i % len > Math.floor(i / len) ? -1e9 : 0));
  return tf.tensor(values, [1, 1, len, len]);
}

/** AdamW: updates `weights`, tensors by name, in place. */
function adamW(weights) {
  const zeros = () => Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, tf.variable(tf.zerosLike(weight), false)]));
  const [m, v] = [zeros(), zeros()];
  return (grads, k) => {
    const c1 = 1 - H.b1 ** (k + 1);
    const c2 = Math.sqrt(1 - H.b2 ** (k + 1));
    for (const [name, weight] of Object.entries(weights)) {
      m[name].assign(tf.add(tf.mul(m[name], H.b1), tf.mul(grads[name], 1 - H.b1)));
      v[name].assign(tf.add(tf.mul(v[name], H.b2), tf.mul(tf.square(grads[name]), 1 - H.b2)));
      // lr·(m / c1) / (√v / c2 + eps)
      const change = tf.div(tf.mul(m[name], (H.lr * c2) / c1), tf.add(tf.sqrt(v[name]), H.eps * c2));
      weight.assign(tf.sub(tf.mul(weight, 1 - H.lr * H.decay), change));
    }
  };
}

export function make(backend) {
  const nets = networks(backend === "wasm");
  const lossOf = (logits, heard, y, classes) => {
    const rows = logits.shape[0];
    const ce = tf.mul(tf.sum(tf.mul(nets.oneHot(y, classes), tf.logSoftmax(logits))), -1 / rows);
    const soft = tf.mul(heard, 1 / H.T);
    const kl = tf.sum(tf.mul(tf.softmax(soft), tf.sub(tf.logSoftmax(soft), tf.logSoftmax(tf.mul(logits, 1 / H.T)))));
    return tf.add(tf.mul(ce, H.hard), tf.mul(kl, (H.soft * H.T * H.T) / rows));
  };
  return {
    async init() {
      if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js has no ${backend} here`);
      await tf.ready();
      return `TensorFlow.js ${tf.version_core}, ${tf.getBackend()}`;
    },
    async create(workload) {
      const { kind, batch, classes, len, teacher, student } = WORKLOADS[workload];
      const data = batches(workload);
      const load = (role) => Object.entries(weights(workload, role)).map(([name, weight]) => [name, upload(kind, name, weight)]);
      const frozen = Object.fromEntries(load("teacher"));
      const trained = Object.fromEntries(load("student").map(([name, weight]) => [name, tf.variable(weight, true, name)]));
      const update = adamW(trained);
      const mask = kind === "decoder" ? causal(len) : undefined;
      const shape = { mlp: [batch, 64], decoder: [batch * len], cnn: [batch, 28, 28, 1] }[kind];
      return {
        step: (k) =>
          tf.tidy(() => {
            const at = data[k % data.length];
            const x = tf.tensor(at.x, shape);
            const y = tf.tensor1d(at.y, "int32");
            const heard = nets[kind](teacher, frozen, x, { mask, batch, trained: false });
            const { value, grads } = tf.variableGrads(() => lossOf(nets[kind](student, trained, x, { mask, batch, trained: true }), heard, y, classes));
            update(grads, k);
            return value;
          }),
        async read(loss) {
          const [value] = await loss.data();
          loss.dispose();
          return value;
        },
        drop: (loss) => loss.dispose(),
      };
    },
  };
}
