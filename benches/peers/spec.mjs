// The three workloads: networks, weights, data and hyper-parameters. reference.json defines them in words; torch_workloads.py and src/train/workload
// have the same once more, made without this, so that a mistake in one shows as other losses.
import { ints, uniform } from "./numbers.mjs";

/** The loss is `hard`·CE + `soft`·T²·KL. */
export const HYPER = { lr: 1e-3, b1: 0.9, b2: 0.999, eps: 1e-8, decay: 0.01, T: 4, hard: 0.1, soft: 0.9, normEps: 1e-5 };

/** Step `k` trains on batch `k` mod BATCHES. */
const BATCHES = 8;

const TEXT = { vocab: 128, len: 64 };
export const WORKLOADS = {
  W1: { kind: "mlp", batch: 128, classes: 10, input: [64], teacher: { dims: [64, 256, 256, 10] }, student: { dims: [64, 32, 10] } },
  W2: {
    kind: "decoder",
    batch: 16,
    classes: TEXT.vocab,
    ...TEXT,
    teacher: { ...TEXT, d: 128, layers: 4, heads: 4 },
    student: { ...TEXT, d: 64, layers: 2, heads: 4 },
  },
  W3: { kind: "cnn", batch: 64, classes: 10, input: [1, 28, 28], teacher: { channels: [32, 64], hidden: 128 }, student: { channels: [8, 16], hidden: 32 } },
};

/** A tensor is [name, shape, centre, half the width]. Weights of linear layers are [in, out], y = x·w + b; of convolutions [out, in, height, width]. */
const bias = (name, out) => [`${name}.b`, [out], 0, 0.1];
const weight = (name, i, o, gain) => [`${name}.w`, [i, o], 0, Math.sqrt((3 * gain) / i)];
const linear = (name, i, o, gain) => [weight(name, i, o, gain), bias(name, o)];
const conv = (name, i, o) => [[`${name}.w`, [o, i, 3, 3], 0, Math.sqrt(6 / (9 * i))], bias(name, o)];
const norm = (name, d) => [
  [`${name}.g`, [d], 1, 0.1],
  [`${name}.b`, [d], 0, 0.1],
];

const block = (name, d) => [
  ...norm(`${name}.ln0`, d),
  ...linear(`${name}.qkv`, d, 3 * d, 1),
  ...linear(`${name}.out`, d, d, 1),
  ...norm(`${name}.ln1`, d),
  ...linear(`${name}.up`, d, 4 * d, 1),
  ...linear(`${name}.down`, 4 * d, d, 1),
];

const TENSORS = {
  mlp: ({ dims }) => dims.slice(1).flatMap((out, k) => linear(`fc${k}`, dims[k], out, 2)),
  decoder: ({ d, layers, vocab, len }) => [
    ["tok", [vocab, d], 0, 0.5],
    ["pos", [len, d], 0, 0.5],
    ...Array.from({ length: layers }, (_, l) => block(`l${l}`, d)).flat(),
    ...norm("lnf", d),
    weight("head", d, vocab, 1),
  ],
  cnn: ({ channels: [first, second], hidden }) => [
    ...conv("conv0", 1, first),
    ...conv("conv1", first, second),
    ...linear("fc0", 49 * second, hidden, 2),
    ...linear("fc1", hidden, 10, 2),
  ],
};

/** The first weights of the "teacher" or "student", by name: { shape, data }. */
export function weights(workload, role) {
  const { kind, [role]: config } = WORKLOADS[workload];
  const tensors = TENSORS[kind](config);
  return Object.fromEntries(tensors.map(([name, shape, ...range]) => [name, { shape, data: uniform(`${workload}/${role}/${name}`, shape, ...range) }]));
}

/** A batch of texts: in each row of ids the last has nothing to foretell, and the first is foretold by none. */
function texts(name, { batch, len, vocab }) {
  const ids = ints(name, [batch, len + 1], vocab);
  const rows = (from) => Int32Array.from({ length: batch * len }, (_, i) => ids[Math.floor(i / len) * (len + 1) + (i % len) + from]);
  return { x: rows(0), y: rows(1) };
}

/** The batches { x, y }, in host memory. */
export function batches(workload) {
  const { kind, batch, input, classes, ...rest } = WORKLOADS[workload];
  const name = (what, k) => `${workload}/data/${what}/${k}`;
  return Array.from({ length: BATCHES }, (_, k) =>
    kind === "decoder"
      ? texts(name("ids", k), { batch, ...rest })
      : { x: uniform(name("x", k), [batch, ...input], 0.5, 0.5), y: ints(name("y", k), [batch], classes) },
  );
}
