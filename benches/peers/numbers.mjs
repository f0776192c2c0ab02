// Where the numbers of weights and data come from, as src/train/workload/numbers.rs makes them; reference.json says it in words.

const hash = (name) => [...name].reduce((h, c) => Math.imul(h ^ c.charCodeAt(0), 0x01000193) >>> 0, 0x811c9dc5);

/** Calls `put(index, u)` with `count` numbers in [0, 1), multiples of 2⁻²⁴, that depend on the name alone. */
function stream(name, count, put) {
  let state = hash(name);
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 16), 0x45d9f3b) >>> 0;
    put(i, ((mixed ^ (mixed >>> 16)) >>> 8) / 16777216);
  }
}

const size = (shape) => shape.reduce((a, b) => a * b, 1);

export function uniform(name, shape, centre, half) {
  const out = new Float32Array(size(shape));
  stream(name, out.length, (i, u) => {
    out[i] = centre + half * (2 * u - 1);
  });
  return out;
}

/** Whole numbers below `end`. */
export function ints(name, shape, end) {
  const out = new Int32Array(size(shape));
  stream(name, out.length, (i, u) => {
    out[i] = Math.floor(u * end);
  });
  return out;
}
