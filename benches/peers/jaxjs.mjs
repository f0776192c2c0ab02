// jax-js as an engine of protocol.mjs: the whole step (teacher, student, gradient, AdamW) in one jit(). Arrays are owned: every use but the last
// takes a .ref. An embedding is a product with one-hot rows; convolution on wasm is its own, and slow.
import { defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";

import { HYPER as H, WORKLOADS, batches, weights } from "./spec.mjs";

// `p` holds weights by name; the first argument of a network is what WORKLOADS says of it.
const linear = (p, name, x) => {
  const y = np.matmul(x, p[`${name}.w`]);
  return p[`${name}.b`] ? y.add(p[`${name}.b`]) : y;
};
const conv = (p, name, x) => {
  const bias = p[`${name}.b`];
  return lax.conv(x, p[`${name}.w`], [1, 1], "SAME").add(bias.reshape([bias.shape[0], 1, 1]));
};
const norm = (p, name, x) => nn.standardize(x, -1, { epsilon: H.normEps }).mul(p[`${name}.g`]).add(p[`${name}.b`]);

const NETWORKS = {
  mlp: ({ dims }, p, x) => {
    const last = dims.length - 2;
    for (let k = 0; k < last; k++) x = nn.relu(linear(p, `fc${k}`, x));
    return linear(p, `fc${last}`, x);
  },
  cnn: ({ channels }, p, x) => {
    for (const name of ["conv0", "conv1"]) x = lax.reduceWindow(nn.relu(conv(p, name, x)), np.max, [2, 2], [2, 2]);
    return linear(p, "fc1", nn.relu(linear(p, "fc0", x.reshape([-1, 49 * channels[1]]))));
  },
  decoder: ({ d, layers, heads, len, vocab }, p, ids, batch) => {
    const rows = batch * len;
    const tokens = np.matmul(nn.oneHot(ids, vocab), p.tok).reshape([batch, len, d]);
    let x = tokens.add(p.pos).reshape([rows, d]);
    for (let l = 0; l < layers; l++) {
      const qkv = np.split(linear(p, `l${l}.qkv`, norm(p, `l${l}.ln0`, x.ref)), 3, 1);
      const [q, k, v] = qkv.map((a) => a.reshape([batch, len, heads, d / heads]));
      const heard = nn.dotProductAttention(q, k, v, { isCausal: true }).reshape([rows, d]);
      x = x.add(linear(p, `l${l}.out`, heard));
      const up = nn.gelu(linear(p, `l${l}.up`, norm(p, `l${l}.ln1`, x.ref)), { approximate: false });
      x = x.add(linear(p, `l${l}.down`, up));
    }
    return linear(p, "head", norm(p, "lnf", x));
  },
};

function lossOf(logits, heard, y, classes) {
  const rows = logits.shape[0];
  const ce = nn.logSoftmax(logits.ref).mul(nn.oneHot(y, classes)).sum().mul(-1 / rows);
  const soft = heard.mul(1 / H.T);
  const apart = nn.logSoftmax(soft.ref).sub(nn.logSoftmax(logits.mul(1 / H.T)));
  const kl = nn.softmax(soft).mul(apart).sum();
  return ce.mul(H.hard).add(kl.mul((H.soft * H.T * H.T) / rows));
}

/** AdamW. `c1` and `c2` are the step's corrections 1 − bᵗ, scalar arrays: a number would be compiled in. */
function adamW(p, m, v, grads, c1, c2) {
  const m2 = tree.map((m, g) => m.mul(H.b1).add(g.mul(1 - H.b1)), m, tree.ref(grads));
  const v2 = tree.map((v, g) => v.mul(H.b2).add(g.ref.mul(g).mul(1 - H.b2)), v, grads);
  const update = (p, m, v) => {
    const change = m.div(c1.ref).div(np.sqrt(v.div(c2.ref)).add(H.eps));
    return p.mul(1 - H.lr * H.decay).sub(change.mul(H.lr));
  };
  const p2 = tree.map(update, p, tree.ref(m2), tree.ref(v2));
  c1.dispose();
  c2.dispose();
  return [p2, m2, v2];
}

export function make(device) {
  return {
    async init() {
      const found = await init(device);
      if (!found.includes(device)) throw new Error(`jax-js has no ${device} here`);
      defaultDevice(device);
      return `jax-js, ${device}, ${crossOriginIsolated ? "isolated" : "plain"} page`;
    },
    async create(workload) {
      const { kind, batch, classes, len, input, teacher, student } = WORKLOADS[workload];
      const network = NETWORKS[kind];
      const data = batches(workload);
      const load = (role) => Object.fromEntries(Object.entries(weights(workload, role)).map(([name, { shape, data }]) => [name, np.array(data).reshape(shape)]));
      const frozen = load("teacher");
      let p = load("student");
      let m = tree.map((a) => np.zerosLike(a), tree.ref(p));
      let v = tree.map((a) => np.zerosLike(a), tree.ref(p));
      const shape = kind === "decoder" ? [batch * len] : [batch, ...input];
      const train = jit((p, m, v, c1, c2, x, y, frozen) => {
        const heard = network(teacher, frozen, x.ref, batch);
        const loss = (p, x, y, heard) => lossOf(network(student, p, x, batch), heard, y, classes);
        const [value, grads] = valueAndGrad(loss)(tree.ref(p), x, y, heard);
        return [value, ...adamW(p, m, v, grads, c1, c2)];
      });
      return {
        step(k) {
          const at = data[k % data.length];
          const [c1, c2] = [H.b1, H.b2].map((b) => np.array(1 - b ** (k + 1)));
          let loss;
          [loss, p, m, v] = train(p, m, v, c1, c2, np.array(at.x).reshape(shape), np.array(at.y), tree.ref(frozen));
          return loss;
        },
        read: async (loss) => (await loss.data())[0],
        drop: (loss) => loss.dispose(),
      };
    },
  };
}
