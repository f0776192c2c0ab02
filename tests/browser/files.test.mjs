// Files out of the page and back in, and what comes in that is no such file.
import assert from "node:assert/strict";
import { test } from "node:test";

import { curves, download, ready, state, stepTo, until, useBrowser, withPage, write } from "./lab.mjs";

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
const BAD = [
  ["text that is no JSON", "bad_file", async () => ({ name: "experiment.json", buffer: "{ not json" })],
  ["an unknown key", "bad_file", JSON_OF((experiment) => (experiment.distill.temprature = 3))],
  ["a value out of range", "out_of_range", JSON_OF((experiment) => (experiment.distill.temperature = 900))],
  ["an experiment of another version", "version", JSON_OF((experiment) => (experiment.version = 99))],
  [
    "an experiment that contradicts itself",
    "conflict",
    JSON_OF(({ task, teacher }) => {
      task.name = "plane";
      teacher.source = "pretrained";
    }),
  ],
  ["bytes that are no safetensors", "bad_file", async () => ({ name: "student.safetensors", buffer: "weights, honestly" })],
  [
    "weights cut short",
    "bad_file",
    async (page) => {
      const file = await download(page, "share.student");
      return { ...file, buffer: file.buffer.subarray(0, file.buffer.length - 100) };
    },
  ],
  ["a file of another kind", "file_kind", async () => ({ name: "cat.png", buffer: "meow" })],
];
for (const [name, code, make] of BAD) {
  test(`${name}: a message, and the run stays`, () =>
    withPage("?backend=cpu", async (page) => {
      await ready(page);
      const { values } = await stepTo(page, 2);
      await upload(page, await make(page));
      await until(page, `the message ${code}`, (now, wanted) => now.notices.includes(wanted), code);
      assert.doesNotMatch(await page.locator(".notices").innerText(), /\{\w+\}|^error\./m, "the message is in words");
      const now = await stepTo(page, 3);
      assert.deepEqual(now.values, values);
    }));
}

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
    await until(other, "a refusal", (now) => now.notices.includes("bad_file"));
    assert.match(await other.locator(".notices").innerText(), /20/, "the message names the shape");
    assert.deepEqual((await state(other)).networks, before.networks);
    await write(other, "distill.temperature", "5");
    await stepTo(other, 2);
  }));
