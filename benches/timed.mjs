// What `./build.sh bench` and `./build.sh peers` share: a workload timed in a page or by a program, and its line in the table.
import { execFileSync } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { at } from "./browser.mjs";
import { median } from "./protocol.mjs";

/** Makes a page of a folder in which the module of an engine lies. */
export function makePage(folder) {
  copyFileSync(at("protocol.mjs"), join(folder, "protocol.mjs"));
  writeFileSync(join(folder, "index.html"), "<!doctype html><title>bench</title>");
}

/** Makes a page of pkg/, and returns its folder. The module is peer.mjs. */
export function makeOwnPage() {
  const folder = at("../pkg/");
  copyFileSync(at("peer.mjs"), join(folder, "peer.mjs"));
  makePage(folder);
  return folder;
}

/** Times a workload in a page of its own at `address`, on the engine that `make(backend)` of `module` gives. */
export async function timeInPage(browser, address, { module, backend }, workload, options) {
  const page = await browser.newPage();
  await page.goto(address);
  const result = await page.evaluate(
    async ([from, name, ...wanted]) => {
      const [{ measure }, { make }] = await Promise.all([import("./protocol.mjs"), import(from)]);
      return measure(make(name), ...wanted);
    },
    [`./${module}`, backend, workload, options],
  );
  await page.close();
  return result;
}

/** The JSON object on the last line that a program writes. */
export function lastLine(program, parts, timeout) {
  const written = execFileSync(program, parts, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout });
  return JSON.parse(written.trim().split("\n").at(-1));
}

/** A workload timed by our program. */
export const timeNative = (workload) => lastLine(process.env.DISTILLERY, ["bench", workload, "--device", "cpu"]);

/** By how much losses differ from others at most, relative to these. */
export const apart = (losses, others) => Math.max(...losses.map((loss, step) => Math.abs(loss / others[step] - 1)));

/** A line of the table; each cell after the first two gets the same width. */
export const line = (engine, workload, cells) => console.log(engine.padEnd(28) + workload.padEnd(6) + cells.map((cell) => cell.padStart(16)).join(""));

const digits = (rate) => rate.toFixed(rate < 10 ? 2 : 1);

/** The cells that each result has: steps/s, the range of the repeats, latency of the first step. */
export function speed({ repeats, first_step_ms }) {
  const rates = repeats.map(({ steps_per_s }) => steps_per_s);
  return [digits(median(rates)), `${digits(Math.min(...rates))}..${digits(Math.max(...rates))}`, first_step_ms.toFixed(0)];
}
