// Which way the KL looks, and how far the teacher's door stands open.
import assert from "node:assert/strict";
import { test } from "node:test";

import { button, faults, knob, pause, play, ready, state, text, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

const panel = (page, key) => page.getByRole("region", { name: text(key) });

test("forward KL covers both modes and reverse KL holds one, beside a race that goes on", () =>
  withPage("?backend=cpu&view=direction&train.steps=100000", async (page) => {
    await ready(page);
    await play(page);
    const direction = panel(page, "direction.title");
    await button(direction, "direction.play").click();
    await direction.getByText(text("direction.step", { step: 600 })).waitFor();
    const verdict = (name) => direction.getByRole("listitem").filter({ has: page.getByRole("heading", { name: text(`direction.name.${name}`), exact: true }) }).locator("strong").innerText();
    assert.equal(await verdict("forward_kl"), text("direction.verdict.covers"));
    assert.equal(await verdict("reverse_kl"), text("direction.verdict.left"));
    assert.ok((await state(page)).step > 0, "the race was not stopped");
    await direction.getByText(text("direction.curves"), { exact: true }).click();
    const rows = direction.getByRole("region", { name: text("direction.curves") }).getByRole("row");
    await rows.nth(10).waitFor();
    const target = (await rows.allInnerTexts()).slice(1).map((row) => parseFloat(row.split("\t")[1]));
    const sum = target.reduce((all, share) => all + share, 0);
    assert.ok(Math.abs(sum - 100) < 2, `the stretches hold all of the target: ${sum}`);
    // The second picture is asked for while the first is being fitted.
    await button(direction, "direction.try.figure").click();
    await button(direction, "direction.try.right").click();
    await direction.getByText(text("direction.verdict.right")).first().waitFor();
    assert.deepEqual(await faults(page, ["[role=tabpanel]"]), []);
  }));

test("the fit begins again after the Worker was lost", () =>
  withPage(
    "?backend=cpu&view=direction",
    async (page) => {
      await ready(page);
      const direction = panel(page, "direction.title");
      await direction.getByRole("listitem").first().waitFor();
      await page.evaluate(() => window.__distillery.crashWorker());
      await until(page, "another engine is up", (now) => now.notices.length > 0 && now.engine === "up" && now.values !== null);
      await button(direction, "direction.play").click();
      await button(direction, "direction.play").click();
      await direction.getByText(text("direction.step", { step: 600 })).waitFor();
    },
    { expected: [/crash/i, /test/i] },
  ));

test("a shut door blanks what is behind it, and acts at once", () =>
  withPage("?backend=cpu&view=access", async (page) => {
    await ready(page);
    await play(page);
    await until(page, "the end", (now) => now.finished);
    const access = panel(page, "access.title");
    assert.equal(await access.getByText(text("access.hidden")).count(), 0, "a white box hides nothing");
    await access.getByRole("radio", { name: new RegExp(text("option.distill.access.top_k")) }).check();
    await until(page, "the engine has it", (now) => now.values["distill.access"] === "top_k");
    assert.equal(await access.getByText(text("access.hidden")).count(), 7, "three classes of ten are told");
    for (const bits of ["3.3", "106", "320", "8,512"]) await access.getByText(text("access.bits.level", { bits }), { exact: true }).waitFor();
    await access.getByRole("radio", { name: new RegExp(text("option.distill.access.labels")) }).check();
    await access.getByText(text("access.answer")).waitFor();
    assert.equal(await access.getByText(text("access.hidden")).count(), 9);
    assert.match(await knob(page, "distill.access").locator("select").inputValue(), /labels/);
  }));

test("whatever panel shows the teacher's answer hatches what the student may not see, until one asks for what the teacher thinks", () =>
  withPage("?backend=cpu&view=access&distill.access=labels", async (page) => {
    await ready(page);
    await play(page);
    await until(page, "it learned something", (now) => now.step >= 25);
    await pause(page);
    const tabs = page.getByRole("tabpanel");
    const teacher = () => tabs.getByRole("radio", { name: text("access.sight.side.teacher") }).first();
    const student = () => tabs.getByRole("radio", { name: text("access.sight.side.student") }).first();
    const count = (wanted) => page.waitForFunction((expected) => document.querySelectorAll("[role=tabpanel] .hatched").length === expected, wanted);
    // Nine classes; with the entropy and what the students are from it; of a step as logits and as probabilities; a diagram; a network.
    for (const [panel, blanks] of [["access", 9], ["sample", 12], ["step", 18], ["calibration", 1], ["inside", 1]]) {
      await page.getByRole("tab", { name: text(`closer.${panel}`), exact: true }).click();
      await student().waitFor();
      await count(blanks);
      await teacher().check();
      await count(0);
      await student().check();
    }
    await page.getByRole("tab", { name: text("closer.knowledge"), exact: true }).click();
    const map = tabs.getByRole("img", { name: text("knowledge.map", { role: text("view.role.teacher") }) });
    await map.waitFor();
    const hatch = () => map.locator(".hatch").getAttribute("d");
    assert.equal((await hatch()).split("M").length - 1, 3 * 90, "all but the diagonal");
    await teacher().check();
    assert.equal(await hatch(), "");
    await student().check();

    await page.getByRole("tab", { name: text("closer.draw"), exact: true }).click();
    await tabs.getByRole("button", { name: /Take test row/ }).click();
    await count(12);
    assert.deepEqual(await faults(page, ["[role=tabpanel]"]), []);
  }));

test("on the plane a student behind the first door sees the teacher's regions, not how sure it is", () =>
  withPage("?backend=cpu&preset=plane&teacher.steps=20&distill.access=labels", async (page) => {
    await ready(page);
    await play(page);
    await until(page, "it learned something", (now) => now.phase === "students" && now.step >= 25);
    await pause(page);
    const card = page.getByRole("region", { name: text("view.plane.title"), exact: true });
    const teacher = card.locator("figure", { hasText: text("view.role.teacher") }).first();
    await teacher.locator(".hatched").waitFor();
    await card.locator("summary", { hasText: text("view.plane.as_table", { role: text("view.role.teacher") }) }).click();
    const cell = card.locator("details[open] tbody td").first();
    await cell.waitFor();
    assert.doesNotMatch(await cell.innerText(), /%/);
    await card.getByRole("radio", { name: text("access.sight.side.teacher"), exact: true }).check();
    await card.locator("details[open] tbody td", { hasText: "%" }).first().waitFor();
    assert.equal(await card.locator(".hatched").count(), 0);
  }));

for (const locale of ["en", "ko"])
  test(`the plane's tables need no scrolling where there is room: ${locale}`, () =>
    withPage(`?backend=cpu&preset=plane&teacher.steps=20&lang=${locale}`, async (page) => {
      await ready(page);
      await button(page, "transport.step", {}, locale).click();
      const card = page.getByRole("region", { name: text("view.plane.title", {}, locale), exact: true });
      for (const role of ["teacher", "alone", "distilled"]) {
        await card.locator("summary", { hasText: text("view.plane.as_table", { role: text(`view.role.${role}`, {}, locale) }, locale) }).click();
        const table = card.getByRole("region", { name: text("view.plane.table", { role: text(`view.role.${role}`, {}, locale) }, locale) });
        await table.locator("tbody tr").first().waitFor();
        assert.deepEqual(await table.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth), 0, role);
      }
    }));

test("a placed point is learned from, and the address carries it", () =>
  withPage("?backend=cpu&preset=plane&view=draw&teacher.steps=20&train.steps=20", async (page) => {
    await ready(page);
    await play(page);
    await until(page, "the end", (now) => now.finished);
    const draw = panel(page, "draw.title.plane");
    await draw.getByRole("radio", { name: text("view.class.ordinal", { number: 2 }) }).check();
    await draw.getByRole("application").click();
    await button(draw, "draw.place.train").click();
    const end = await until(page, "the run with the point", (now) => now.finished && now.values["task.added"] !== "none");
    assert.match(end.values["task.added"], /^-?[\d.]+_-?[\d.]+_2$/);
    await page.waitForURL((url) => url.searchParams.get("task.added") === end.values["task.added"]);
    await button(draw, "draw.place.clear").click();
    await until(page, "none is wanted", (now) => now.wanted["task.added"] === "none");
  }));
