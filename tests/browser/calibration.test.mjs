// The panel of calibration: three diagrams, and a sentence about each that is computed from it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { button, play, ready, seriousFaults, stepTo, text, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

const panel = (page) => page.getByRole("tabpanel");
const figure = (page, role) => panel(page).locator("figure", { hasText: text(`view.role.${role}`) });
const percent = (share) => `${(100 * share).toFixed(1)}%`;

test("each network has its diagram, its ECE and its rows", () =>
  withPage("?backend=cpu&view=calibration", async (page) => {
    await ready(page);
    await button(page, "closer.make_step").click();
    const now = await until(page, "tested", (current) => current.networks.length === 3);
    for (const { role, ece, accuracy } of now.networks) {
      await figure(page, role).getByText(text("calibration.ece", { ece: percent(ece) })).first().waitFor();
      assert.ok((await figure(page, role).locator("p").innerText()).includes(percent(accuracy)), `the ${role}'s accuracy from its bins is that of all rows`);
      const counts = await figure(page, role).locator('text[font-size="9.5"]').allTextContents();
      assert.equal(counts.reduce((sum, count) => sum + Number(count), 0), 539, `the ${role}'s rows are all in the diagram`);
    }
    await page.locator("summary", { hasText: text("calibration.table") }).click();
    // A table is filled once its fold has told that it is open.
    await panel(page).locator("details tbody tr").first().waitFor();
    assert.equal(await panel(page).locator("details tbody tr").count(), 15);
    assert.deepEqual(await seriousFaults(page, "[role=tabpanel]"), []);
  }));

test("what it says to try does what it says: smoothed labels make the student alone under-confident", () =>
  withPage("?backend=cpu&view=calibration", async (page) => {
    await ready(page);
    await stepTo(page, 1);
    await panel(page).getByRole("button", { name: text("calibration.try.train.label_smoothing", { value: "0.2" }) }).click();
    await until(page, "the labels are smoothed", (now) => Number(now.values["train.label_smoothing"]) === 0.2);
    await play(page);
    const now = await until(page, "the end is drawn", (current) => current.finished && current.outcome !== null);
    const alone = now.networks.find(({ role }) => role === "alone");
    await figure(page, "alone").getByText(text("calibration.ece", { ece: percent(alone.ece) })).first().waitFor();
    const [beginning] = text("calibration.under", { role: text("view.role.alone") }).split("{");
    assert.ok((await figure(page, "alone").locator("p").innerText()).startsWith(beginning));
  }));
