// The networks in TensorFlow.js. Images are NHWC there. `p` holds weights by name, `c` is what WORKLOADS says of the network.
import * as tf from "@tensorflow/tfjs-core";

import { HYPER } from "./spec.mjs";

/** `lacks`: the backend has no kernel for Conv2DBackpropFilter and UnsortedSegmentSum, and other ops stand in for them in the student. */
export function networks(lacks) {
  // On tfjs-backend-wasm 4.22 a float32 oneHot lost the CE term without an error (first loss of W1 0.4924 for 0.7305); int32 and a cast is right.
  const oneHot = (ids, n) => (lacks ? tf.cast(tf.oneHot(ids, n), "float32") : tf.oneHot(ids, n, 1, 0, "float32"));

  const linear = (p, name, x) => {
    const y = tf.matMul(x, p[`${name}.w`]);
    return p[`${name}.b`] ? tf.add(y, p[`${name}.b`]) : y;
  };
  /** A 3 × 3 convolution as a product with all that its window sees. */
  const unfolded = (x, w) => {
    const [batch, height, width, from] = x.shape;
    const to = w.shape[3];
    const edge = [1, 1];
    const padded = tf.pad(x, [[0, 0], edge, edge, [0, 0]]);
    const seen = Array.from({ length: 9 }, (_, at) => tf.slice(padded, [0, Math.floor(at / 3), at % 3, 0], [batch, height, width, from]));
    const y = tf.matMul(tf.reshape(tf.concat(seen, 3), [batch * height * width, 9 * from]), tf.reshape(w, [9 * from, to]));
    return tf.reshape(y, [batch, height, width, to]);
  };
  const conv = (p, name, x, trained) => {
    const w = p[`${name}.w`];
    return tf.add(lacks && trained ? unfolded(x, w) : tf.conv2d(x, w, 1, "same"), p[`${name}.b`]);
  };
  const norm = (p, name, x) => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const variance = tf.mean(tf.square(centred), -1, true);
    return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, HYPER.normEps))), p[`${name}.g`]), p[`${name}.b`]);
  };
  const gelu = (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));

  const mlp = (c, p, x) => {
    const last = c.dims.length - 2;
    for (let k = 0; k < last; k++) x = tf.relu(linear(p, `fc${k}`, x));
    return linear(p, `fc${last}`, x);
  };
  const cnn = (c, p, x, { trained }) => {
    for (const name of ["conv0", "conv1"]) x = tf.maxPool(tf.relu(conv(p, name, x, trained)), 2, 2, "valid");
    return linear(p, "fc1", tf.relu(linear(p, "fc0", tf.reshape(x, [x.shape[0], 49 * c.channels[1]]))));
  };
  const decoder = ({ d, heads, layers, len, vocab }, p, ids, { trained, mask, batch }) => {
    const rows = batch * len;
    const split = (a) => tf.transpose(tf.reshape(a, [batch, len, heads, d / heads]), [0, 2, 1, 3]);
    const tokens = lacks && trained ? tf.matMul(oneHot(ids, vocab), p.tok) : tf.gather(p.tok, ids);
    let x = tf.reshape(tf.add(tf.reshape(tokens, [batch, len, d]), p.pos), [rows, d]);
    for (let l = 0; l < layers; l++) {
      const [q, k, v] = tf.split(linear(p, `l${l}.qkv`, norm(p, `l${l}.ln0`, x)), 3, 1).map(split);
      const scores = tf.add(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(d / heads)), mask);
      const heard = tf.transpose(tf.matMul(tf.softmax(scores), v), [0, 2, 1, 3]);
      x = tf.add(x, linear(p, `l${l}.out`, tf.reshape(heard, [rows, d])));
      x = tf.add(x, linear(p, `l${l}.down`, gelu(linear(p, `l${l}.up`, norm(p, `l${l}.ln1`, x)))));
    }
    return linear(p, "head", norm(p, "lnf", x));
  };
  return { oneHot, mlp, cnn, decoder };
}

/** A weight as the networks above take it: convolutions [height, width, in, out], and what follows them in the order of NHWC. */
export const upload = (kind, name, { shape, data }) =>
  tf.tidy(() => {
    const whole = tf.tensor(data, shape);
    if (shape.length === 4) return tf.transpose(whole, [2, 3, 1, 0]);
    if (kind !== "cnn" || name !== "fc0.w") return whole;
    return tf.reshape(tf.transpose(tf.reshape(whole, [shape[0] / 49, 7, 7, shape[1]]), [1, 2, 0, 3]), shape);
  });
