// The first screen, and what a visitor does in the first minutes.
import assert from "node:assert/strict";
import { test } from "node:test";

import { button, knob, pause, play, ready, state, stepTo, text, until, useBrowser, withPage, write } from "./lab.mjs";

useBrowser();

const accuracy = (now, role) => now.networks.find((network) => network.role === role).accuracy;

test("play is all it takes: the curves separate and one sentence says so", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    await play(page);
    const now = await until(page, "the end of the run is drawn", (current) => current.finished && current.outcome !== null);
    assert.equal(now.step, 1000);
    assert.ok(accuracy(now, "teacher") > accuracy(now, "distilled"));
    assert.ok(accuracy(now, "distilled") > accuracy(now, "alone"), "the distilled student is ahead");
    assert.ok(now.points > 30);

    const percent = (share) => `${(100 * share).toFixed(1)}%`;
    const sentence = await page.locator(".verdict").innerText();
    for (const role of ["alone", "distilled"]) assert.ok(sentence.includes(percent(accuracy(now, role))), `"${sentence}" says ${percent(accuracy(now, role))}`);
    await button(page, "verdict.why.show").click();
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), text("closer.sample"), "the example that says why is opened");
    await page.getByRole("region", { name: text("view.sample.title") }).waitFor();

    const chart = page.getByRole("slider", { name: text("view.curves.read", { chart: text("view.curves.accuracy") }) });
    const read = await chart.getAttribute("aria-valuetext");
    for (const role of ["teacher", "alone", "distilled"]) assert.ok(read.includes(percent(accuracy(now, role))), `"${read}" has the ${role}'s value`);
  }));

test("the views show the same run: sample, formula, networks, trust", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    await stepTo(page, 2);
    const now = await until(page, "losses", (current) => current.losses.length > 0);
    const distilled = now.losses.find((loss) => loss.role === "distilled");
    const [alpha, temperature] = [Number(now.values["distill.alpha"]), Number(now.values["distill.temperature"])];
    const sum = alpha * distilled.hard + (1 - alpha) * temperature ** 2 * distilled.soft;
    assert.ok(Math.abs(sum - distilled.total) < 1e-4 * distilled.total, `the terms sum to the loss: ${sum} and ${distilled.total}`);

    const sample = page.getByRole("region", { name: text("view.sample.title") });
    await sample.getByRole("row").nth(10).waitFor();
    await button(sample, "view.sample.next").click();
    await sample.getByText(new RegExp(text("view.sample.row", { row: "149", rows: "\\d+" }))).waitFor();

    const networks = page.getByRole("region", { name: text("view.networks.title") }).first();
    assert.match(await networks.innerText(), /64 → 256 → 256 → 10/);
    const badge = page.locator("summary", { hasText: text("view.trust.cpu") });
    for (const [width, height] of [[1280, 720], [360, 640]]) {
      await page.setViewportSize({ width, height });
      const { x, y, width: wide, height: high } = await badge.boundingBox();
      assert.ok(y >= 0 && y + high <= height && x + wide <= width, "where the numbers come from stands on the first screen");
    }
    await badge.click();
    await page.getByText(text("view.trust.explain_cpu")).waitFor();
  }));

test("a live knob acts at once and leaves a mark", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    await play(page);
    await until(page, "the run is under way", (now) => now.step >= 20);
    await write(page, "distill.temperature", "8");
    const now = await until(page, "a mark stands", (current) => current.marks.some((mark) => mark.key === "distill.temperature" && Number(mark.value) === 8));
    assert.equal(Number(now.values["distill.temperature"]), 8);
    assert.equal(now.runs, 0, "no new run was needed");
    await until(page, "the run goes on", (current, step) => current.step > step, now.step);
  }));

test("a restart knob waits, says what it changes, and keeps the old run as an overlay", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    await play(page);
    await until(page, "two evaluations", (now) => now.points >= 3);
    await pause(page);
    const { step } = await state(page);
    await write(page, "student.widths", "24");
    await page.locator(".pending").getByText(text("knob.student.widths")).waitFor();
    const waiting = await state(page);
    assert.deepEqual(waiting.pending.map(({ key }) => key), ["student.widths"]);
    assert.ok(waiting.step >= step, "nothing was lost");

    await button(page, "pending.restart").click();
    const now = await until(page, "a new run", (current) => current.runs === 1 && current.values["student.widths"] === "24");
    assert.deepEqual(now.pending, []);
    await page.getByText(text("run.overlays")).waitFor();
    await page.getByRole("region", { name: text("runs.title") }).getByText(text("knob.student.widths")).first().waitFor();
  }));

