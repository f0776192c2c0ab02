// The panel of dark knowledge: maps and facts from the engine, and what a turned temperature does to them.
import assert from "node:assert/strict";
import { test } from "node:test";

import { button, pause, play, ready, seriousFaults, state, stepTo, text, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

const panel = (page) => page.getByRole("tabpanel");
const map = (page, role) => panel(page).getByRole("img", { name: text("knowledge.map", { role: text(`view.role.${role}`) }) });

/** The shares that a map shows by strength of colour, 0 to 255. */
const colours = (page, role) =>
  map(page, role).evaluate((svg) => {
    const canvas = svg.parentElement.querySelector("canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return [...data].filter((_, index) => index % 4 === 3);
  });

/** The cells of a row of the facts that begins so, in the order of the roles. */
const facts = (page, head) => panel(page).locator("tbody tr", { has: page.locator("th", { hasText: head }) }).first().locator("td").allInnerTexts();
const entropy = (page, temperature) => facts(page, text("knowledge.entropy", { temperature }));

test("the maps appear with the first step, and the distilled student's grows like the teacher's", () =>
  withPage("?backend=cpu&view=knowledge", async (page) => {
    await ready(page);
    await button(page, "closer.make_step").click();
    for (const role of ["teacher", "alone", "distilled"]) {
      await map(page, role).waitFor();
      const drawn = await colours(page, role);
      assert.deepEqual([drawn.length, drawn[0], drawn.some((strength) => strength > 0)], [100, 0, true], "all classes, and only the wrong ones in colour");
    }
    const likeness = async () => (await facts(page, text("knowledge.likeness"))).slice(1).map(parseFloat);
    const [untaught] = [await likeness()];
    const before = await colours(page, "distilled");
    await play(page);
    await until(page, "it learned", (now) => now.finished);
    await page.waitForFunction(
      ([label, old]) => {
        const row = [...document.querySelectorAll("[role=tabpanel] tbody tr")].find((tr) => tr.querySelector("th")?.innerText === label);
        return parseFloat(row.children[3].innerText) > old + 10;
      },
      [text("knowledge.likeness"), untaught[1]],
    );
    const [alone, distilled] = await likeness();
    assert.ok(distilled > alone, `${distilled} > ${alone}: the teacher's pattern came from the teacher`);
    assert.notDeepEqual(await colours(page, "distilled"), before);
  }));

test("a turned temperature changes entropy and maps at once, without a step", () =>
  withPage("?backend=cpu&view=knowledge", async (page) => {
    await ready(page);
    await stepTo(page, 1);
    await panel(page).getByText(text("knowledge.entropy", { temperature: "4" })).waitFor();
    const [cool] = await entropy(page, "4").then((cells) => cells.map(parseFloat));
    const before = await colours(page, "teacher");
    await panel(page).getByRole("button", { name: "T = 20" }).click();
    await panel(page).getByText(text("knowledge.entropy", { temperature: "20" })).waitFor();
    const [hot] = await entropy(page, "20").then((cells) => cells.map(parseFloat));
    assert.ok(hot > cool + 0.5 && hot <= Math.log(10) + 0.01, `${hot} nats at T = 20, ${cool} at T = 4`);
    assert.notDeepEqual(await colours(page, "teacher"), before);
    const now = await state(page);
    assert.equal(now.step, 1);
    assert.equal(Number(now.values["distill.temperature"]), 20);
  }));

test("a cell is read by key, and a disputed row is opened", () =>
  withPage("?backend=cpu&view=knowledge", async (page) => {
    await ready(page);
    await play(page);
    await until(page, "it learned something", (now) => now.step >= 100);
    await pause(page);
    await panel(page).getByRole("combobox", { name: text("knowledge.label") }).selectOption("4");
    await panel(page).getByRole("combobox", { name: text("knowledge.said") }).selectOption("9");
    await panel(page).locator("dt", { hasText: text("knowledge.pair", { label: "4", said: "9" }) }).waitFor({ state: "attached" });
    await page.locator("summary", { hasText: text("knowledge.table") }).click();
    const rows = panel(page).getByRole("region", { name: text("knowledge.title") }).locator("details tbody tr");
    // A table is filled once its fold has told that it is open.
    await rows.first().waitFor();
    assert.equal(await rows.count(), 100);

    const disputed = panel(page).getByRole("region", { name: text("knowledge.disputed") });
    const first = disputed.locator("tbody button").first();
    await first.hover();
    const row = (await first.innerText()).match(/\d+/)[0];
    await first.click();
    await panel(page).getByRole("region", { name: text("view.sample.title") }).getByText(text("view.sample.row", { row, rows: "539" })).waitFor();

    assert.deepEqual(await seriousFaults(page, "[role=tabpanel]"), []);
  }));
