// The browser computes what the native build computes: the losses of both students, step by step.
import assert from "node:assert/strict";
import { test } from "node:test";

import { curves, ready, reference, stepTo, useBrowser, withPage } from "./lab.mjs";

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

// On a software adapter the convolutions are of our own making (src/device/software); three channels are not among them, and burn's take over.
const CNN = "preset=first-light&teacher.source=live&teacher.kind=cnn&student.kind=cnn&teacher.channels=8,12&teacher.widths=16&student.widths=8&teacher.schedule=together&train.steps=6&train.batch_size=16";
for (const channels of ["4,8", "3,5"])
  test(`a CNN of ${channels} channels learns on WebGPU what it learns on the CPU, within 1e-3`, { timeout: 900_000 }, async (context) => {
    const found = [];
    for (const backend of ["cpu", "webgpu"])
      await withPage(`?backend=${backend}&${CNN}&student.channels=${channels}`, async (page) => {
        await ready(page, 300_000);
        await stepTo(page, 6);
        const at = await curves(page);
        found.push([1, 2, 3, 4, 5, 6].flatMap((step) => [at("alone_training", step), at("distilled_training", step)]));
      });
    const [cpu, gpu] = found;
    const difference = Math.max(...cpu.map((value, index) => Math.abs(gpu[index] - value) / Math.abs(value)));
    context.diagnostic(`worst relative difference: ${difference.toExponential(2)}`);
    assert.ok(difference < 1e-3, `worst difference ${difference}`);
  });
