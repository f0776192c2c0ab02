// The networks themselves: what the page computes from their weights is what the engine says.
import assert from "node:assert/strict";
import { test } from "node:test";

import { button, pause, play, ready, seriousFaults, stepTo, text, TEXTS, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

const panel = (page) => page.getByRole("tabpanel");
const figure = (page, role) => panel(page).locator("figure", { hasText: text(`view.role.${role}`) });
/** The networks are read while they are seen. */
const see = (page) => panel(page).scrollIntoViewIfNeeded();
const openTable = async (page) => {
  await page.locator("summary", { hasText: text("inside.table") }).click();
  await panel(page).locator("details tbody tr").first().waitFor();
};
const cells = (page, name) => panel(page).locator("details tbody tr", { has: page.getByRole("rowheader", { name, exact: true }) }).locator("td").allInnerTexts();

for (const [name, query, classes] of [
  ["images", "", ["0", "9"]],
  ["filters", "&preset=fashion", [TEXTS.en["view.class.t_shirt"], TEXTS.en["view.class.ankle_boot"]]],
  ["the plane", "&preset=plane&teacher.source=live&teacher.steps=10", [text("view.class.ordinal", { number: 0 })]],
])
  test(`each network answers the example as the engine says: ${name}`, () =>
    withPage(`?backend=cpu&view=sample&distill.temperature=1&train.eval_every=1${query}`, async (page) => {
      await ready(page);
      await stepTo(page, 3);
      // The engine shows an example as it was tested, which here is after every step: another example is one of now.
      const place = () => panel(page).locator(".row p").first().innerText();
      const before = await place();
      await button(panel(page), "view.sample.next").click();
      while ((await place()) === before) await page.evaluate(() => new Promise(requestAnimationFrame));
      const engine = {};
      for (const one of classes) {
        const row = panel(page).locator("tbody tr", { has: page.getByRole("rowheader", { name: one }) }).first();
        // The bars have no decimal where they are long.
        engine[one] = (await row.innerText()).match(/[\d.]+(?=%)/g).map(Number);
      }
      await page.getByRole("tab", { name: text("closer.inside"), exact: true }).click();
      await see(page);
      await figure(page, "teacher").locator("canvas").waitFor();
      await openTable(page);
      for (const one of classes) {
        for (const [column, role] of ["teacher", "alone", "distilled"].entries()) {
          const [answer] = await cells(page, text("inside.table.class", { role: text(`view.role.${role}`), class: one }));
          assert.ok(Math.abs(parseFloat(answer) - engine[one][column]) < 0.55, `${role}, ${one}: computed from the weights ${answer}, by the engine ${engine[one][column]}%`);
        }
      }
    }));

test("the students begin alike and grow apart, and a unit is chosen by key", () =>
  withPage("?backend=cpu&view=inside", async (page) => {
    await ready(page);
    await see(page);
    await panel(page).getByText(text("inside.alike.same")).waitFor();
    const before = await figure(page, "distilled").locator("canvas").evaluate((canvas) => canvas.toDataURL());
    await play(page);
    await until(page, "it learns", (now) => now.step > 100);
    await pause(page);
    await page.waitForFunction(([old]) => [...document.querySelectorAll("[role=tabpanel] figure canvas")][1].toDataURL() !== old, [before]);
    await panel(page).getByText(text("inside.alike").split("{")[0]).waitFor();
    const unit = panel(page).getByRole("combobox", { name: text("inside.unit"), exact: true });
    await unit.selectOption({ value: "4" });
    const place = text("inside.table.name", { role: text("view.role.alone"), layer: 1, unit: 5 });
    await figure(page, "alone").getByText(place).waitFor();
    await openTable(page);
    assert.deepEqual(await seriousFaults(page, "[role=tabpanel]"), []);
  }));

test("a unit is chosen by a click on its tile, and let go by another", () =>
  withPage("?backend=cpu&view=inside", async (page) => {
    await ready(page);
    await see(page);
    const canvas = figure(page, "alone").locator("canvas");
    await canvas.scrollIntoViewIfNeeded();
    const { width } = await canvas.boundingBox();
    const position = { x: (2.5 / 16) * width, y: 40 };
    await canvas.click({ position });
    const unit = panel(page).getByRole("combobox", { name: text("inside.unit"), exact: true });
    assert.equal(await unit.inputValue(), "2");
    await canvas.click({ position });
    assert.equal(await unit.inputValue(), "-1");
  }));

test("what the student may not see of its teacher is hatched", () =>
  withPage("?backend=cpu&view=inside&distill.access=labels", async (page) => {
    await ready(page);
    await see(page);
    await figure(page, "teacher").getByText(text("inside.blank")).waitFor();
    assert.equal(await figure(page, "teacher").locator("canvas").count(), 0);
    await panel(page).getByRole("radio", { name: text("access.sight.side.teacher"), exact: true }).check();
    await figure(page, "teacher").locator("canvas").waitFor();
  }));

test("nothing is read while the view is not seen", () =>
  withPage("?backend=cpu&view=inside", async (page) => {
    await ready(page);
    await button(page, "transport.step").click();
    await until(page, "a step", (now) => now.step === 1);
    await panel(page).getByText(text("inside.empty")).waitFor();
  }, { viewport: { width: 1280, height: 500 } }));
