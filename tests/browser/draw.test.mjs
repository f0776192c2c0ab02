// What a visitor draws reaches the networks as the data would have it, and their opinion of it follows the drawing and the training.
import assert from "node:assert/strict";
import { test } from "node:test";

import { button, faults, pause, play, ready, seriousFaults, state, text, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

const board = (page, locale) => page.getByRole("application", { name: text("draw.board", {}, locale) });
const opinions = (page) => page.getByRole("tabpanel").getByRole("table");

/** Waits until the networks say this of the drawing; null where it does not matter what one says. Answers lag behind a moving pointer. */
async function say(page, ...expected) {
  await page.waitForFunction(
    (wanted) => {
      const row = document.querySelector("[role=tabpanel] tfoot tr");
      const said = [...(row?.querySelectorAll("td") ?? [])].map((cell) => cell.innerText);
      return said.length === wanted.length && wanted.every((answer, at) => answer === null || answer === said[at]);
    },
    expected,
    { polling: 50 },
  );
}
const bars = (page) => opinions(page).locator("tbody").innerText();

/** Draws through places given as shares of the board. */
async function stroke(page, ...places) {
  await board(page).scrollIntoViewIfNeeded();
  const box = await board(page).boundingBox();
  const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
  await page.mouse.move(...at(places[0]));
  await page.mouse.down();
  for (const place of places.slice(1)) await page.mouse.move(...at(place), { steps: 5 });
  await page.mouse.up();
}

/** Waits until the opinion is another one than it was. */
async function changed(page, before) {
  await page.waitForFunction(
    (old) => {
      const now = document.querySelector("[role=tabpanel] tbody");
      return now !== null && now.innerText !== old;
    },
    before,
    { polling: 50 },
  );
  return bars(page);
}

async function trained(page) {
  await ready(page);
  await play(page);
  await until(page, "the run is over", (now) => now.finished);
}

const ONE = [[0.2, 0.5], [0.2, 0.9]];
const ZERO = Array.from({ length: 25 }, (_, i) => [0.7 + 0.12 * Math.cos((i * Math.PI) / 12), 0.3 + 0.2 * Math.sin((i * Math.PI) / 12)]);
/** Outlines, which are filled: that is how the pictures of garments look. */
const TROUSERS = [[0.3, 0.05], [0.7, 0.05], [0.72, 0.95], [0.56, 0.95], [0.5, 0.35], [0.44, 0.95], [0.28, 0.95], [0.3, 0.05]];
const BOOT = [[0.45, 0.1], [0.8, 0.1], [0.85, 0.85], [0.1, 0.85], [0.15, 0.65], [0.42, 0.5], [0.45, 0.1]];

test("a vertical stroke is a one and a circle a zero, wherever they are drawn; undo goes back step by step", () =>
  withPage("?backend=cpu&view=draw", async (page) => {
    await trained(page);
    await stroke(page, ...ONE);
    await say(page, "1", null, null);
    await button(page, "draw.clear").click();
    await page.getByText(text("draw.empty")).waitFor();
    await stroke(page, ...ZERO);
    await say(page, "0", "0", "0");
    await button(page, "draw.undo").click();
    await page.getByText(text("draw.empty")).waitFor();
    await button(page, "draw.undo").click();
    await say(page, "1", null, null);
  }));

test("the teacher of garments, which comes ready-made, knows trousers and a boot by their outline", () =>
  withPage("?backend=cpu&view=draw&preset=fashion", async (page) => {
    await ready(page);
    for (const [outline, name] of [[TROUSERS, "view.class.trouser"], [BOOT, "view.class.ankle_boot"]]) {
      await stroke(page, ...outline);
      await say(page, text(name), null, null);
      await button(page, "draw.clear").click();
      await page.getByText(text("draw.empty")).waitFor();
    }
  }));

test("the opinion changes while the networks learn, and the drawing outlives the panel", () =>
  withPage("?backend=cpu&view=draw", async (page) => {
    await ready(page);
    await stroke(page, ...ZERO);
    const untrained = await changed(page, null);
    await play(page);
    await until(page, "some training", (now) => now.step >= 100);
    await pause(page);
    await changed(page, untrained);
    await page.getByRole("tab", { name: text("closer.sample") }).click();
    await page.getByRole("tab", { name: text("closer.draw") }).click();
    await changed(page, null);
    assert.notEqual(await bars(page), untrained);
  }));

test("keys draw cell by cell and leave the run alone; a test row is asked about as it is", () =>
  withPage("?backend=cpu&view=draw", async (page) => {
    await trained(page);
    const before = await state(page);
    await board(page).focus();
    // A bar from the top to the bottom in the two middle columns; the cursor begins in the fourth column.
    for (let row = 0; row < 8; row += 1) await page.keyboard.press("ArrowUp");
    for (let row = 0; row < 8; row += 1) {
      await page.keyboard.press("Space");
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("Space");
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("ArrowDown");
    }
    await say(page, "1", null, null);
    for (let cell = 0; cell < 16; cell += 1) await page.keyboard.press("Control+z");
    await page.getByText(text("draw.empty")).waitFor();
    assert.equal((await state(page)).step, before.step);
    assert.deepEqual((await state(page)).wanted, before.wanted, "undo was of the drawing, not of a setting");

    // The other panel shows the row's own sample: both say the same of the same picture.
    await page.getByRole("tab", { name: text("closer.sample") }).click();
    const sample = await page.getByRole("region", { name: text("view.sample.title") }).locator("tbody").innerText();
    await page.getByRole("tab", { name: text("closer.draw") }).click();
    await page.getByRole("button", { name: text("draw.take", { row: "148", label: "8" }) }).click();
    await page.getByRole("radio", { name: text("draw.soft", { temperature: "4" }) }).check();
    await page.waitForFunction(
      (numbers) => String(document.querySelector("[role=tabpanel] tbody").innerText.match(/[\d.]+%/g)) === numbers,
      String(sample.match(/[\d.]+%/g)),
      { polling: 50 },
    );
  }));

test("on the plane a point is chosen by click and by key, and nothing here is inaccessible", () =>
  withPage("?backend=cpu&preset=plane&train.steps=100&teacher.steps=50&view=draw", async (page) => {
    await trained(page);
    const square = page.getByRole("application", { name: text("draw.point.board") });
    const middle = await changed(page, null);
    await square.click({ position: { x: 40, y: 40 } });
    const corner = await changed(page, middle);
    await square.focus();
    for (let press = 0; press < 4; press += 1) await page.keyboard.press("Shift+ArrowRight");
    await changed(page, corner);
    // What colours say stands in a table, too.
    await page.getByRole("tabpanel").getByText(text("view.plane.as_table", { role: text("view.role.distilled") }), { exact: true }).click();
    const table = page.getByRole("tabpanel").getByRole("region", { name: text("view.plane.table", { role: text("view.role.distilled") }) });
    await table.getByRole("row").nth(7).waitFor();
    for (const cell of await table.getByRole("cell").allInnerTexts()) assert.match(cell, /^class \d, \d+%$/);
    assert.deepEqual(await faults(page, ["[role=tabpanel]"]), []);
  }));

test("points of a class are placed where one clicks, seen at once, taken back, and learned from in the next run", () =>
  withPage("?backend=cpu&preset=plane&train.steps=20&teacher.steps=20&view=draw", async (page) => {
    await trained(page);
    const square = page.getByRole("application", { name: text("draw.point.board") });
    const waiting = square.locator("circle.waits");
    const wanted = async (points) => until(page, `${points} points are wanted`, (now, count) => now.wanted["task.added"].split(",").filter((point) => point !== "none").length === count, points);
    const centre = page.getByText(text("draw.point", { x: "0.00", y: "0.00" }));
    await centre.waitFor();
    await square.click({ position: { x: 60, y: 60 } });
    await centre.waitFor({ state: "detached" });
    await wanted(0);
    await page.getByRole("radio", { name: text("view.class.ordinal", { number: "2" }) }).check();
    await square.click({ position: { x: 60, y: 60 } });
    await wanted(1);
    assert.equal(await waiting.count(), 1, "it is seen before anything is trained");
    await square.focus();
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("Enter");
    await wanted(2);
    await page.keyboard.press("Control+z");
    await wanted(1);
    await page.keyboard.press("Space");
    await wanted(2);
    await page.keyboard.press("Backspace");
    await wanted(1);
    assert.equal(await waiting.count(), 1);
    await button(page, "draw.place.train").click();
    const after = await until(page, "the run with the point", (now) => now.finished && now.values["task.added"] !== "none");
    assert.match(after.values["task.added"], /^-?[\d.]+_-?[\d.]+_2$/);
    assert.equal(await waiting.count(), 0, "it waits no longer");
  }));

const cells = (page, role) => page.getByRole("tabpanel").getByRole("img", { name: new RegExp(`^${text(`view.role.${role}`)}: `) }).locator(".cell");

test("the strip tells how the opinion came about, at a slow speed step by step, and the speed acts at once and is remembered", () =>
  withPage("?backend=cpu&view=draw", async (page, open) => {
    await ready(page);
    const speed = page.getByRole("combobox", { name: text("transport.speed") });
    await speed.selectOption("slow");
    await stroke(page, ...ONE);
    await play(page);
    await until(page, "single steps", (now) => now.step >= 6);
    await page.locator("summary", { hasText: text("draw.story.table") }).click();
    const table = page.getByRole("region", { name: text("draw.story.title") }).getByRole("row");
    // Between evaluations, which are 25 steps apart, only a paced run is asked.
    await table.filter({ hasText: text("view.curves.at_step", { step: "3" }) }).first().waitFor();
    await table.filter({ hasText: text("view.curves.at_step", { step: "4" }) }).first().waitFor();
    // At this speed the rest would take minutes.
    await speed.selectOption("full");
    await until(page, "the end", (now) => now.finished, undefined, 60_000);
    await say(page, "1", null, null);
    for (const role of ["teacher", "alone", "distilled"]) assert.ok((await cells(page, role).count()) > 10, role);
    const told = page.getByRole("img", { name: new RegExp(`^${text("view.role.teacher")}: .*1, \\d+%$`) });
    await told.waitFor();

    // Another tab and back: the story is still there. Another drawing has none yet.
    await page.getByRole("tab", { name: text("closer.sample") }).click();
    await page.getByRole("tab", { name: text("closer.draw") }).click();
    assert.ok((await cells(page, "alone").count()) > 10);
    await page.getByRole("combobox", { name: text("draw.story.of") }).selectOption("7");
    await page.getByRole("img", { name: new RegExp(`^${text("view.role.alone")}: .*7, \\d+%$`) }).waitFor();
    assert.deepEqual(await seriousFaults(page, "[role=tabpanel]", "section[aria-label]"), []);
    await stroke(page, ...ZERO);
    await page.waitForFunction(() => document.querySelector("[role=tabpanel] .strip")?.querySelectorAll(".cell").length === 1);

    await speed.selectOption("normal");
    const later = await open("?backend=cpu");
    await ready(later);
    assert.equal(await later.getByRole("combobox", { name: text("transport.speed") }).inputValue(), "normal");
  }));

test("on a narrow screen no name on the strip is cut or lies over another", () =>
  withPage(
    "?backend=cpu&lang=ko&view=draw&preset=fashion&train.steps=60",
    async (page) => {
      await ready(page);
      await board(page, "ko").focus();
      await page.keyboard.press("Space");
      await button(page, "transport.play", {}, "ko").click();
      await until(page, "the end", (now) => now.finished);
      await page.waitForFunction(() => document.querySelectorAll("[role=tabpanel] .strip .cell").length > 3);
      const names = await page.locator("[role=tabpanel] .strip").evaluateAll((strips) =>
        strips.map((strip) =>
          [...strip.querySelectorAll("b")].flatMap((name) => {
            const range = document.createRange();
            range.selectNodeContents(name);
            const [box, own] = [range.getBoundingClientRect(), name.parentElement.getBoundingClientRect()];
            // What has no room lies below the strip, where nothing is seen.
            return box.top >= own.bottom ? [] : [{ name: name.textContent, over: Math.max(own.left - box.left, box.right - own.right) }];
          }),
        ),
      );
      assert.ok(names.flat().length > 0, "there are names");
      for (const { name, over } of names.flat()) assert.ok(over <= 0.5, `${name} is ${over} px too wide`);
    },
    { viewport: { width: 390, height: 800 } },
  ));
