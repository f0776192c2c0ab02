// The panel that takes the next step apart: its numbers add up, follow the knobs, and the step is made from there.
import assert from "node:assert/strict";
import { test } from "node:test";

import { button, pause, play, ready, seriousFaults, state, stepTo, text, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

const panel = (page) => page.getByRole("tabpanel");
const numbers = (line) => (line.replaceAll("−", "-").match(/-?\d[\d,]*(\.\d+)?/g) ?? []).map((word) => Number(word.replaceAll(",", "")));
const term = (page, name) => panel(page).locator(`li.loss .${name} dd`).innerText().then(numbers);
const lies = (page, step) => panel(page).getByText(text("step.which", { step: String(step) }), { exact: true });
const player = (page, who) => button(panel(page), `step.only.${who}`);
const able = async (page) => Promise.all(["teacher", "students", "both"].map((who) => player(page, who).isEnabled()));

/** hard·α + soft·(1−α)·T² = total, by the numbers that are shown: four digits each. Returns the weights. */
async function addsUp(page) {
  const hard = await term(page, "hard");
  const soft = await term(page, "soft");
  const [total] = await term(page, "total");
  for (const [...factors] of [hard, soft]) {
    const product = factors.pop();
    assert.ok(Math.abs(factors.reduce((a, b) => a * b, 1) - product) <= 2e-3 * product, `${factors} make ${product}`);
  }
  assert.ok(Math.abs(hard.at(-1) + soft.at(-1) - total) <= 2e-3 * total, `${hard.at(-1)} + ${soft.at(-1)} = ${total}`);
  return { alpha: hard[1], soft: soft.slice(1, -1) };
}

test("the numbers of a step add up and follow the live knobs without a step", () =>
  withPage("?backend=cpu&view=step", async (page) => {
    await ready(page);
    await lies(page, 1).waitFor();
    assert.deepEqual(await addsUp(page), { alpha: 0.1, soft: [0.9, 16] });

    await panel(page).getByRole("button", { name: text("step.try.half") }).click();
    await panel(page).locator("li.loss .hard dd", { hasText: "× 0.5 =" }).waitFor();
    assert.deepEqual(await addsUp(page), { alpha: 0.5, soft: [0.5, 16] });

    await panel(page).getByRole("button", { name: text("step.try.hot") }).click();
    await panel(page).getByRole("heading", { name: text("step.student", { temperature: "20" }) }).waitFor();
    assert.deepEqual(await addsUp(page), { alpha: 0.5, soft: [0.5, 400] });

    await panel(page).getByRole("button", { name: text("step.try.square") }).click();
    await panel(page).locator("li.loss .soft dd", { hasText: "× 0.5 =" }).waitFor();
    assert.deepEqual(await addsUp(page), { alpha: 0.5, soft: [0.5] });
    assert.equal((await state(page)).step, 0);
  }));

test("making the step advances the run by one, and the step that is shown is the one that is made", () =>
  withPage("?backend=cpu&view=step", async (page) => {
    await ready(page);
    await stepTo(page, 1);
    await lies(page, 2).waitFor();
    const [total] = await term(page, "total");
    await player(page, "students").click();
    await lies(page, 3).waitFor();
    const now = await until(page, "its loss is drawn", (current) => current.step === 2 && current.losses.length > 0);
    const { total: made } = now.losses.find(({ role }) => role === "distilled");
    assert.ok(Math.abs(made - total) <= 1e-3 * made, `it said ${total} and was ${made}`);
  }));

test("a teacher that learns along can step alone, and so can the students", () =>
  withPage("?backend=cpu&view=step", async (page) => {
    await ready(page);
    await lies(page, 1).waitFor();
    assert.deepEqual(await able(page), [false, true, false]);
    await panel(page).getByText(text("step.reason.frozen")).waitFor();
    await button(panel(page), "step.along").click();
    await until(page, "a run with such a teacher", (now) => now.values["teacher.schedule"] === "together");
    await page.keyboard.press("Control+z");
    await until(page, "one undo takes all of it back", (now) => now.wanted["teacher.source"] === "pretrained" && now.values["teacher.source"] === "pretrained");
    await button(panel(page), "step.along").click();
    await until(page, "such a teacher again", (now) => now.values["teacher.schedule"] === "together");
    const logits = () => panel(page).locator("li.logits").innerText();
    await panel(page).locator("li.logits tbody tr").first().waitFor();
    const before = await logits();
    await player(page, "teacher").click();
    await page.waitForFunction((old) => document.querySelector("li.logits").innerText !== old, before);
    assert.equal((await state(page)).step, 0, "the students wait");
    await player(page, "students").click();
    await lies(page, 2).waitFor();
    assert.equal((await state(page)).step, 1);
    assert.deepEqual(await able(page), [true, true, true]);
    await player(page, "both").click();
    await lies(page, 3).waitFor();
  }));

test("the stages are lit in order, and another row is followed", () =>
  withPage("?backend=cpu&view=step", async (page) => {
    await ready(page);
    await play(page);
    await until(page, "it learned something", (now) => now.step >= 25);
    await pause(page);
    const lit = () => panel(page).locator("ol > li.lit").count();
    await button(page, "step.next").focus();
    for (let stage = 1; stage < 7; stage += 1) {
      assert.equal(await lit(), stage);
      await page.keyboard.press("Enter");
    }
    assert.equal(await lit(), 7);
    assert.ok(await button(page, "step.next").isDisabled());
    await page.keyboard.press("Enter");
    assert.equal(await lit(), 7);
    assert.equal(await page.evaluate(() => document.activeElement.textContent), text("step.next"), "what has nothing left to do keeps the focus");
    await button(page, "step.previous").click();
    assert.equal(await panel(page).locator("[aria-current=step]").count(), 1);
    assert.equal(await lit(), 6);

    await button(page, "step.row").click();
    await panel(page).getByText(text("step.batch.row", { row: "2", rows: "64" })).waitFor();
    await page.locator("summary", { hasText: text("step.tensors") }).click();
    const tensors = panel(page).getByRole("region", { name: text("step.tensors") }).locator("tbody tr");
    // A table is filled once its fold has told that it is open.
    await tensors.first().waitFor();
    assert.equal(await tensors.count(), 4);
    assert.deepEqual(await seriousFaults(page, "[role=tabpanel]"), []);
  }));

test("before the students and after the end the tab says why, helps, and shows a step", () =>
  withPage("?backend=cpu&view=step&preset=plane&teacher.steps=120&train.steps=10", async (page) => {
    await ready(page);
    await panel(page).getByText(text("step.none.teacher")).waitFor();
    await panel(page).getByText(text("step.reason.first")).waitFor();
    assert.deepEqual(await able(page), [true, false, false]);
    await player(page, "teacher").click();
    await until(page, "a step of the teacher", (now) => now.phase === "teacher" && now.step === 1);
    await button(panel(page), "step.teach", { left: "119" }).click();
    await lies(page, 1).waitFor();
    const begun = await state(page);
    assert.deepEqual([begun.phase, begun.step, begun.playing], ["teacher", 120, false], "it stops where the students begin");
    assert.deepEqual(await able(page), [false, true, false]);
    await play(page);
    await until(page, "the end", (now) => now.finished);
    await panel(page).getByText(text("step.which.beyond", { step: "11" })).waitFor();
    await panel(page).getByText(text("step.reason.over", { steps: "10" })).waitFor();
    assert.deepEqual(await able(page), [false, false, false]);
    assert.equal(await panel(page).locator("ol > li").count(), 7, "the step that would come next");
    await button(panel(page), "step.restart").click();
    await panel(page).getByText(text("step.none.teacher")).waitFor();
  }));

test("with reduced motion nothing plays by itself, and nothing offers to", () =>
  withPage(
    "?backend=cpu&view=step",
    async (page) => {
      await ready(page);
      await lies(page, 1).waitFor();
      assert.equal(await button(page, "step.play").count(), 0);
    },
    { reducedMotion: "reduce" },
  ));
