// Sweeps: real runs in the background fill a map, the race goes on meanwhile, and a cell is a run that one can open.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";

import { PATIENCE, button, faults, play, ready, state, text, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

const TINY = "?backend=cpu&train.steps=30&view=sweep";
const panel = (page) => page.getByRole("tabpanel");
const cells = (page) => panel(page).getByRole("gridcell").getByRole("button");
const values = (page, knob) => panel(page).getByRole("textbox", { name: text("sweep.values", { knob: text(`knob.${knob}`) }), exact: true });

async function fillValues(page, knob, written) {
  await values(page, knob).fill(written);
}

/** Two by two cells. */
async function tiny(page) {
  await ready(page);
  await fillValues(page, "distill.temperature", "1 8");
  await fillValues(page, "distill.alpha", "0.1 1");
}

const start = (page) => button(page, "sweep.start").click();
const over = (page) => button(page, "sweep.start").waitFor();
/** Points that a cell shows, and half the width of its interval. */
const figures = async (page) => (await cells(page).allInnerTexts()).map((shown) => shown.match(/[−+]?\d+\.\d/g)?.map((word) => Number(word.replace("−", "-"))) ?? null);

/** Only the Worker of the race is left. The browser tells of the end of another a while after the page has ended it. */
async function alone(page) {
  const signal = AbortSignal.timeout(PATIENCE);
  while (page.workers().length > 1 && !signal.aborted) await Promise.any(page.workers().map((worker) => once(worker, "close", { signal }))).catch(() => undefined);
  assert.equal(page.workers().length, 1, "Workers of the page");
}

test("a sweep fills its cells while the race goes on; a cell opens its run, which comes to the same", () =>
  withPage(TINY.replace("=30", "=30000"), async (page) => {
    // The race is long, the sweep of another experiment short: the race must not end before the sweep does.
    await ready(page);
    await play(page);
    const before = await until(page, "the race runs", (now) => now.step > 50);
    await page.locator('[id="knob-train.steps"] input[type=text]').fill("30");
    await page.locator('[id="knob-train.steps"] input[type=text]').press("Tab");
    await tiny(page);
    await start(page);
    await over(page);
    const after = await state(page);
    assert.ok(after.playing && after.step > before.step, "the race went on");
    const shown = await figures(page);
    assert.equal(shown.length, 4);
    for (const cell of shown) assert.ok(cell !== null, "every cell has a number");
    assert.deepEqual([shown[2], shown[3]], [[0], [0]], "at α = 1 both students are the same");
    assert.match(await panel(page).innerText(), /4 runs, 120 training steps/);

    await cells(page).nth(1).click();
    assert.deepEqual((await state(page)).values, after.values, "a click chooses, and opens nothing");
    await panel(page).getByText(/^T = 8, α = 0.1: .* points/).waitFor();
    await button(panel(page), "sweep.open").click();
    const opened = await until(page, "the run of the cell is over", (now) => now.finished && now.outcome !== null && Number(now.values["distill.temperature"]) === 8);
    assert.equal(Number(opened.values["distill.alpha"]), 0.1);
    assert.equal(opened.step, 30);
    assert.ok(Math.abs(100 * opened.outcome.gap - shown[1][0]) < 0.051, `${100 * opened.outcome.gap} in the race, ${shown[1][0]} in the map`);

    // One change to undo, though it set two knobs.
    await button(page, "panel.undo").click();
    const back = await until(page, "the knobs are back", (now) => Number(now.wanted["distill.temperature"]) === 4);
    assert.equal(Number(back.wanted["distill.alpha"]), 0.1);
  }));

test("runs that differ in the loss alone are seen to grow together, and none of them is kept when it is stopped", () =>
  withPage(TINY.replace("=30", "=30000"), async (page) => {
    await tiny(page);
    await start(page);
    const shown = (pattern) =>
      page.waitForFunction((source) => [...document.querySelectorAll("[role=gridcell]")].every((cell) => new RegExp(source).test(cell.innerText)), pattern);
    await shown("\\d\\.\\d");
    await panel(page).getByText(/^4 runs learn together: \d+% of their steps made/).waitFor();
    await button(page, "sweep.stop").click();
    await shown("·");
  }));

test("more seeds give intervals; keys reach every cell; results outlive the panel and a sweep that is stopped", () =>
  withPage(TINY, async (page) => {
    await tiny(page);
    await panel(page).getByLabel(text("sweep.seeds")).selectOption("3");
    await start(page);
    await over(page);
    const shown = await figures(page);
    for (const cell of shown) assert.equal(cell.length, 2, "mean and half width");
    await page.getByRole("tab", { name: text("closer.sample") }).click();
    await page.getByRole("tab", { name: text("closer.sweep") }).click();
    assert.deepEqual(await figures(page), shown);

    await cells(page).first().focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowDown");
    const name = await page.evaluate(() => document.activeElement.getAttribute("aria-label"));
    for (const part of ["T = 8", "α = 1", "0.0 ± 0.0"]) assert.ok(name.includes(part), `"${name}" has ${part}`);
    assert.equal((await state(page)).step, 0, "the arrow keys made no step of the race");
    await panel(page).getByText(/^T = 8, α = 1: 0.0 ± 0.0 points/).waitFor();
    assert.deepEqual(await faults(page, ["[role=tabpanel]"]), []);

    await page.keyboard.press("Enter");
    await until(page, "the chosen run is over", (now) => now.finished && Number(now.values["distill.temperature"]) === 8 && Number(now.values["distill.alpha"]) === 1);

    await panel(page).getByLabel(text("sweep.seeds")).selectOption("5");
    await start(page);
    await button(page, "sweep.stop").click();
    await over(page);
    assert.equal((await cells(page).count()), 4);
    await fillValues(page, "distill.alpha", "0.1 7");
    assert.ok(await button(page, "sweep.start").isDisabled(), "what is out of range cannot be started");
  }));

test("the Worker is gone while the page is hidden, and the sweep goes on when it is seen again", () =>
  withPage(TINY.replace("=30", "=2000"), async (page) => {
    await tiny(page);
    await start(page);
    await page.waitForFunction(() => /[+-]?\d\.\d/.test(document.querySelector("[role=gridcell]")?.innerText ?? ""));
    assert.equal(page.workers().length, 2);
    const hide = (hidden) =>
      page.evaluate((value) => {
        Object.defineProperty(document, "hidden", { value, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden);
    await hide(true);
    await page.getByText(text("sweep.hidden")).waitFor();
    await alone(page);
    await hide(false);
    await over(page);
    for (const cell of await figures(page)) assert.ok(cell !== null);
    await alone(page);
  }));

test("a map whose place another took is there again after undo, also while the other still learns", () =>
  withPage(TINY, async (page) => {
    await tiny(page);
    await start(page);
    await over(page);
    const shown = await figures(page);
    await fillValues(page, "distill.temperature", "1 2 4 8");
    await page.locator('[id="knob-train.steps"] input[type=text]').fill("30000");
    await page.locator('[id="knob-train.steps"] input[type=text]').press("Tab");
    await start(page);
    await button(page, "sweep.stop").waitFor();
    assert.equal(await cells(page).count(), 8);
    await button(page, "panel.undo").click();
    await over(page);
    assert.deepEqual(await figures(page), shown);
    const { wanted } = await state(page);
    assert.equal(wanted["train.steps"], "30000", "what was changed before it is undone by itself");
    await until(page, "it is told", (now) => now.notices.includes("notice.sweep_back"));
    await alone(page);
  }));

test("on a touch screen the first tap shows the figures of a cell, and a button opens its run", () =>
  withPage(
    TINY,
    async (page) => {
      await tiny(page);
      await start(page);
      await over(page);
      await cells(page).nth(2).tap();
      await panel(page).getByText(/^T = 1, α = 1: 0.0 points/).waitFor();
      assert.deepEqual(await cells(page).evaluateAll((all) => all.map((cell) => cell.ariaPressed)), ["false", "false", "true", "false"]);
      assert.equal((await state(page)).playing || (await state(page)).step > 0, false, "nothing was opened");
      await button(panel(page), "sweep.open").tap();
      await until(page, "its run is over", (now) => now.finished && Number(now.values["distill.alpha"]) === 1);
    },
    { viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true },
  ));

test("the panel of the capacity gap takes what its lesson uses, as one change", () =>
  withPage("?backend=cpu&preset=plane&view=capacity", async (page) => {
    await ready(page);
    await button(page, "capacity.lesson.set").click();
    const now = await until(page, "the lesson's experiment", ({ values }) => values["task.name"] === "digits" && values["teacher.steps"] === "1000");
    assert.equal(now.values["teacher.source"], "live");
    assert.equal(await values(page, "teacher.widths").inputValue(), "32  64  128  256  256,256");
    assert.ok(await button(page, "capacity.lesson.set").isDisabled());
    await button(page, "panel.undo").click();
    await until(page, "the plane is back", ({ values }) => values["task.name"] === "plane");
  }));

test("the capacity curve: a teacher of each size, its accuracy and the student's gain", () =>
  withPage("?backend=cpu&train.steps=60&teacher.steps=40&view=capacity", async (page) => {
    await ready(page);
    await fillValues(page, "teacher.widths", "4 64");
    await start(page);
    await over(page);
    const rows = await panel(page).getByRole("row").allInnerTexts();
    assert.equal(rows.length, 3);
    const accuracy = rows.slice(1).map((row) => Number(row.match(/([\d.]+)% ± [\d.]+/)[1]));
    assert.ok(accuracy[1] > accuracy[0] + 10, `a teacher of 64 units is better than one of 4: ${accuracy}`);
    assert.match(await panel(page).innerText(), /6 runs, 600 training steps/);
    await button(panel(page), "sweep.open.row", { place: "Teacher widths 4" }).click();
    const opened = await until(page, "the run of the small teacher is over", (now) => now.finished && now.values["teacher.widths"] === "4");
    assert.equal(opened.values["teacher.source"], "live");
  }));

test("a cell that the engine refused says why, and Enter opens nothing", () =>
  // Hints look at what this access hides: whatever the map varies, the engine refuses it.
  withPage(`${TINY}&distill.access=labels&distill.hint_weight=1`, async (page) => {
    await ready(page);
    await fillValues(page, "distill.temperature", "2 4");
    await fillValues(page, "distill.alpha", "0.1");
    await start(page);
    await over(page);
    const cell = cells(page).first();
    assert.equal(await cell.innerText(), "×");
    const before = await state(page);
    await cell.focus();
    await page.keyboard.press("Enter");
    await panel(page).getByText(text("sweep.cell.refused", { place: "T = 2, α = 0.1", message: "" })).first().waitFor();
    assert.ok(await button(panel(page), "sweep.open").isDisabled());
    // What Enter opened would be another run with T = 2.
    await page.keyboard.press("ArrowRight");
    const after = await state(page);
    assert.deepEqual([after.values, after.wanted, after.runs], [before.values, before.wanted, before.runs]);
  }));