test("step, reset and new seed", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    await stepTo(page, 3);
    await button(page, "transport.reset").click();
    await until(page, "the run begins again", (now) => now.step === 0);
    const { values } = await state(page);
    await button(page, "transport.seed").click();
    await until(page, "another seed", (now, seed) => now.values.seed !== seed && now.step === 0, values.seed);
  }));

test("a knob out of range is refused with its range, and the run goes on", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    const { values } = await state(page);
    await write(page, "distill.temperature", "900");
    const problem = knob(page, "distill.temperature").getByRole("alert");
    await problem.getByText(/50/).waitFor();
    assert.equal((await state(page)).values["distill.temperature"], values["distill.temperature"]);
    await stepTo(page, 1);
    await write(page, "distill.temperature", "6");
    await until(page, "the knob is right again", (now) => Number(now.values["distill.temperature"]) === 6);
    assert.equal(await problem.innerText(), "");
  }));

test("numbers that are no longer finite stop the run: both remedies are named, and no conclusion is drawn", () =>
  withPage("?backend=cpu&train.optimizer=sgd&train.lr=1&train.momentum=0.99&distill.divergence=logit_mse", async (page) => {
    await ready(page);
    await play(page);
    const now = await until(page, "it is told", (current) => current.notices.includes("not_finite"));
    assert.equal(now.playing, false);
    const remedies = { key: text("knob.train.lr"), value: "1", allowed: text("knob.train.clip") };
    await page.locator(".notice", { hasText: text("error.not_finite.allowed", remedies) }).waitFor();
    await page.locator(".verdict", { hasText: text("verdict.stopped").split("{")[0] }).waitFor();
  }));

test("a preset whose data come slowly holds nothing up, and does not come back when another was chosen meanwhile", () =>
  withPage("?backend=cpu", async (page) => {
    let release;
    const released = new Promise((done) => (release = done));
    const asked = [];
    await page.route(/fashion-[^/]*\.bin$/, async (route) => {
      asked.push(route.request().url());
      await released;
      await route.continue();
    });
    const preset = page.locator("#preset");
    await ready(page);
    await stepTo(page, 1);
    await preset.selectOption("fashion");
    await until(page, "its data are asked for", (now) => now.waits === "fashion_images");
    await page.getByText(text("pending.fetch", { part: text("part.fashion_images") })).waitFor();
    await stepTo(page, 2);
    assert.equal((await state(page)).values["task.name"], "digits", "the open run is still there, and goes on");

    await preset.selectOption("first-light");
    await until(page, "nothing waits", (now) => now.waits === null && now.pending.length === 0);
    await play(page);
    await until(page, "digits are learned", (now) => now.step > 20);
    const arrived = page.waitForResponse(/fashion-[^/]*\.bin$/);
    release();
    await (await arrived).finished();
    const at = await state(page);
    const after = await until(page, "they still are", (now, step) => now.finished || now.step > step + 100, at.step);
    assert.deepEqual([after.values["task.name"], after.wanted["task.name"], after.notices], ["digits", "digits", []]);
    assert.equal(after.runs, at.runs, "no other run was begun");

    await preset.selectOption("fashion");
    await until(page, "fashion is open", (now) => now.values["task.name"] === "fashion");
    assert.equal(asked.length, 1, "what arrived was kept");
  }));

test("a run that waits for its data is called off with the keyboard, and the one before goes on", () =>
  withPage("?backend=cpu", async (page) => {
    await page.route(/fashion-[^/]*\.bin$/, () => new Promise(() => undefined));
    await ready(page);
    await play(page);
    await page.locator("#preset").selectOption("fashion");
    await until(page, "its data are asked for", (now) => now.waits === "fashion_images");
    await button(page, "pending.call_off").press("Enter");
    const after = await until(page, "nothing waits", (now) => now.waits === null && now.pending.length === 0);
    assert.deepEqual([after.wanted["task.name"], await page.locator("#preset").inputValue()], ["digits", "first-light"]);
    await until(page, "it plays on", (now, step) => now.finished || now.step > step + 20, after.step);
    assert.equal(await page.evaluate(() => document.activeElement.dataset.tour), "play", "the focus is not lost with the button");
  }));

test("the plane shows three decision surfaces in words, too", () =>
  withPage("?backend=cpu&preset=plane", async (page) => {
    await ready(page);
    await play(page);
    await until(page, "the students learn", (now) => now.phase === "students" && now.step >= 20);
    await pause(page);
    for (const role of ["teacher", "alone", "distilled"]) {
      const picture = page.getByRole("img", { name: new RegExp(`${text(`view.role.${role}`)}: .*\\d+%`) });
      await picture.waitFor();
    }
  }));
