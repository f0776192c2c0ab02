// `./build.sh bench`: the fixed workloads in headless Chromium and natively, on the CPU backend, each with its median steps/s behind a loss
// readback every 10 steps. For TensorFlow.js, jax-js and PyTorch beside them, name pkg/ (with peer.mjs in it) to the peer benchmark.
import { execFileSync } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import { serve } from "../www/serve.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const { chromium } = createRequire(at("../www/package.json"))("playwright-core");
const WORKLOADS = ["W1", "W3"];

/** Runs in the page: one workload, as src/cli/bench.rs times it. */
async function measure(workload) {
  const { make } = await import("./peer.mjs");
  const engine = make("wasm");
  const loaded = performance.now();
  await engine.init();
  const ready = performance.now() - loaded;
  const model = await engine.create(workload);
  let k = 0;
  const train = async (steps) => {
    const start = performance.now();
    for (let i = 1; i < steps; i++) model.drop(model.step(k++));
    await model.read(model.step(k++));
    return performance.now() - start;
  };
  const first = await train(1);
  for (let i = 0; i < 2; i++) await train(10);
  const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
  const repeats = [];
  for (let r = 0; r < 3; r++) {
    const rates = [];
    for (let s = 0; s < 30; s++) rates.push(10_000 / (await train(10)));
    repeats.push(median(rates));
  }
  return { ready, first, repeats };
}

const row = (engine, workload, repeats, first, ready) => {
  const sorted = [...repeats].sort((a, b) => a - b);
  const cells = [sorted[1].toFixed(1), `${sorted[0].toFixed(1)}..${sorted[2].toFixed(1)}`, first.toFixed(0), ready?.toFixed(0) ?? ""];
  console.log(engine.padEnd(14) + workload.padEnd(6) + cells.map((cell) => cell.padStart(16)).join(""));
};

console.log(`${"engine".padEnd(20)}${["steps/s", "range", "first step ms", "engine ready ms"].map((head) => head.padStart(16)).join("")}`);
copyFileSync(at("peer.mjs"), at("../pkg/peer.mjs"));
writeFileSync(at("../pkg/index.html"), "<!doctype html><title>bench</title>");
const server = await serve(at("../pkg"), 0);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--headless=new", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
for (const workload of WORKLOADS) {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const { repeats, first, ready } = await page.evaluate(measure, workload);
  row("browser CPU", workload, repeats, first, ready);
  await page.close();
}
await browser.close();
server.close();
for (const workload of WORKLOADS) {
  const out = execFileSync(process.env.DISTILLERY, ["bench", workload, "--device", "cpu"], { encoding: "utf8" });
  const { repeats, first_step_ms } = JSON.parse(out.trim().split("\n").at(-1));
  row("native CPU", workload, repeats.map((repeat) => repeat.steps_per_s), first_step_ms);
}
execFileSync(process.execPath, [at("size.mjs")], { stdio: "inherit" });
