// The keys that the help lists do what it says, on every layout, and leave alone whoever writes.
import assert from "node:assert/strict";
import { test } from "node:test";

import { atRest, knob, ready, state, stepTo, text, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

/** Each key of the help, by what stands there, and how a person tries it. */
const KEYS = {
  Space: async (page) => {
    await page.keyboard.press("Space");
    await until(page, "it plays", (now) => now.playing && now.points >= 3);
    await page.keyboard.press("Space");
    await atRest(page);
  },
  "→": async (page) => {
    const { step } = await state(page);
    await page.keyboard.press("ArrowRight");
    await until(page, "one step", (now, before) => now.step === before + 1, step);
  },
  N: async (page) => {
    const before = await state(page);
    await page.keyboard.press("n");
    const after = await until(page, "a run with another seed", (now, seed) => now.values.seed !== seed && now.step === 0, before.values.seed);
    assert.deepEqual({ ...after.wanted, seed: "" }, { ...before.wanted, seed: "" }, "only the seed is another");
    assert.deepEqual([after.wanted.seed, after.playing], [after.values.seed, false]);
  },
  "Ctrl + Z": async (page) => {
    await page.keyboard.press("Control+z");
    await until(page, "the run before the new seed goes on", (now) => now.step > 0 && now.pending.length === 0);
  },
  R: async (page) => {
    const { values } = await state(page);
    await page.keyboard.press("r");
    assert.deepEqual((await until(page, "back at the start", (now) => now.step === 0)).values, values);
  },
  Esc: async (page) => {
    await page.getByRole("navigation", { name: text("lesson.all") }).getByRole("listitem").first().getByRole("button").click();
    await page.locator("section.lesson").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("section.lesson").waitFor({ state: "detached" });
  },
  "?": async (page) => {
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
  },
};

test("every key of the help does what it says", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    await page.keyboard.press("?");
    const rows = page.getByRole("dialog").locator("dt:has(kbd)");
    const listed = (await rows.allInnerTexts()).map((keys) => keys.replace(/\s+/g, " "));
    assert.deepEqual(listed.sort(), Object.keys(KEYS).sort());
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.activeElement.closest("dialog") === null);
    for (const [key, attempt] of Object.entries(KEYS)) {
      await attempt(page).catch((error) => assert.fail(`${key}: ${error.message}`));
    }
  }));

test("a new seed while it plays goes on playing; with a Korean layout and with capitals the keys are the same", () =>
  withPage("?backend=cpu&train.steps=20000", async (page) => {
    await ready(page);
    const press = (key, code, more = {}) =>
      page.evaluate((init) => document.body.dispatchEvent(new KeyboardEvent("keydown", { ...init, bubbles: true, cancelable: true })), { key, code, ...more });
    await page.keyboard.press("Space");
    await until(page, "it plays", (now) => now.playing && now.step > 10);
    let { seed } = (await state(page)).values;
    for (const [key, code] of [["ㅜ", "KeyN"], ["N", "KeyN"]]) {
      await press(key, code);
      const now = await until(page, `${key}: another seed, played`, (after, before) => after.values.seed !== before && after.playing && after.step > 0, seed);
      seed = now.values.seed;
    }
    await press("ㅋ", "KeyZ", { ctrlKey: true });
    await until(page, "the seed before", (now, last) => now.wanted.seed !== last, seed);
    // Whoever holds it down wants one new run, not thirty.
    const before = (await state(page)).wanted.seed;
    await press("n", "KeyN", { repeat: true });
    await press("n", "KeyN", { ctrlKey: true });
    await press("n", "KeyN", { altKey: true });
    assert.equal((await state(page)).wanted.seed, before);
  }));

test("the keys leave a field, a list and a dialog alone", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    await stepTo(page, 1);
    const before = await state(page);
    await knob(page, "student.widths").locator("input[type=text]").focus();
    for (const key of ["n", "r", "ArrowRight", "Space", "?"]) await page.keyboard.press(key);
    await page.keyboard.press("Escape");
    // In a list a letter looks for what begins with it.
    const speed = page.getByLabel(text("transport.speed"));
    await speed.focus();
    await page.keyboard.press("n");
    assert.equal(await speed.inputValue(), "normal");
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press("?");
    for (const key of ["n", "r", "ArrowRight"]) await page.keyboard.press(key);
    const after = await state(page);
    assert.deepEqual([after.values, after.step, after.playing], [before.values, before.step, false]);
  }));
