// `./build.sh bench`: the fixed workloads in headless Chromium, on its CPU backend and on the software adapter of WebGPU, and natively on the
// CPU backend, each with its median steps/s behind a loss readback every 10 steps, and by how much its first five losses differ from the native
// ones; then the page itself: when it can be used, its first step, and the race with the teacher's logits kept. For TensorFlow.js, jax-js and PyTorch beside the workloads, name pkg/ (with peer.mjs in it) to
// the peer benchmark.
import { execFileSync } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";

import { at, inBrowser, until } from "./browser.mjs";

const WORKLOADS = ["W1", "W2", "W3"];
/** Backends in the browser, by their names in peer.mjs. A software adapter is slow: it gets fewer segments of ten steps in each of its repeats. */
const BROWSER = [
  { backend: "wasm", name: "browser CPU", segments: { W1: 30, W2: 3, W3: 10 } },
  { backend: "webgpu", name: "browser WebGPU (software)", segments: { W1: 6, W2: 1, W3: 6 } },
];

/** Runs in the page: one workload, as src/cli/bench.rs times it. */
async function measure({ backend, workload, segments }) {
  const { make } = await import("./peer.mjs");
  const engine = make(backend);
  const loaded = performance.now();
  await engine.init();
  const ready = performance.now() - loaded;
  const model = await engine.create(workload);
  let k = 0;
  const train = async (steps) => {
    const start = performance.now();
    for (let i = 1; i < steps; i++) model.drop(model.step(k++));
    const loss = await model.read(model.step(k++));
    return { loss, ms: performance.now() - start };
  };
  const singles = [];
  for (let i = 0; i < 5; i++) singles.push(await train(1));
  for (let i = 0; i < 2; i++) await train(10);
  const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
  const repeats = [];
  for (let r = 0; r < 3; r++) {
    const rates = [];
    for (let s = 0; s < segments; s++) rates.push(10_000 / (await train(10)).ms);
    repeats.push(median(rates));
  }
  return { ready, first: singles[0].ms, losses: singles.map(({ loss }) => loss), repeats };
}

const row = (engine, workload, repeats, first, apart, ready) => {
  const sorted = [...repeats].sort((a, b) => a - b);
  const cells = [sorted[1].toFixed(1), `${sorted[0].toFixed(1)}..${sorted[2].toFixed(1)}`, first.toFixed(0), apart?.toExponential(1) ?? "", ready?.toFixed(0) ?? ""];
  console.log(engine.padEnd(28) + workload.padEnd(6) + cells.map((cell) => cell.padStart(16)).join(""));
};

console.log(`${"engine".padEnd(34)}${["steps/s", "range", "first step ms", "losses apart", "engine ready ms"].map((head) => head.padStart(16)).join("")}`);
/** First losses of the native program. */
const losses = {};
for (const workload of WORKLOADS) {
  const out = execFileSync(process.env.DISTILLERY, ["bench", workload, "--device", "cpu"], { encoding: "utf8" });
  const { repeats, first_step_ms, losses: own } = JSON.parse(out.trim().split("\n").at(-1));
  losses[workload] = own;
  row("native CPU", workload, repeats.map((repeat) => repeat.steps_per_s), first_step_ms);
}
copyFileSync(at("peer.mjs"), at("../pkg/peer.mjs"));
writeFileSync(at("../pkg/index.html"), "<!doctype html><title>bench</title>");
await inBrowser("../pkg", async (browser, address) => {
  for (const { backend, name, segments } of BROWSER) {
    for (const workload of WORKLOADS.filter((one) => one in segments)) {
      const page = await browser.newPage();
      await page.goto(address);
      const { repeats, first, ready, losses: own } = await page.evaluate(measure, { backend, workload, segments: segments[workload] });
      const apart = Math.max(...own.map((loss, step) => Math.abs(loss / losses[workload][step] - 1)));
      row(name, workload, repeats, first, apart, ready);
      await page.close();
    }
  }
});
/** The preset of the first screen in the page: a visitor with nothing cached, from the request to the end of the run. */
async function race(backend, steps) {
  await inBrowser("../www/dist", async (browser, address) => {
    const page = await browser.newPage();
    const asked = performance.now();
    await page.goto(`${address}?backend=${backend}&train.steps=${steps}`);
    await until(page, (now) => now.engine === "up" && now.values !== null);
    const usable = performance.now() - asked;
    await page.keyboard.press("Space");
    const pressed = performance.now();
    await until(page, (now) => now.step > 0);
    const first = performance.now() - pressed;
    const half = await until(page, (now, wanted) => now.step >= wanted, steps / 2);
    const began = performance.now();
    const end = await until(page, (now, wanted) => now.step >= wanted, steps);
    const rate = ((end.step - half.step) * 1000) / (performance.now() - began);
    console.log(`page ${backend.padEnd(7)} usable after ${usable.toFixed(0)} ms; first step ${first.toFixed(0)} ms after play; race ${rate.toFixed(0)} steps/s`);
  });
}
console.log("\nfirst-light in the page: two students per step, the teacher's logits computed once");
await race("cpu", 20_000);
await race("webgpu", 400);
console.log();
execFileSync(process.execPath, [at("size.mjs")], { stdio: "inherit" });
