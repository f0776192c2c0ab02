// How an engine is timed in a page, the same for each, and as `distillery bench` and peers/torch_bench.py time theirs: five steps whose losses are
// read one by one, two segments of ten steps to warm up, then repeats of segments, each with one loss read at its end.
//
// An engine is { init(), create(workload) }: what it calls itself once it is up, and a model. A model is { step(k), read(loss), drop(loss) }: a loss
// that may not be computed yet, its number, awaited, and the end of one that nobody reads.
const COMPARED = 5;
const SEGMENT = 10;
const WARM_UP = 2;
/** Segments of a repeat, if there is time. */
const SEGMENTS = 30;
/** Of an engine with longer steps only those that are read one by one are timed: the others would take minutes and say the same. */
const SLOW_STEP_MS = 4000;

export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Trains a workload: losses, latency of the first step, steps/s of `repeats` repeats, each of as many segments as fit in `seconds`, one at least. */
export async function measure(engine, workload, { repeats = 3, seconds = 10 } = {}) {
  const asked = performance.now();
  const info = await engine.init();
  const ready_ms = performance.now() - asked;
  const model = await engine.create(workload);
  let k = 0;
  /** Makes steps and waits for the loss of the last. */
  const train = async (steps) => {
    const start = performance.now();
    for (let i = 1; i < steps; i++) model.drop(model.step(k++));
    const loss = await model.read(model.step(k++));
    return { loss, ms: performance.now() - start };
  };
  const singles = [];
  for (let i = 0; i < COMPARED; i++) singles.push(await train(1));
  const [first, ...others] = singles.map(({ ms }) => ms);
  const result = { info, ready_ms, first_step_ms: first, losses: singles.map(({ loss }) => loss) };
  if (median(others) > SLOW_STEP_MS) return { ...result, timed_steps: others.length, repeats: [{ steps_per_s: 1000 / median(others) }] };
  let ms = 0;
  for (let i = 0; i < WARM_UP; i++) ({ ms } = await train(SEGMENT));
  const segments = Math.max(1, Math.min(SEGMENTS, Math.floor((seconds * 1000) / ms)));
  const measured = [];
  for (let r = 0; r < repeats; r++) {
    const rates = [];
    for (let s = 0; s < segments; s++) rates.push((1000 * SEGMENT) / (await train(SEGMENT)).ms);
    measured.push({ steps_per_s: median(rates) });
  }
  return { ...result, timed_steps: repeats * segments * SEGMENT, repeats: measured };
}
