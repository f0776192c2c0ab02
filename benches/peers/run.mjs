// `./build.sh peers [ENGINE...]`: the fixed workloads W1, W2 and W3 on our engine and on others, each with its median steps/s behind a loss readback
// every 10 steps, the range of the repeats, the first step from its call to its loss, what a page would download, and by how much the first five losses
// differ from those of reference.json. Fails where they differ by more than LIMIT, or an engine fails.
//
// QUICK=1 times one segment of ten steps, for the losses. WebGPU is a software adapter: those rows show that an engine is right, not how fast a GPU is.
import { loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { inBrowser } from "../browser.mjs";
import { apart, lastLine, line, speed, timeInPage, timeNative } from "../timed.mjs";
import { makeEnginePage } from "./bundle.mjs";
import { REFERENCE, engines, workloads } from "./engines.mjs";

const LIMIT = 1e-3;
const PATIENCE_MS = 600_000;
const QUICK = process.env.QUICK ? { repeats: 1, seconds: 0 } : { repeats: 3, seconds: 10 };
/** A page that may have threads. */
const ISOLATED = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
const TORCH = fileURLToPath(new URL("torch_bench.py", import.meta.url));

/** Where build.sh has installed the others. */
const place = process.env.PEERS;

async function late() {
  await setTimeout(PATIENCE_MS, undefined, { ref: false });
  throw new Error(`no result within ${PATIENCE_MS / 60_000} minutes`);
}

async function timed({ native, torch, page, made }, workload) {
  if (native) return timeNative(workload);
  if (torch) {
    const options = Object.entries(QUICK).flatMap(([name, value]) => [`--${name}`, String(value)]);
    return lastLine(join(place, "venv/bin/python"), [TORCH, workload, ...torch, ...options], PATIENCE_MS);
  }
  const { backend, isolated } = page;
  const act = (browser, address) => Promise.race([late(), timeInPage(browser, address, { module: made.module, backend }, workload, QUICK)]);
  return inBrowser(made.folder, act, isolated ? ISOLATED : undefined);
}

const wanted = engines(process.argv.slice(2));
for (const engine of wanted) if (engine.page) engine.made = await makeEnginePage(engine, place);
const busy = loadavg()[0];
const infos = new Map();
const failures = [];
line("engine", "", ["steps/s", "range", "timed steps", "first step ms", "js KiB gzip", "wasm KiB gzip", "losses apart"]);
// Workload by workload, so that those that are compared with each other stand next to each other in time too.
for (const workload of workloads()) {
  for (const engine of wanted) {
    try {
      const result = await timed(engine, workload);
      const [rate, range, first] = speed(result);
      const sizes = [engine.made?.js, engine.made?.wasm].map((bytes) => (bytes ? (bytes / 1024).toFixed(0) : ""));
      const deviation = apart(result.losses, REFERENCE.workloads[workload].losses);
      line(engine.name, workload, [rate, range, String(result.timed_steps), first, ...sizes, deviation.toExponential(1)]);
      infos.set(engine.name, result.info);
      if (!(deviation <= LIMIT)) failures.push(`${engine.name} does not train ${workload}: its losses are ${result.losses.join(", ")}`);
    } catch (error) {
      line(engine.name, workload, ["FAILED"]);
      failures.push(`${engine.name} failed at ${workload}: ${error.stderr?.trim().split("\n").at(-1) || error.message}`);
    }
  }
}
console.log();
for (const [name, info] of infos) console.log(`${name}: ${info}`);
console.log(`load of the machine before: ${busy.toFixed(1)}`);
for (const failure of failures) console.error(failure);
if (failures.length > 0) process.exitCode = 1;
