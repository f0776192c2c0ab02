// `./build.sh bench`: the fixed workloads natively on the CPU backend, and in headless Chromium on its CPU backend and on the software adapter of
// WebGPU, each with its median steps/s behind a loss readback every 10 steps, and by how much its first five losses differ from the native ones;
// then the page itself: when it can be used, its first step, and the race with the teacher's logits kept. `./build.sh peers` has other engines
// beside the workloads.
import { execFileSync } from "node:child_process";

import { at, inBrowser, until } from "./browser.mjs";
import { apart, line, makeOwnPage, speed, timeInPage, timeNative } from "./timed.mjs";

const WORKLOADS = ["W1", "W2", "W3"];
/** Backends in the browser, by their names in peer.mjs. */
const BROWSER = [
  { backend: "wasm", name: "browser CPU" },
  { backend: "webgpu", name: "browser WebGPU (software)" },
];

line("engine", "", ["steps/s", "range", "first step ms", "losses apart", "engine ready ms"]);
/** First losses of the native program. */
const losses = {};
for (const workload of WORKLOADS) {
  const result = timeNative(workload);
  losses[workload] = result.losses;
  line("native CPU", workload, speed(result));
}
await inBrowser(makeOwnPage(), async (browser, address) => {
  for (const { backend, name } of BROWSER) {
    for (const workload of WORKLOADS) {
      const result = await timeInPage(browser, address, { module: "peer.mjs", backend }, workload);
      line(name, workload, [...speed(result), apart(result.losses, losses[workload]).toExponential(1), result.ready_ms.toFixed(0)]);
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
