// Files out of the page and back in, and what comes in that is no such file.
import assert from "node:assert/strict";
import { test } from "node:test";

import { button, curves, download, play, ready, state, stepTo, until, useBrowser, withPage, write } from "./lab.mjs";

useBrowser();

const upload = (page, { name, buffer }) => page.locator("input[type=file]").setInputFiles({ name, mimeType: "application/octet-stream", buffer: Buffer.from(buffer) });
const accuracy = (now, role) => now.networks.find((network) => network.role === role).accuracy;

test("an experiment file opens the experiment that wrote it", () =>
  withPage("?backend=cpu&distill.temperature=7&student.widths=20", async (page, open) => {
    const { values } = await ready(page);
    const file = await download(page, "share.experiment");
    assert.equal(JSON.parse(file.buffer).distill.temperature, 7);
    const other = await open("?backend=cpu&preset=all-labels");
    await ready(other);
    await upload(other, file);
    const now = await until(other, "the file's experiment is open", (current) => current.values["student.widths"] === "20");
    assert.deepEqual(now.values, values);
    assert.deepEqual(now.wanted, values, "the controls follow");
  }));

test("a student's weights do what they did where they were trained", () =>
  withPage("?backend=cpu&train.eval_every=10", async (page, open) => {
    await ready(page);
    await stepTo(page, 20);
    const before = await until(page, "the evaluation of step 20", (now) => now.networks.some((network) => network.role === "distilled" && network.step === 20));
    const file = await download(page, "share.student");
    const other = await open("?backend=cpu");
    await ready(other);
    await upload(other, file);
    const now = await until(other, "the weights are in", (current) => current.networks.some((network) => network.role === "distilled"));
    assert.equal(accuracy(now, "distilled"), accuracy(before, "distilled"));
  }));

test("a checkpoint goes on where it was written", () =>
  withPage("?backend=cpu", async (page, open) => {
    await ready(page);
    await stepTo(page, 5);
    const file = await download(page, "share.checkpoint");
    await stepTo(page, 6);
    const other = await open("?backend=cpu&preset=wide-student");
    await ready(other);
    await upload(other, file);
    await until(other, "the checkpoint is open", (now) => now.step === 5);
    await stepTo(other, 6);
    const [before, after] = [await curves(page), await curves(other)];
    for (const column of ["alone_training", "distilled_training"]) assert.equal(after(column, 6), before(column, 6));
  }));

