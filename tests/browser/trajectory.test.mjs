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
