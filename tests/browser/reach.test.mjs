// For everyone: two languages, keys only, a narrow screen, light and dark, a screen reader.
import assert from "node:assert/strict";
import { test } from "node:test";

import { atRest, button, fits, PRESETS, ready, seriousFaults, settled, state, stepTo, text, TEXTS, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

/** Keys of the catalogues that stand on the page instead of their texts, and placeholders that nothing filled. */
async function unworded(page) {
  const shown = await page.locator("body").innerText();
  const keys = Object.keys(TEXTS.en).filter((key) => key.includes(".") && new RegExp(`(^|\\s)${key.replaceAll(".", "\\.")}($|\\s)`, "m").test(shown));
  // The command line below names knobs by their keys.
  return [...keys.filter((key) => !key.startsWith("knob.")), ...(shown.match(/\{\w+\}/g) ?? [])];
}

test("the page speaks the visitor's language, and the other one on request", () =>
  withPage(
    "?backend=cpu",
    async (page) => {
      await ready(page);
      assert.equal(await page.locator("html").getAttribute("lang"), "ko");
      await page.getByRole("heading", { level: 1, name: text("page.title", {}, "ko") }).waitFor();
      await button(page, "transport.step", {}, "ko").click();
      await until(page, "a step", (now) => now.step === 1);
      assert.deepEqual(await unworded(page), []);

      await button(page, "page.language.en", {}, "ko").click();
      await page.waitForFunction(() => document.documentElement.lang === "en");
      await button(page, "transport.step").waitFor();
      assert.deepEqual(await unworded(page), []);
      assert.equal((await state(page)).step, 1, "the run is untouched");
      await page.waitForURL((url) => url.searchParams.get("lang") === "en");
    },
    { locale: "ko-KR" },
  ));

test("the Korean font is loaded by those who read Korean, and has every letter of the page", () =>
  withPage("?backend=cpu", async (page, open) => {
    const fonts = [];
    page.context().on("request", (request) => request.url().includes("/korean-") && fonts.push(request.url()));
    const english = await open("?backend=cpu");
    await ready(english);
    await english.evaluate(() => document.fonts.ready);
    assert.deepEqual(fonts, [], "no byte of it for an English visit");
    await english.locator(".languages [lang=ko]").click();
    await english.waitForFunction(() => [...document.fonts].some(({ family, status }) => family.includes("Distillery Korean") && status === "loaded"));
    assert.equal(new Set(fonts).size, 1);
    // Its Hangul has one width, and another one than that of the system's font, which draws what is missing.
    const [missing, same] = await english.evaluate((letters) => {
      const context = document.createElement("canvas").getContext("2d");
      const width = (letter, font) => {
        context.font = `100px ${font}`;
        return context.measureText(letter).width;
      };
      const own = width("가", '"Distillery Korean"');
      return [letters.filter((letter) => /[가-힣]/.test(letter) && width(letter, '"Distillery Korean"') !== own), own === width("가", "sans-serif")];
    }, [...new Set(Object.values(TEXTS.ko).join(""))]);
    assert.ok(!same, "a missing letter would be seen");
    assert.deepEqual(missing, []);
  }));

test("everything can be done with keys", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    const focused = () => page.evaluate(() => ({ name: document.activeElement.getAttribute("aria-label"), outline: getComputedStyle(document.activeElement).outlineStyle }));
    /** Tabs to the element of that selector; every stop on the way shows where it is. */
    const tabTo = async (selector) => {
      for (let stops = 0; stops < 150; stops += 1) {
        await page.keyboard.press("Tab");
        const { name, outline } = await focused();
        assert.notEqual(outline, "none", `the focus on ${name} is seen`);
        if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
      }
      assert.fail(`no Tab leads to ${selector}`);
    };
    await tabTo(".play");
    await page.keyboard.press("Space");
    await until(page, "it plays", (now) => now.playing && now.points >= 3);
    await page.keyboard.press("Space");
    const { step } = await atRest(page);
    await tabTo(".plot");
    const chart = page.locator(".plot").first();
    const newest = await chart.getAttribute("aria-valuenow");
    await page.keyboard.press("Home");
    assert.equal(await chart.getAttribute("aria-valuenow"), "0");
    assert.notEqual(newest, "0");
    assert.equal((await state(page)).step, step, "arrows in a chart make no step");
    await tabTo("[id='knob-distill.temperature'] input[type=range]");
    await page.keyboard.press("ArrowRight");
    await until(page, "the knob is turned", (now) => now.marks.some((mark) => mark.key === "distill.temperature"));

    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press("ArrowRight");
    await until(page, "a step", (now, before) => now.step === before + 1, step);
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    // The focus leaves a closed dialog with the next frame.
    await page.waitForFunction(() => document.activeElement.closest("dialog") === null);
    await page.keyboard.press("r");
    await until(page, "the run begins again", (now) => now.step === 0);
  }));

