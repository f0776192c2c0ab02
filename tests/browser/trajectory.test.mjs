// The browser computes what the native build computes: the losses of both students, step by step.
import assert from "node:assert/strict";
import { test } from "node:test";

import { button, curves, ready, reference, state, stepTo, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

// Made by the native build on the CPU: see the file's own `command`.
const native = reference("trajectory.json").cpu;

async function losses(query, patience) {
  const found = [];
  await withPage(query, async (page) => {
    await ready(page, patience);
    await stepTo(page, native.length);
    const at = await curves(page);
    native.forEach((_, step) => found.push([at("alone_training", step + 1), at("distilled_training", step + 1)]));
  });
  return found;
}

function worst(found) {
  let difference = 0;
  native.forEach((pair, step) => pair.forEach((value, which) => (difference = Math.max(difference, Math.abs(found[step][which] - value) / Math.abs(value)))));
  return difference;
}

test("browser CPU against native CPU within 1e-4", async (context) => {
  const difference = worst(await losses("?backend=cpu"));
  context.diagnostic(`worst relative difference over ${native.length} steps: ${difference.toExponential(2)}`);
  assert.ok(difference < 1e-4, `worst difference ${difference}`);
});

// A software adapter compiles its first kernels for tens of seconds.
test("browser WebGPU against native CPU within 1e-3", { timeout: 900_000 }, async (context) => {
  const difference = worst(await losses("?backend=webgpu", 300_000));
  context.diagnostic(`worst relative difference over ${native.length} steps: ${difference.toExponential(2)}`);
  assert.ok(difference < 1e-3, `worst difference ${difference}`);
});

/** Step by step, through a live teacher's own phase if there is one: losses are read back at each. */
async function stepStudentsTo(page, steps) {
  for (;;) {
    const { phase, step, finished } = await state(page);
    if (finished || (phase === "students" && step >= steps)) return;
    await button(page, "transport.step").click();
    await until(page, "a step is made", (now, before) => now.finished || now.phase !== before.phase || now.step !== before.step, { phase, step });
  }
}

/** The worst relative difference of the students' losses, at every step of theirs behind the teacher's own. */
async function onBoth(query, steps) {
  const found = [];
  for (const backend of ["cpu", "webgpu"])
    await withPage(`?backend=${backend}&${query}&train.steps=${steps}`, async (page) => {
      await ready(page, 300_000);
      await stepStudentsTo(page, steps);
      const at = await curves(page);
      const rows = Array.from({ length: steps }, (_, index) => index + 1);
      found.push(rows.flatMap((step) => [at("alone_training", step), at("distilled_training", step)]));
    });
  const [cpu, gpu] = found;
  assert.ok(cpu.every(Number.isFinite), `losses of ${steps} steps: ${cpu}`);
  return Math.max(...cpu.map((value, index) => Math.abs(gpu[index] - value) / Math.abs(value)));
}

const SMALL = "teacher.layers=1&teacher.dim=16&teacher.heads=2&student.layers=1&student.dim=8&student.heads=2&train.batch_size=4&text.samples=1&text.tests=4";
const RUNS = {
  // On a software adapter the convolutions are of our own making (src/device/software); three channels are not among them, and burn's take over.
  "a CNN of 4 and 8 channels": ["preset=first-light&teacher.source=live&teacher.schedule=together&teacher.kind=cnn&student.kind=cnn&teacher.channels=8,12&teacher.widths=16&student.widths=8&train.batch_size=16&student.channels=4,8", 6],
  "a CNN of 3 and 5 channels": ["preset=first-light&teacher.source=live&teacher.schedule=together&teacher.kind=cnn&student.kind=cnn&teacher.channels=8,12&teacher.widths=16&student.widths=8&train.batch_size=16&student.channels=3,5", 6],
  // AdamW makes whole steps of gradients that are nothing but rounding; SGD leaves them as small as they are.
  "a decoder of letters": [`preset=names&train.optimizer=sgd&teacher.source=live&teacher.steps=10&train.eval_every=10&${SMALL}`, 4],
  // The student's own texts have to be sampled alike, too.
  "MiniLLM on letters": [`preset=names&text.method=minillm&text.sft_steps=0&train.optimizer=sgd&teacher.source=live&teacher.steps=10&train.eval_every=10&${SMALL}`, 3],
  "DPKD on letters": [`preset=names&text.method=dpkd&text.sft_steps=0&train.optimizer=sgd&teacher.source=live&teacher.steps=10&train.eval_every=10&${SMALL}`, 3],
  "an encoder of words": [`preset=distilbert&teacher.steps=10&train.eval_every=10&${SMALL}`, 4],
};
for (const [name, [query, steps]] of Object.entries(RUNS))
  test(`${name} learns on WebGPU what it learns on the CPU, within 1e-3`, { timeout: 1_200_000 }, async (context) => {
    const difference = await onBoth(query, steps);
    context.diagnostic(`worst relative difference: ${difference.toExponential(2)}`);
    assert.ok(difference < 1e-3, `worst difference ${difference}`);
  });
