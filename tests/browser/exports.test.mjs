// What is seen leaves the page: charts as pictures, measures as a table.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { PATIENCE, button, curves, download, play, ready, text, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

/** Saves a chart, of which its accessible name is told. */
async function save(page, chart, kind, locale) {
  const name = text("picture.save", { chart, kind }, locale);
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name, exact: true }).click()]);
  return { name: file.suggestedFilename(), buffer: await readFile(await file.path()) };
}

/** What an SVG has in it when it is opened by itself; null where it is not well-formed. */
const inside = (page, buffer) =>
  page.evaluate((source) => {
    const root = new DOMParser().parseFromString(source, "image/svg+xml");
    if (root.querySelector("parsererror") !== null) return null;
    return {
      words: [...root.querySelectorAll("text")].map((element) => element.textContent),
      lines: [...root.querySelectorAll("g path")].map((path) => path.getAttribute("d").split("L").length),
      rects: [...root.querySelectorAll("rect")].map((rect) => rect.getAttribute("fill")),
      circles: root.querySelectorAll("circle").length,
      fonts: root.querySelectorAll("style").length,
    };
  }, buffer.toString());

for (const locale of ["en", "ko"]) {
  test(`charts are saved as SVG and PNG that say what they are: ${locale}`, () =>
    withPage(`?backend=cpu&lang=${locale}&student.widths=20`, async (page) => {
      await ready(page);
      await button(page, "transport.play", {}, locale).click();
      await until(page, "some points", (now) => now.points >= 4);
      await button(page, "transport.pause", {}, locale).click();
      for (const chart of ["view.curves.accuracy", "view.curves.loss", "view.curves.agreement"]) {
        const { name, buffer } = await save(page, text(chart, {}, locale), "SVG", locale);
        assert.match(name, /^first-light-[a-z]+\.svg$/);
        const seen = await inside(page, buffer);
        assert.ok(seen, "it is well-formed");
        for (const word of [text("view.curves.step", {}, locale), text(chart, {}, locale), "distillery run first-light --set student.widths=20"]) assert.ok(seen.words.includes(word), word);
        assert.ok(seen.words.some((word) => word.startsWith(text("view.role.distilled", {}, locale))), "the legend");
        assert.ok(seen.lines.every((points) => points >= 3), `lines of ${seen.lines} points`);
        assert.equal(seen.fonts, locale === "ko" ? 1 : 0, "Korean letters come along, others are everywhere");
      }
      const { name, buffer } = await save(page, text("view.curves.accuracy", {}, locale), "PNG", locale);
      assert.equal(name, "first-light-accuracy.png");
      assert.equal(buffer.toString("latin1", 1, 4), "PNG");
      assert.equal(buffer.readUInt32BE(16), 1920, "twice as fine as a screen");
    }));
}

test("the CSV and the table behind a chart say what the chart says", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    await play(page);
    const { networks } = await until(page, "the end", (now) => now.finished && now.networks.every(({ step, role }) => role === "teacher" || step === 1000));
    const distilled = networks.find(({ role }) => role === "distilled").accuracy;
    assert.equal((await curves(page))("distilled_accuracy", 1000), distilled);
    assert.match((await download(page, "view.curves.csv")).name, /\.csv$/);
    await page.getByText(text("view.curves.table", { chart: text("view.curves.accuracy") })).click();
    const last = page.getByRole("region", { name: text("view.curves.table", { chart: text("view.curves.accuracy") }) }).getByRole("row").last();
    assert.match(await last.innerText(), new RegExp(`1,000.*${(distilled * 100).toFixed(1)}%`, "s"));
  }));

for (const [locale, colorScheme] of [["en", "light"], ["ko", "dark"]]) {
  test(`the maps of sweeps are saved as they are seen: ${locale}, ${colorScheme}`, () =>
    withPage(
      `?backend=cpu&lang=${locale}&train.steps=30&teacher.steps=20&view=sweep`,
      async (page) => {
        await ready(page);
        const values = (knob) => page.getByRole("textbox", { name: text("sweep.values", { knob: text(`knob.${knob}`, {}, locale) }, locale), exact: true });
        const sweep = async () => {
          // In Korean the race starts by the same word.
          const start = button(page.getByRole("tabpanel"), "sweep.start", {}, locale);
          await start.click();
          await start.waitFor({ timeout: PATIENCE });
        };
        await values("distill.temperature").fill("1 8");
        await values("distill.alpha").fill("0.1 1");
        await sweep();
        const surface = await page.evaluate(() => getComputedStyle(document.querySelector(".card")).backgroundColor);
        const map = await save(page, text("sweep.map", {}, locale), "SVG", locale);
        assert.equal(map.name, "first-light-sweep.svg");
        const seen = await inside(page, map.buffer);
        const shown = await page.getByRole("gridcell").getByRole("button").allInnerTexts();
        for (const words of [...shown.flatMap((cell) => cell.split("\n")), text("knob.distill.temperature", {}, locale), "distillery run first-light --set distill.temperature=… --set distill.alpha=… --set train.steps=30", "--seeds 1"]) assert.ok(seen.words.includes(words), `${words} in ${seen.words}`);
        assert.equal(seen.rects.length, 1 + 4 + 3, "the ground, the cells and the legend");
        assert.equal(seen.rects[0], surface);
        assert.doesNotMatch(map.buffer.toString(), /var\(|light-dark|color-mix/, "a file knows nothing of the page's colours");

        await page.getByRole("tab", { name: text("closer.capacity", {}, locale) }).click();
        await values("teacher.widths").fill("4 64");
        await sweep();
        const curve = await save(page, text("capacity.title", {}, locale), "SVG", locale);
        const drawn = await inside(page, curve.buffer);
        assert.equal(drawn.circles, 2 + 6, "each network at each width");
        for (const words of ["4", "64", text("view.role.teacher", {}, locale), text("capacity.accuracy", {}, locale)]) assert.ok(drawn.words.includes(words), `${words} in ${drawn.words}`);
        const image = await save(page, text("capacity.title", {}, locale), "PNG", locale);
        assert.equal(image.name, "first-light-capacity.png");
        assert.equal(image.buffer.readUInt32BE(16), 1920);
        assert.equal(image.buffer.readUInt32BE(20), 2 * Number(/height="(\d+)"/.exec(curve.buffer.toString())[1]), "nothing is cut off");
      },
      { colorScheme },
    ));
}
