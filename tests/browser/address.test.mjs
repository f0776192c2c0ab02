// The address carries the experiment, and a wrong one never stops the page.
import assert from "node:assert/strict";
import { test } from "node:test";

import { knob, ready, state, stepTo, until, useBrowser, withPage, write } from "./lab.mjs";

useBrowser();

const query = (page) => new URL(page.url()).searchParams;

test("a link opens the same experiment again", () =>
  withPage("?preset=narrow-student&v=1&distill.temperature=8&student.widths=12,10&seed=5&lang=ko&backend=cpu", async (page, open) => {
    const { values } = await ready(page);
    assert.equal(Number(values["distill.temperature"]), 8);
    assert.equal(values["student.widths"], "12,10");
    assert.equal(values.seed, "5");
    assert.equal(await page.locator("html").getAttribute("lang"), "ko");

    await write(page, "distill.alpha", "0.4");
    await page.waitForURL((url) => url.searchParams.get("distill.alpha") === "0.4");
    assert.deepEqual(
      Object.fromEntries(query(page)),
      { preset: "narrow-student", v: "1", "distill.alpha": "0.4", "distill.temperature": "8", "student.widths": "12,10", seed: "5", lang: "ko", backend: "cpu" },
    );
    const again = await ready(await open(new URL(page.url()).search));
    assert.deepEqual(again.values, (await state(page)).values);
  }));

test("only what differs from the preset stands in the address", () =>
  withPage("?backend=cpu", async (page) => {
    const { values } = await ready(page);
    await write(page, "distill.temperature", "9");
    await page.waitForURL((url) => url.searchParams.get("distill.temperature") === "9");
    await write(page, "distill.temperature", values["distill.temperature"]);
    await page.waitForURL((url) => !url.searchParams.has("distill.temperature"));
  }));

const WRONG = [
  ["an unknown knob", "?distill.temprature=8", "unknown_key"],
  ["a value out of range", "?distill.temperature=900", "out_of_range"],
  ["a value that is no number", "?distill.alpha=much", "out_of_range"],
  ["an unknown preset", "?preset=first-night", "unknown_preset"],
  ["another version", "?v=77&distill.temperature=8", "version"],
  ["an unknown language", "?lang=tlh", "bad_parameter"],
  ["a broken escape", "?distill.temperature=%E0%A4%A", "out_of_range"],
  ["knobs that contradict each other", "?task.name=plane&teacher.source=pretrained", "conflict"],
];
for (const [name, search, code] of WRONG) {
  test(`${name} is told, and the page goes on`, () =>
    withPage(`${search}&backend=cpu`, async (page) => {
      await ready(page);
      await until(page, `the message ${code}`, (now, wanted) => now.notices.includes(wanted), code);
      const message = await page.locator(".notices").innerText();
      assert.doesNotMatch(message, /\{\w+\}|^error\./m, "the message is in words");
      await stepTo(page, 1);
    }));
}

test("a choice that only the native program has is not offered; from an address it stays, with why beside it", () =>
  withPage("?backend=cpu&preset=grammar&task.name=jsonl", async (page) => {
    await ready(page);
    await until(page, "the message", (now) => now.notices.includes("native_value"));
    const offered = (key) => knob(page, key).locator("option").evaluateAll((options) => options.map(({ value }) => value));
    assert.ok((await offered("task.name")).includes("jsonl"), "what was asked for is shown");
    assert.ok(!(await offered("task.name")).includes("labels"), "what nobody asked for is not");
    assert.ok(!(await offered("teacher.source")).includes("file"));
    assert.equal(await knob(page, "student.start").count(), 0, "one choice is none");
    await knob(page, "task.name").getByText("--set task.name=jsonl").waitFor();
    await knob(page, "task.name").locator("select").selectOption("grammar");
    assert.ok(!(await offered("task.name")).includes("jsonl"), "gone once something else is chosen");
  }));