const JSON_OF = (change) => async (page) => {
  const experiment = JSON.parse((await download(page, "share.experiment")).buffer);
  change(experiment);
  return { name: "experiment.json", buffer: JSON.stringify(experiment) };
};
const TENSORS_OF = (key, change) => async (page) => {
  const { name, buffer } = await download(page, key);
  return { name, buffer: change(buffer) };
};
/** The last of its numbers is none. */
function endsInNan(buffer) {
  buffer.writeFloatLE(NaN, buffer.length - 4);
  return buffer;
}
/** Other words of the same length, so that the tensors stay where they are. */
function replace(buffer, from, to) {
  const at = buffer.indexOf(from);
  assert.ok(at > 0 && from.length === to.length, `${from} stands in the file`);
  buffer.write(to, at);
  return buffer;
}
const BAD = [
  ["text that is no JSON", "not_json", async () => ({ name: "experiment.json", buffer: "{ not json" })],
  ["JSON that is no experiment", "no_version", async () => ({ name: "experiment.json", buffer: "[1]" })],
  ["an unknown key", "unknown_key", JSON_OF((experiment) => (experiment.distill.temprature = 3))],
  ["a value of another type", "out_of_range", JSON_OF((experiment) => (experiment.distill.temperature = "warm"))],
  ["a value out of range", "out_of_range", JSON_OF((experiment) => (experiment.distill.temperature = 900))],
  ["an experiment of another version", "version", JSON_OF((experiment) => (experiment.version = 99))],
  ["an unknown preset", "unknown_preset", JSON_OF((experiment) => (experiment.preset = "nosuch"))],
  ["a preset of the native program", "native_preset", JSON_OF((experiment) => (experiment.preset = "smollm2"))],
  ["a teacher from a file", "native_value", JSON_OF((experiment) => (experiment.teacher.source = "file"))],
  [
    "an experiment that contradicts itself",
    "conflict",
    JSON_OF(({ task, teacher }) => {
      task.name = "plane";
      teacher.source = "pretrained";
    }),
  ],
  ["bytes that are no safetensors", "weights_format", async () => ({ name: "student.safetensors", buffer: "weights, honestly" })],
  [
    "weights cut short",
    "weights_truncated",
    async (page) => {
      const file = await download(page, "share.student");
      return { ...file, buffer: file.buffer.subarray(0, file.buffer.length - 100) };
    },
  ],
  ["weights that are not finite", "weights_not_finite", TENSORS_OF("share.student", endsInNan)],
  ["a checkpoint of another version", "checkpoint_version", TENSORS_OF("share.checkpoint", (buffer) => replace(buffer, '\\"version\\":1,', '\\"version\\":7,'))],
  ["a checkpoint with numbers that are not finite", "weights_not_finite", TENSORS_OF("share.checkpoint", endsInNan)],
  [
    "a checkpoint whose tensors are of another shape than its experiment says",
    "bad_checkpoint",
    TENSORS_OF("share.checkpoint", (buffer) => replace(buffer, '\\"widths\\":[16]', '\\"widths\\":[17]')),
  ],
  ["an experiment as TOML", "file_toml", async () => ({ name: "experiment.toml", buffer: "version = 1" })],
  ["a file of another kind", "file_kind", async () => ({ name: "cat.png", buffer: "meow" })],
];
for (const [name, code, make] of BAD) {
  test(`${name}: a message, and the run stays`, () =>
    withPage("?backend=cpu", async (page) => {
      await ready(page);
      const { values } = await stepTo(page, 2);
      const file = await make(page);
      await upload(page, file);
      await until(page, `the message ${code}`, (now, wanted) => now.notices.includes(wanted), code);
      assert.equal((await state(page)).notices.length, 1, "one file, one message");
      const said = await page.locator(".notices").innerText();
      assert.doesNotMatch(said, /\{\w+\}|^error\./m, "the message is in words");
      assert.ok(said.includes(file.name), `the message names the file: ${said}`);
      await button(page, "page.language.ko").click();
      // Of the file, keys, commands and values may stand in it, but no sentence of a parser.
      assert.doesNotMatch(await page.locator(".notices .said > p").innerText(), /[a-z]+ [a-z]+ [a-z]+ [a-z]+/i, "the Korean message is Korean");
      await button(page, "page.language.en").click();
      const now = await stepTo(page, 3);
      assert.deepEqual(now.values, values);
    }));
}

test("a run that plays goes on when a file is refused", () =>
  withPage("?backend=cpu&train.steps=100000", async (page) => {
    await ready(page);
    await play(page);
    const { step } = await until(page, "it plays", (now) => now.step > 20);
    await upload(page, { name: "student.safetensors", buffer: "weights, honestly" });
    await until(page, "the refusal", (now) => now.notices.includes("weights_format"));
    await until(page, "it plays on", (now, before) => now.playing && now.step > before + 100, step);
  }));

test("weights of another shape are refused and the student keeps its own", () =>
  withPage("?backend=cpu&student.widths=20", async (page, open) => {
    await ready(page);
    await stepTo(page, 1);
    const file = await download(page, "share.student");
    const other = await open("?backend=cpu");
    await ready(other);
    await stepTo(other, 1);
    const before = await until(other, "the first evaluation", (now) => now.networks.length === 3);
    await upload(other, file);
    await until(other, "a refusal", (now) => now.notices.includes("weights_shape"));
    assert.match(await other.locator(".notices").innerText(), /20/, "the message names the shape");
    assert.deepEqual((await state(other)).networks, before.networks);
    await write(other, "distill.temperature", "5");
    await stepTo(other, 2);
  }));
