// Writes first-light.json, the beginning of the curves that the page shows until its engine is there, from a native run:
//
//   distillery run first-light --device cpu --out /tmp/first-light
//   node www/src/recorded/make.mjs /tmp/first-light/metrics.jsonl
import { readFileSync, writeFileSync } from "node:fs";

const events = readFileSync(process.argv[2], "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
const { preset, command, values, teacher_steps, student_steps } = events.find(({ type }) => type === "opened").summary;

/** Share of the way that is kept: the page asks which student does better, and the end would answer. */
const KEPT = 0.2;
const last = KEPT * student_steps;

/** Four digits are more than a chart shows. */
const short = (value) => (value == null ? null : Number(value.toPrecision(4)));

/** One table as the page keeps it: x and columns. A measure that comes once, as a frozen teacher's does, holds. */
function table(rows) {
  const names = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))];
  const held = {};
  const columns = Object.fromEntries(names.map((name) => [name, []]));
  for (const { values } of rows) {
    Object.assign(held, values);
    for (const name of names) columns[name].push(held[name] ?? null);
  }
  return { x: rows.map(({ step }) => step), columns };
}

const entries = (list) => Object.fromEntries(list.filter(([, value]) => value !== null));
const trained = table(
  events
    .filter(({ type, step }) => type === "progress" && step % 20 === 0 && step <= last)
    .map(({ step, losses }) => ({ step, values: entries(losses.map(({ role, total }) => [`${role}_training`, short(total)])) })),
);
const tested = table(
  events
    .filter(({ type, step }) => type === "evaluated" && step <= last)
    .map(({ step, networks }) => ({
      step,
      values: entries(networks.flatMap((network) => ["accuracy", "loss", "ece", "agreement"].map((name) => [`${network.role}_${name}`, short(network[name])]))),
    })),
);

const file = new URL("first-light.json", import.meta.url);
writeFileSync(file, `${JSON.stringify({ summary: { preset, command, values, teacher_steps, student_steps }, trained, tested })}\n`);
