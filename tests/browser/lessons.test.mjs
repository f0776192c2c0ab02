// Lessons: each runs to its result with keys alone; a class opens exactly what its link says.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { button, knob, ready, seriousFaults, settled, state, text, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

const FOLDER = new URL("../../www/src/lessons/content/", import.meta.url);
const LESSONS = readdirSync(FOLDER).map((name) => ({ id: name.replace(".json", ""), ...JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")) }));

const card = (page) => page.locator("section.lesson");
const lessonButton = (page, key, params, locale) => card(page).getByRole("button", { name: text(key, params, locale), exact: true });

/** Tabs to an element; how far it is says how long a lesson takes with keys. */
async function tabTo(page, locator) {
  for (let stops = 0; stops < 40; stops += 1) {
    if (await locator.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`no Tab leads to ${locator}`);
}

async function press(page, locator) {
  await locator.waitFor();
  await tabTo(page, locator);
  await page.keyboard.press("Enter");
}

/** The heading of a step has the focus: a screen reader reads on from there. */
const atStep = (page, step, locale) =>
  page.waitForFunction((name) => document.activeElement?.matches("h3") && document.activeElement.textContent === name, text(`lesson.step.${step}`, {}, locale));

/** Three foreign words in a row: names and terms stand alone, or in brackets after the Korean ones. */
const UNTRANSLATED = /[A-Za-z]{2,}(?: [A-Za-z]{2,}){2,}/;
/** What was left to be filled in or chosen: a placeholder, a phrase, a key, a pair of particles. */
const UNFILLED = /\{\w+\}|\[\[|(^|\s)(lesson|view|closer)\.\w+|\((은|는|이|가|을|를|과|와|으|였)\)/m;

/** Every step of a lesson whose runs are made, in Korean: whole, with the same numbers, and without a word of English. */
async function inKorean(page, lesson, numbers) {
  await page.locator(".languages [lang=ko]").click();
  for (const step of ["claim", "predict", "run", "reveal", "why", "fails", "source"]) {
    await lessonButton(page, `lesson.step.${step}`, {}, "ko").click();
    await card(page).getByRole("heading", { level: 3, name: text(`lesson.step.${step}`, {}, "ko"), exact: true }).waitFor();
    // Formulas, commands and the titles of papers have no language.
    const words = await card(page).evaluate((element, cut) => {
      const copy = element.cloneNode(true);
      for (const other of copy.querySelectorAll(cut)) other.remove();
      return copy.textContent;
    }, ["pre", ".katex", "a", ...(step === "source" ? [".body"] : [])].join());
    assert.doesNotMatch(words, UNFILLED, step);
    assert.doesNotMatch(words, UNTRANSLATED, step);
    if (step !== "reveal") continue;
    assert.ok(words.includes(`‘${lesson.ko.options[lesson.answer]}’`), `the prediction is named: ${words}`);
    for (const number of numbers) assert.ok(words.includes(number), `${number} is in ${words}`);
  }
  assert.equal(await card(page).locator("h2").innerText(), lesson.ko.title);
  await page.locator(".languages [lang=en]").click();
  await card(page).getByRole("heading", { name: lesson.en.title, exact: true }).waitFor();
}

for (const lesson of LESSONS) {
  test(`${lesson.id}: from the claim to the result and its reasons, with keys alone, and in Korean`, { timeout: 600_000 }, () =>
    withPage(`?backend=cpu&lesson=${lesson.id}`, async (page) => {
      await ready(page);
      await card(page).getByRole("heading", { name: lesson.en.title, exact: true }).waitFor();
      await atStep(page, "claim");
      await press(page, lessonButton(page, "lesson.next"));
      await atStep(page, "predict");
      await tabTo(page, card(page).getByRole("radio").first());
      for (let at = 0; at < lesson.answer; at += 1) await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Space");
      assert.ok(await card(page).getByRole("radio", { name: lesson.en.options[lesson.answer], exact: true }).isChecked());
      await press(page, lessonButton(page, "lesson.next"));
      await atStep(page, "run");
      await press(page, lessonButton(page, "lesson.start"));
      await until(page, "the result is shown", () => document.querySelector(".compared") !== null, undefined, 400_000);
      await atStep(page, "reveal");

      const { outcome, values } = await state(page);
      const last = lesson.runs.at(-1);
      for (const [key, value] of Object.entries(last.set)) assert.equal(String(values[key]), value, `the last run had ${key}`);
      const rows = card(page).locator("tbody tr");
      assert.equal(await rows.count(), lesson.runs.length);
      const shown = await rows.last().innerText();
      assert.ok(shown.includes(`${(outcome.distilled * 100).toFixed(1)}%`), `${shown} are the numbers of the run, ${outcome.distilled}`);
      assert.doesNotMatch(await card(page).innerText(), /\{\w+\}|\[\[|(^|\s)lesson\.\w+/m);

      const numbers = (await card(page).locator("td").allInnerTexts()).filter((cell) => cell.endsWith("%"));

      for (const step of ["why", "fails", "source"]) {
        await press(page, lessonButton(page, "lesson.next"));
        await atStep(page, step);
      }
      await inKorean(page, lesson, numbers);
      assert.equal((await state(page)).notices.length, 0);
      await page.keyboard.press("Escape");
      await card(page).waitFor({ state: "detached" });
      assert.ok(await page.evaluate(() => document.activeElement !== document.body), "the focus is not lost");
      await page.waitForURL((url) => !url.searchParams.has("lesson"));
    }));
}

test("what a lesson sets is taken back by undo, and a setting turned during a run makes it the visitor's own", () =>
  withPage("?backend=cpu&lesson=temperature&train.steps=500", async (page) => {
    const before = (await ready(page)).wanted;
    await lessonButton(page, "lesson.step.run").click();
    await lessonButton(page, "lesson.start").click();
    await until(page, "the lesson's run", (now) => now.playing && Number(now.values["distill.temperature"]) === 1 && Number(now.values["train.steps"]) === 1000);
    await page.locator("[id='knob-distill.temperature'] input[type=range]").press("ArrowRight");
    await card(page).getByText(text("lesson.strayed")).waitFor();
    await page.keyboard.press("Control+z");
    await page.keyboard.press("Control+z");
    await until(page, "the settings from before", (now, values) => Object.keys(values).every((key) => now.wanted[key] === values[key]), before);
  }));

test("a phrase is a button that sets what it speaks of", () =>
  withPage("?backend=cpu&lesson=soft-labels", async (page) => {
    await ready(page);
    await lessonButton(page, "lesson.step.run").click();
    await card(page).getByRole("button", { name: "T = 0.5", exact: true }).click();
    await until(page, "T is set", (now) => Number(now.values["distill.temperature"]) === 0.5);
    await page.keyboard.press("Control+z");
    await until(page, "T is as before", (now) => Number(now.values["distill.temperature"]) === 4);
  }));

test("a link for a class opens a lesson, hides parts and writes large, and stays so", () =>
  withPage("?backend=cpu&lesson=hints&hide=networks,panel,share&large=1", async (page, open) => {
    await ready(page);
    await card(page).waitFor();
    assert.equal(await page.locator("aside").count(), 0);
    assert.ok(await page.evaluate(() => document.documentElement.hasAttribute("data-large")));
    await button(page, "page.language.ko").click();
    await page.waitForURL((url) => url.searchParams.get("lang") === "ko");
    const again = await open(new URL(page.url()).search);
    await ready(again);
    await card(again).getByRole("heading", { name: LESSONS.find(({ id }) => id === "hints").ko.title, exact: true }).waitFor();
    assert.deepEqual(
      ["lesson", "hide", "large"].map((key) => new URL(again.url()).searchParams.get(key)),
      ["hints", "networks,panel,share", "1"],
    );
    await button(again, "page.large", {}, "ko").click();
    await again.waitForFunction(() => !document.documentElement.hasAttribute("data-large"));
  }));

for (const locale of ["en", "ko"]) {
  test(`a link for a class hides single views and knobs, and a lesson goes on without them: ${locale}`, () =>
    withPage(`?backend=cpu&lang=${locale}&lesson=kl-direction&view=sweep&hide=sweep,direction,teacher,distill.alpha,distill.temperature,distil.beta`, async (page) => {
      await ready(page);
      const { notices } = await until(page, "both messages", (now) => now.notices.length >= 2);
      assert.deepEqual([...notices].sort(), ["bad_parameter", "hidden_view"]);
      assert.ok((await page.locator(".notices").innerText()).includes("distill.beta"), "the knob that was meant");
      const tab = (panel) => page.getByRole("tab", { name: text(`closer.${panel}`, {}, locale), exact: true });
      await tab("knowledge").click();
      await page.getByRole("heading", { name: text("knowledge.title", {}, locale), exact: true }).waitFor();
      assert.deepEqual([await tab("sweep").count(), await tab("direction").count()], [0, 0]);
      assert.equal(await page.locator("[id^='knob-teacher.'], [id='knob-distill.alpha']").count(), 0);
      assert.equal(await knob(page, "distill.divergence").count(), 1);
      assert.equal(await page.getByText(text("knob.distill.temperature", {}, locale), { exact: true }).count(), 0, "neither in the panel nor in a view");

      const lesson = LESSONS.find(({ id }) => id === "kl-direction")[locale];
      const phrase = (settings) => new RegExp(`\\[\\[([^|]+)\\|${settings}\\]\\]`).exec(lesson.why + lesson.fails)[1];
      await lessonButton(page, "lesson.step.why", {}, locale).click();
      await card(page).getByText(phrase("view=direction")).waitFor();
      assert.equal(await card(page).getByRole("button", { name: phrase("view=direction") }).count(), 0, "what opens a hidden view is plain words");
      await lessonButton(page, "lesson.step.fails", {}, locale).click();
      await card(page).getByRole("button", { name: phrase("distill.temperature=1"), exact: true }).click();
      await until(page, "a hidden knob is set by the lesson", (now) => Number(now.values["distill.temperature"]) === 1);
      // What was wrong is gone from the address.
      await page.waitForURL((url) => url.searchParams.get("hide") === "direction,sweep,teacher,distill.temperature,distill.alpha" && url.searchParams.get("view") === "knowledge");
    }));
}

test("pointers meet the curves in large type", () =>
  withPage("?backend=cpu&large=1&train.steps=100", async (page) => {
    await ready(page);
    await button(page, "transport.play").click();
    await until(page, "it is finished", (now) => now.finished && now.networks.length === 3);
    const plot = page.locator(".plot").first();
    await plot.scrollIntoViewIfNeeded();
    const over = await plot.locator(".u-over").boundingBox();
    await page.mouse.move(over.x + over.width - 2, over.y + over.height / 2);
    await page.waitForFunction(() => document.querySelector(".plot").getAttribute("aria-valuenow") === document.querySelector(".plot").getAttribute("aria-valuemax"));
    await page.mouse.move(over.x + 2, over.y + over.height / 2);
    await page.waitForFunction(() => document.querySelector(".plot").getAttribute("aria-valuenow") === "0");
  }));

test("an unknown lesson or part is told, and the page goes on", () =>
  withPage("?backend=cpu&lesson=alchemy&hide=walls", async (page) => {
    await ready(page);
    await until(page, "the message", (now) => now.notices.includes("bad_parameter"));
    assert.match(await page.locator(".notices").innerText(), /soft-labels|curves/);
    assert.equal(await card(page).count(), 0);
  }));

test("the tour comes at a first visit only, blocks nothing, and again on request", () =>
  withPage(
    "?backend=cpu",
    async (page, open) => {
      await ready(page);
      const tour = (on) => on.getByRole("region", { name: text("tour.label") });
      await tour(page).getByText(text("tour.play")).waitFor();
      await button(page, "transport.step").click();
      await until(page, "a step", (now) => now.step === 1);
      await button(page, "transport.play").click();
      await tour(page).getByText(text("tour.curves")).waitFor();
      await tour(page).getByRole("button", { name: text("tour.skip") }).click();
      await tour(page).waitFor({ state: "detached" });

      const again = await open("?backend=cpu");
      await ready(again);
      assert.equal(await tour(again).count(), 0);
      await again.keyboard.press("?");
      await button(again, "help.tour").click();
      await tour(again).waitFor();
    },
    { firstVisit: true },
  ));

test("no tour beside a lesson", () =>
  withPage(
    "?backend=cpu&lesson=hints",
    async (page) => {
      await ready(page);
      await card(page).waitFor();
      assert.equal(await page.getByRole("region", { name: text("tour.label") }).count(), 0);
    },
    { firstVisit: true },
  ));

for (const locale of ["en", "ko"]) {
  test(`axe finds nothing serious in a lesson or the tour: ${locale}`, { timeout: 300_000 }, () =>
    withPage(`?backend=cpu&lang=${locale}&lesson=omitted-class`, async (page, open) => {
      await ready(page);
      const check = async (on, what) => {
        assert.deepEqual({ [what]: await seriousFaults(on) }, { [what]: [] });
      };
      for (const step of ["claim", "predict", "run"]) {
        await lessonButton(page, `lesson.step.${step}`, {}, locale).click();
        await check(page, step);
      }
      await lessonButton(page, "lesson.start", {}, locale).click();
      await until(page, "the result is shown", () => document.querySelector(".compared") !== null);
      await check(page, "reveal");
      for (const step of ["why", "fails", "source"]) {
        await lessonButton(page, `lesson.step.${step}`, {}, locale).click();
        if (step === "why") await page.locator(".lesson .katex").waitFor();
        await check(page, step);
      }
      const first = await open(`?backend=cpu&lang=${locale}&tour=1`);
      await ready(first);
      await first.getByRole("region", { name: text("tour.label", {}, locale) }).waitFor();
      await check(first, "tour");
    }));
}

test("the row of lessons turns by its buttons, which keep the focus at the ends", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    const row = page.getByRole("navigation", { name: text("lesson.all") });
    await row.getByRole("listitem").nth(LESSONS.length - 1).waitFor({ state: "attached" });
    const place = () => row.locator("ul").evaluate((list) => list.scrollLeft);
    const end = () => row.locator("ul").evaluate((list) => list.scrollWidth - list.clientWidth);
    const [earlier, further] = [button(row, "lesson.earlier"), button(row, "lesson.further")];
    const focused = (one) => one.evaluate((element) => element === document.activeElement);
    await earlier.focus();
    await page.keyboard.press("Enter");
    assert.equal(await place(), 0, "nothing is before the first");
    await further.focus();
    for (let before = -1; (await place()) > before; ) {
      before = await place();
      await page.keyboard.press("Enter");
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
    assert.ok(Math.abs((await place()) - (await end())) <= 1, "the last lesson is reached");
    await page.waitForFunction((name) => document.activeElement.getAttribute("aria-label") === name && document.activeElement.getAttribute("aria-disabled") === "true", text("lesson.further"));
    assert.ok(await focused(further));
    await earlier.focus();
    const last = await place();
    await page.keyboard.press("Enter");
    assert.ok((await place()) < last, "and back");
  }, { reducedMotion: "reduce" }));

test("arrow keys do in the row of lessons what they do on the page: a step to the right, nothing to the left", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    await page.getByRole("navigation", { name: text("lesson.all") }).getByRole("button").first().focus();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowRight");
    assert.equal((await until(page, "the step is made", (now) => now.step > 0)).step, 1);
  }));

test("a lesson opens while the row of lessons still scrolls: the row is gone when the browser tells it of that", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    const row = page.getByRole("navigation", { name: text("lesson.all") });
    await row.getByRole("listitem").nth(LESSONS.length - 1).waitFor({ state: "attached" });
    await row.locator("ul").evaluate((list) => {
      list.scrollLeft = 60;
      list.querySelector("button").click();
    });
    await card(page).waitFor();
    await settled(page);
    assert.equal(await row.count(), 0);
  }));
