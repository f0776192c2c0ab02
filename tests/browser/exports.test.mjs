// What is seen leaves the page: charts as pictures, measures as a table.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { button, curves, download, play, ready, stepTo, text, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

/** Saves a chart, of which its accessible name is told. */
async function save(page, chart, kind, locale) {
  const name = text("picture.save", { chart, kind }, locale);
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name, exact: true }).click()]);
  return { name: file.suggestedFilename(), buffer: await readFile(await file.path()) };
}

/** Ground of every picture, and colours of the roles on it. */
const LIGHT = "rgb(255, 255, 255)";
const ROLES = { teacher: "rgb(0, 114, 178)", alone: "rgb(213, 94, 0)", distilled: "rgb(0, 158, 115)" };

/** What an SVG has in it when it is opened by itself; null where it is not well-formed. */
const inside = (page, buffer) =>
  page.evaluate((source) => {
    const root = new DOMParser().parseFromString(source, "image/svg+xml");
    if (root.querySelector("parsererror") !== null) return null;
    return {
      words: [...root.querySelectorAll("text")].map((element) => element.textContent),
      title: root.querySelector("title").textContent,
      // A legend has lines, too.
      lines: [...root.querySelectorAll("g[clip-path] path")].map((path) => path.getAttribute("d").split("L").length),
      rects: [...root.querySelectorAll("rect")].map((rect) => rect.getAttribute("fill")),
      circles: root.querySelectorAll("circle").length,
      strokes: [...root.querySelectorAll("path")].map((path) => path.getAttribute("stroke")),
      images: root.querySelectorAll("image").length,
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
  test(`the maps of sweeps are saved: ${locale}, ${colorScheme}`, () =>
    withPage(
      `?backend=cpu&lang=${locale}&train.steps=30&teacher.steps=20&view=sweep`,
      async (page) => {
        await ready(page);
        const values = (knob) => page.getByRole("textbox", { name: text("sweep.values", { knob: text(`knob.${knob}`, {}, locale) }, locale), exact: true });
        const sweep = async () => {
          // In Korean the race starts by the same word.
          const start = button(page.getByRole("tabpanel"), "sweep.start", {}, locale);
          await start.click();
          await start.waitFor();
        };
        await values("distill.temperature").fill("1 8");
        await values("distill.alpha").fill("0.1 1");
        await sweep();
        const map = await save(page, text("sweep.map", {}, locale), "SVG", locale);
        assert.equal(map.name, "first-light-sweep.svg");
        const seen = await inside(page, map.buffer);
        const shown = await page.getByRole("gridcell").getByRole("button").allInnerTexts();
        for (const words of [...shown.flatMap((cell) => cell.split("\n")), text("knob.distill.temperature", {}, locale), "distillery run first-light --set distill.temperature=… --set distill.alpha=… --set train.steps=30", "--seeds 1"]) assert.ok(seen.words.includes(words), `${words} in ${seen.words}`);
        assert.equal(seen.rects.length, 1 + 4 + 3, "the ground, the cells and the legend");
        assert.equal(seen.rects[0], LIGHT, "for paper, whatever the page is");
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

/** Saves a chart as SVG and as PNG; checks what every picture is, and returns what it has in it. */
async function saved(page, chart, locale, { named = chart, roles = Object.keys(ROLES) } = {}) {
  const { name, buffer } = await save(page, chart, "SVG", locale);
  const seen = await inside(page, buffer);
  assert.ok(seen, `${name} is well-formed`);
  assert.equal(seen.title, named);
  assert.ok(seen.words.includes(named), `${named} is its heading`);
  assert.equal(seen.rects[0], LIGHT);
  // Of a font or an image the letters mean nothing.
  assert.deepEqual(buffer.toString().replace(/base64,[^"]*/g, "").match(/var\(|light-dark|color-mix|NaN|undefined|Infinity/), null);
  assert.equal(seen.fonts, locale === "ko" ? 1 : 0);
  for (const role of roles) {
    assert.ok(seen.words.some((word) => word.startsWith(text(`view.role.${role}`, {}, locale))), `${role} in ${seen.words}`);
    assert.ok(seen.strokes.includes(ROLES[role]), `${role} in its colour`);
  }
  const image = await save(page, chart, "PNG", locale);
  assert.equal(image.name, name.replace(".svg", ".png"));
  assert.equal(image.buffer.readUInt32BE(16), 1920);
  assert.equal(image.buffer.readUInt32BE(20), 2 * Number(/height="(\d+)"/.exec(buffer.toString())[1]));
  return { ...seen, name };
}

for (const [locale, colorScheme] of [["en", "light"], ["ko", "dark"]]) {
  const say = (key, params) => text(key, params, locale);
  const named = (key, preset) => say("picture.title", { chart: say(key), preset: say(`preset.${preset}`) });
  const open = (page, panel) => page.getByRole("tab", { name: say(`closer.${panel}`), exact: true }).click();

  test(`every chart of classes is saved: ${locale}, ${colorScheme}`, () =>
    withPage(
      `?backend=cpu&lang=${locale}&view=calibration`,
      async (page) => {
        await ready(page);
        await stepTo(page, 1, locale);
        const calibration = await saved(page, say("closer.calibration"), locale, { named: named("closer.calibration", "first-light") });
        assert.equal(calibration.name, "first-light-calibration.svg");
        for (const key of ["confidence", "key.right", "key.honest", "key.gap"]) assert.ok(calibration.words.includes(say(`calibration.${key}`)), key);
        assert.ok(calibration.circles >= 3, "a mark for each filled interval");
        assert.ok(calibration.words.includes("distillery run first-light"), "what repeats it");

        await open(page, "knowledge");
        const knowledge = await saved(page, say("closer.knowledge"), locale, { named: named("closer.knowledge", "first-light") });
        assert.ok(knowledge.rects.length > 3 * 100, "a cell for each pair of classes");
        for (const words of [say("knowledge.label"), say("knowledge.axis.said"), "0", "9"]) assert.ok(knowledge.words.includes(words), words);

        await open(page, "direction");
        const direction = await saved(page, say("direction.title"), locale, { roles: [] });
        for (const key of ["name.forward_kl", "name.reverse_kl", "name.total_variation", "target", "student", "axis.value", "axis.probability"]) assert.ok(direction.words.includes(say(`direction.${key}`)), key);
        assert.equal(direction.strokes.filter((stroke) => stroke === ROLES.distilled).length, 6 + 1, "each divergence, and the legend");

        await open(page, "draw");
        await button(page, "draw.another", {}, locale).click();
        const story = await saved(page, say("draw.story.title"), locale, { named: named("draw.story.title", "first-light") });
        assert.ok(story.words.includes(say("view.curves.at_step", { step: 1 })), `the moments in ${story.words}`);
        assert.ok(story.words.includes(say("draw.story.note")));
      },
      { colorScheme },
    ));

  test(`the plane is saved with its surfaces: ${locale}, ${colorScheme}`, () =>
    withPage(
      `?backend=cpu&lang=${locale}&preset=plane&teacher.steps=10`,
      async (page) => {
        await ready(page);
        await stepTo(page, 1, locale);
        const plane = await saved(page, say("view.plane.title"), locale, { named: named("view.plane.title", "plane") });
        assert.equal(plane.images, 3);
        for (const words of ["x", "y", say("view.class.ordinal", { number: 0 })]) assert.ok(plane.words.includes(words), `${words} in ${plane.words}`);
      },
      { colorScheme },
    ));

  test(`errors over the length of a text are saved: ${locale}, ${colorScheme}`, () =>
    withPage(
      `?backend=cpu&lang=${locale}&preset=grammar&teacher.steps=10&view=length`,
      async (page) => {
        await ready(page);
        await stepTo(page, 1, locale);
        const length = await saved(page, say("length.chart"), locale, { named: named("length.chart", "grammar"), roles: ["alone", "distilled"] });
        assert.equal(length.lines.length, 2);
        assert.ok(length.lines.every((points) => points >= 3));
        assert.ok(length.words.includes(say("length.axis")));
      },
      { colorScheme },
    ));
}