for (const locale of ["en", "ko"])
  test(`a window of 360 px with its scroll bar is wide enough for a lesson: ${locale}`, () =>
    withPage(
      `?backend=cpu&lesson=on-policy&lang=${locale}`,
      async (page) => {
        await ready(page);
        await page.locator(".lesson h2").waitFor();
        await fits(page, "the lesson");
      },
      { viewport: { width: 360, height: 740 } },
    ));

test("360 px are wide enough, with every preset and in both languages", { timeout: 900_000 }, () =>
  withPage(
    "?backend=cpu",
    async (page) => {
      await ready(page);
      for (const preset of PRESETS) {
        await page.locator("#preset").selectOption(preset);
        await until(page, `${preset} is open`, (now, id) => now.step === 0 && now.wanted && location.search.includes(`preset=${id}`), preset);
        await stepTo(page, 1);
        for (const locale of ["ko", "en"]) {
          await page.locator(`.languages [lang=${locale}]`).click();
          await page.waitForFunction((wanted) => document.documentElement.lang === wanted, locale);
          await fits(page, `${preset} in ${locale}`);
        }
      }
    },
    { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
  ));

for (const width of [360, 1280, 1920]) {
  test(`every tab is seen at ${width} px, and nothing is told by hovering only`, () =>
    withPage(
      "?backend=cpu&preset=plane&teacher.steps=10",
      async (page) => {
        await ready(page);
        await stepTo(page, 1);
        const tabs = page.getByRole("tab");
        const cut = await tabs.evaluateAll((all) => all.filter((tab) => tab.scrollWidth > tab.clientWidth || tab.getBoundingClientRect().left < 0 || tab.getBoundingClientRect().right > document.documentElement.clientWidth).map((tab) => tab.innerText));
        assert.deepEqual(cut, []);
        for (let index = 0; index < (await tabs.count()); index += 1) {
          await tabs.nth(index).click();
          const hidden = await page.locator("[title]").evaluateAll((all) => all.map((element) => element.outerHTML.slice(0, 120)));
          assert.deepEqual(hidden, [], `behind the tab ${await tabs.nth(index).innerText()}`);
        }
        for (const key of ["step", "reset", "seed"]) await page.getByRole("region", { name: text("transport.label"), exact: true }).getByText(text(`transport.${key}`), { exact: true }).waitFor();
      },
      { viewport: { width, height: 900 } },
    ));
}

for (const colorScheme of ["light", "dark"]) {
  for (const locale of ["en", "ko"]) {
    test(`axe finds nothing serious: ${colorScheme}, ${locale}`, () =>
      withPage(
        `?backend=cpu&lang=${locale}&preset=plane&teacher.steps=10`,
        async (page) => {
          await ready(page);
          await button(page, "transport.play", {}, locale).click();
          await until(page, "the students learn", (now) => now.phase === "students" && now.step >= 20);
          await button(page, "transport.pause", {}, locale).click();
          assert.deepEqual(await seriousFaults(page), []);
        },
        { colorScheme },
      ));
  }
}

for (const [locale, options] of [["en", { colorScheme: "light" }], ["ko", { colorScheme: "dark", viewport: { width: 360, height: 740 } }]]) {
  const where = `${options.colorScheme}, ${locale}`;
  const say = (key, params) => text(key, params, locale);
  const check = async (page, what, ...within) => assert.deepEqual({ [what]: await seriousFaults(page, ...within) }, { [what]: [] });

  test(`axe finds nothing serious in the dialogs and in the steps of a lesson: ${where}`, () =>
    withPage(
      `?backend=cpu&lang=${locale}&lesson=temperature&train.steps=100`,
      async (page) => {
        await ready(page);
        const card = page.locator("section.lesson");
        const steps = card.getByRole("navigation", { name: say("lesson.steps"), exact: true }).getByRole("button");
        await steps.first().waitFor();
        const all = await steps.count();
        for (let at = 0; at < all; at += 1) {
          await steps.nth(at).click();
          await settled(page);
          await check(page, `step ${at + 1} before its run`, "section.lesson");
        }
        await card.getByRole("button", { name: say("lesson.all"), exact: true }).click();
        await page.getByRole("dialog").waitFor();
        await check(page, "the list of lessons", "dialog[open]");
        await page.keyboard.press("Escape");
        await page.waitForFunction(() => document.querySelector("dialog[open]") === null);
        await button(page, "page.help", {}, locale).click();
        await page.getByRole("dialog").waitFor();
        await check(page, "the help", "dialog[open]");
        await button(page, "help.tour", {}, locale).click();
        await card.getByRole("button", { name: say("lesson.leave"), exact: true }).first().click();
        await page.locator("section.lesson").waitFor({ state: "detached" });
        await page.getByRole("region", { name: say("tour.label"), exact: true }).waitFor();
        await check(page, "the tour", "main");
      },
      options,
    ));

  test(`axe finds nothing serious in the result of a lesson: ${where}`, { timeout: 300_000 }, () =>
    withPage(
      `?backend=cpu&lang=${locale}&lesson=hints`,
      async (page) => {
        await ready(page);
        const card = page.locator("section.lesson");
        await card.getByRole("button", { name: say("lesson.step.run"), exact: true }).click();
        await card.getByRole("button", { name: say("lesson.start"), exact: true }).click();
        await until(page, "it runs", (now) => now.playing && now.points >= 2);
        await check(page, "a lesson that runs", "section.lesson");
        await until(page, "the result is shown", () => document.querySelector(".compared") !== null);
        await check(page, "the result", "section.lesson");
      },
      options,
    ));

  test(`axe finds nothing serious behind each door and in a measured capacity gap: ${where}`, { timeout: 300_000 }, () =>
    withPage(
      `?backend=cpu&lang=${locale}&view=access&train.steps=30&teacher.steps=20`,
      async (page) => {
        await ready(page);
        await stepTo(page, 1, locale);
        const doors = page.getByRole("tabpanel").locator(".doors").getByRole("radio");
        for (let at = 0; at < (await doors.count()); at += 1) {
          await doors.nth(at).check();
          await until(page, "the door is another", (now, wanted) => now.values["distill.access"] === wanted, await doors.nth(at).inputValue());
          await settled(page);
          await check(page, `door ${at + 1}`, "[role=tabpanel]");
          for (const side of await page.getByRole("tabpanel").locator("fieldset").getByRole("radio").all()) {
            await side.check();
            await check(page, `door ${at + 1}, seen from the other side`, "[role=tabpanel]");
          }
        }
        await page.getByRole("tab", { name: say("closer.capacity"), exact: true }).click();
        await page.getByRole("textbox", { name: say("sweep.values", { knob: say("knob.teacher.widths") }), exact: true }).fill("4 64");
        // In Korean the race starts by the same word.
        const start = button(page.getByRole("tabpanel"), "sweep.start", {}, locale);
        await start.click();
        await start.waitFor();
        await settled(page);
        await check(page, "the capacity gap", "[role=tabpanel]");
      },
      options,
    ));
}
