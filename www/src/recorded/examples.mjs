// Writes examples.json: for each data set of classes the test row that the page begins with. It is the one that shows best what the teacher
// gave. At the end of the default run the teacher is right and sure of it at T = 1, its second guess is plausible at the T of the run, the
// student alone fell for that very guess, and the distilled student is right. Of such rows it is the one on which the students differ most.
//
//   ./build.sh build
//   node www/src/recorded/examples.mjs
import { readFileSync, writeFileSync } from "node:fs";

/** Probabilities: of the teacher's answer at T = 1, of its second guess at the T of the run, of the distilled student's answer at T = 1. */
const SURE = 0.95;
const PLAUSIBLE = 0.1;
const LEARNED = 0.6;

const PRESETS = ["first-light", "fashion", "plane"];

const pkg = new URL("../../../pkg/", import.meta.url);
const { default: init, Engine } = await import(new URL("distillery.js", pkg));
await init({ module_or_path: readFileSync(new URL("distillery_bg.wasm", pkg)) });
const engine = await Engine.create("cpu");
for (const part of ["fashion_images", "fashion_teacher"]) await send({ type: "bring", part, bytes: new Uint8Array(readFileSync(new URL(`parts/${part}`, pkg))) });

async function send(command) {
  const replies = await engine.send(command);
  const refused = replies.find(({ type }) => type === "error");
  if (refused !== undefined) throw new Error(`${command.type}: ${refused.message}`);
  return replies;
}

function softmax(logits, temperature) {
  const top = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp((logit - top) / temperature));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

async function shows({ index, label, teacher, alone, distilled }) {
  if (teacher !== label || distilled !== label) return false;
  const [{ views, temperature }] = await send({ type: "inspect", index });
  const logits = Object.fromEntries(views.map((view) => [view.role, view.logits]));
  const [, second] = logits.teacher.map((logit, klass) => ({ logit, klass })).sort((a, b) => b.logit - a.logit);
  return (
    alone === second.klass &&
    softmax(logits.teacher, 1)[label] >= SURE &&
    softmax(logits.teacher, temperature)[second.klass] >= PLAUSIBLE &&
    softmax(logits.distilled, 1)[label] >= LEARNED
  );
}

const examples = {};
for (const preset of PRESETS) {
  const [{ summary }] = await send({ type: "open", preset, version: 1, set: {} });
  for (let finished = false; !finished; ) finished = (await send({ type: "advance", steps: 100 })).some(({ type }) => type === "finished");
  const [{ disputed }] = await send({ type: "study" });
  for (const row of disputed) {
    if (!(await shows(row))) continue;
    examples[summary.values["task.name"]] = row.index;
    break;
  }
}
writeFileSync(new URL("examples.json", import.meta.url), `${JSON.stringify(examples)}\n`);
