// `node benches/soak.mjs [cpu|webgpu] [steps]`: trains the built page for 10,000 steps and prints, at each tenth of the way, what its processes
// hold. Memory is flat when the last rows hold no more than those before. Linux only: resident memory comes from /proc.
import { existsSync, readFileSync } from "node:fs";

import { inBrowser, until } from "./browser.mjs";

const [backend = "cpu", total = "10000"] = process.argv.slice(2);
const steps = Number(total);
if (!existsSync("/proc/self/statm") || !["cpu", "webgpu"].includes(backend) || !(steps >= 10)) {
  console.error("usage, on Linux: node benches/soak.mjs [cpu|webgpu] [steps, 10 or more]");
  process.exit(2);
}

const MB = 2 ** 20;
/** Resident memory of the browser's processes of a kind, in MB; the page shares its process with no other page. */
const resident = (processes, kind) =>
  processes.filter(({ type }) => type === kind).reduce((sum, { id }) => sum + (Number(readFileSync(`/proc/${id}/statm`, "utf8").split(" ")[1]) * 4096) / MB, 0);
const columns = (cells) => console.log(cells.map((cell) => String(cell).padStart(16)).join(""));

await inBrowser("../www/dist", async (browser, address) => {
  const page = await browser.newPage();
  const whole = await browser.newBrowserCDPSession();
  const own = await page.context().newCDPSession(page);
  await page.goto(`${address}?backend=${backend}&train.steps=${steps}`);
  await until(page, (now) => now.engine === "up" && now.values !== null);
  columns(["steps", "seconds", "page MB", "graphics MB", "JS heap MB"]);
  const begin = performance.now();
  await page.keyboard.press("Space");
  for (let tenth = 1; tenth <= 10; tenth++) {
    await until(page, (now, step) => now.step >= step, (steps * tenth) / 10);
    await own.send("HeapProfiler.collectGarbage");
    const { usedSize } = await own.send("Runtime.getHeapUsage");
    const { processInfo } = await whole.send("SystemInfo.getProcessInfo");
    const held = ["renderer", "GPU"].map((kind) => resident(processInfo, kind).toFixed(0));
    columns([Math.round((steps * tenth) / 10), ((performance.now() - begin) / 1000).toFixed(0), ...held, (usedSize / MB).toFixed(1)]);
  }
});
