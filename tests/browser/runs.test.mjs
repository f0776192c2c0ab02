// The run list: names, overlays, removal and its undo, and curves of the native program beside the browser's.
import assert from "node:assert/strict";
import { test } from "node:test";

import { atRest, button, download, eventually, faults, pause, play, ready, state, stepTo, text, until, useBrowser, withPage, write } from "./lab.mjs";

useBrowser();

const list = (page) => page.getByRole("region", { name: text("runs.title") });
const names = (page) => list(page).locator("li .name").allInnerTexts();
const upload = (page, name, content) => page.locator("input[type=file]").setInputFiles({ name, mimeType: "application/x-ndjson", buffer: Buffer.from(content) });

/** Makes a run of some evaluations, then one of other widths, which makes the first an overlay. */
async function twoRuns(page) {
  await ready(page);
  await play(page);
  await until(page, "some evaluations", (now) => now.points >= 3);
  await pause(page);
  await write(page, "student.widths", "24");
  await button(page, "pending.restart").click();
  await until(page, "the new run", (now) => now.runs === 1 && now.values["student.widths"] === "24");
}

test("runs have names that last, can be renamed, hidden, removed and brought back", () =>
  withPage("?backend=cpu", async (page) => {
    await twoRuns(page);
    const [open, past] = (await names(page)).map((name) => name.split("\n")[0]);
    assert.match(past, /^[a-z]+ [a-z]+$/);
    assert.notEqual(open, past);
    await page.getByText("Student widths 16 → 24").waitFor();

    await button(page, "run.rename", { name: past }).click();
    await page.keyboard.type("r n?");
    assert.equal(await page.evaluate(() => document.activeElement.value), "r n?", "keys of the page mean nothing while a name is written");
    await page.keyboard.press("Enter");
    await button(page, "run.show", { name: "r n?" }).click();
    await until(page, "it is not drawn", (now) => now.overlays === 0 && now.runs === 1);
    await button(page, "run.show", { name: "r n?" }).click();
    await until(page, "it is drawn again", (now) => now.overlays === 1);

    await button(page, "run.remove", { name: "r n?" }).click();
    await until(page, "it is gone", (now) => now.runs === 0);
    assert.match(await page.evaluate(() => document.activeElement.innerText), new RegExp(text("run.restore")), "the focus is on the way back");
    assert.deepEqual(await faults(page, ["[aria-labelledby=runs-title]"]), []);
    await page.keyboard.press("Enter");
    await until(page, "it is back", (now) => now.runs === 1 && now.overlays === 1);
  }));

test("an experiment has one name, in the language of the page", () =>
  withPage("?backend=cpu", async (page) => {
    await twoRuns(page);
    const [, past] = await names(page);
    // Another browser, which has nothing of the first in its store.
    await withPage("?backend=cpu", async (other) => {
      await twoRuns(other);
      assert.equal((await names(other))[1], past);
      await other.locator(".languages [lang=ko]").click();
      await other.getByRole("region", { name: text("runs.title", {}, "ko") }).getByText(/^[가-힣 ]+$/).first().waitFor();
    });
  }));

/** What is drawn of the other runs, by name. */
const legend = (page) => page.locator(".others li").allInnerTexts();

test("a reset is undone: the run is in the list and drawn meanwhile, and goes on where it was", () =>
  withPage("?backend=cpu&train.steps=400", async (page) => {
    await ready(page);
    await play(page);
    const before = await until(page, "it is finished", (now) => now.finished && now.outcome !== null);
    await page.keyboard.press("r");
    const after = await until(page, "a new run", (now) => now.step === 0 && now.runs === 1 && now.overlays === 1);
    assert.deepEqual(after.wanted, before.wanted);
    const [open, past] = await names(page);
    assert.equal(open.split("\n")[0], text("run.again_name", { name: past }));
    assert.deepEqual(await legend(page), [past]);
    // The same again has one place in the list.
    await play(page);
    await until(page, "it is finished again", (now) => now.finished);
    await page.keyboard.press("r");
    await until(page, "a third run", (now) => now.step === 0 && !now.finished);
    assert.equal((await names(page)).length, 2);
    assert.ok(await button(page, "panel.undo").isEnabled());
    await page.keyboard.press("Control+z");
    const back = await until(page, "the run of before", (now) => now.finished && now.outcome !== null && now.step === 400);
    assert.deepEqual(back.networks, before.networks, "the same seed gave the same networks");
    assert.deepEqual(back.pending, []);
  }));

test("a preset is one line of difference; undone, the run goes on; curves of other data are left out until they are wanted", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    await play(page);
    await until(page, "some evaluations", (now) => now.points >= 3);
    await pause(page);
    const { step, values } = await atRest(page);
    await page.locator("#preset").selectOption("plane");
    await until(page, "the plane", (now) => now.values["task.name"] === "plane" && now.runs === 1 && now.overlays === 0);
    await list(page).getByText(text("change.presets", { from: text("preset.first-light"), to: text("preset.plane") }), { exact: true }).waitFor();
    const past = (await names(page))[1].split("\n")[0];
    await list(page).getByText(text("run.other_data"), { exact: true }).waitFor();
    await button(page, "run.show", { name: past }).click();
    await until(page, "it is drawn", (now) => now.overlays === 1);
    await button(page, "panel.undo").click();
    const back = await until(page, "the run of before goes on", (now, at) => now.step === at, step);
    assert.deepEqual([back.values, back.runs], [values, 0]);
  }));

test("a run of the list is opened as one change, and comes to the same", () =>
  withPage("?backend=cpu&train.steps=200&train.eval_every=50", async (page) => {
    await ready(page);
    await play(page);
    const first = await until(page, "it is finished", (now) => now.finished && now.outcome !== null);
    await write(page, "distill.temperature", "9");
    await write(page, "student.widths", "24");
    await button(page, "pending.restart").click();
    await until(page, "the second is finished", (now) => now.runs === 1 && now.finished && now.outcome !== null);
    const [, past] = await names(page);
    await button(page, "run.open", { name: past }).click();
    const opened = await until(page, "the first again", (now) => now.values["student.widths"] === "16" && now.finished && now.outcome !== null);
    assert.equal(Number(opened.values["distill.temperature"]), 4);
    assert.deepEqual(opened.outcome, first.outcome);
    await button(page, "panel.undo").click();
    const back = await until(page, "the second again", (now) => now.values["student.widths"] === "24" && now.finished);
    assert.deepEqual([back.wanted["student.widths"], Number(back.wanted["distill.temperature"])], ["24", 9]);
    assert.equal(new Set((await names(page)).map((name) => name.split("\n")[0])).size, 2);
  }));

const summary = ({ values }) => ({ preset: "first-light", values, command: "distillery run first-light", teacher_steps: 0, student_steps: 1000 });
const event = (type, rest) => `${JSON.stringify({ type, seed: 0, total_step: 0, ...rest })}\n`;
const evaluated = (step) =>
  event("evaluated", { phase: "students", step, networks: ["teacher", "alone", "distilled"].map((role) => ({ role, step, accuracy: 0.777, loss: 0.5, ece: 0.1, agreement: null, omitted: null })) });

test("a native run's metrics.jsonl lies beside the browser's curves", () =>
  withPage("?backend=cpu", async (page) => {
    const before = await ready(page);
    const native = event("opened", { summary: summary(before) }) + evaluated(0) + evaluated(500) + evaluated(1000);
    // Dropped, as a person does it.
    const transfer = await page.evaluateHandle((content) => {
      const data = new DataTransfer();
      data.items.add(new File([content], "metrics.jsonl"));
      return data;
    }, native);
    await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
    await until(page, "the run is drawn", (now) => now.runs === 1 && now.overlays === 1);
    await list(page).getByText(text("run.native"), { exact: true }).waitFor();
    await list(page).getByText("77.7%").first().waitFor();
    const { step, values, points } = await state(page);
    assert.deepEqual([step, values, points], [before.step, before.values, before.points], "the open run is untouched");

    // Its numbers stand in the table and in the file, at its own steps.
    const name = text("run.native_name", { name: (await names(page))[1].split("\n")[0] });
    const column = text("picture.other", { run: name, role: text("view.role.distilled") });
    const chart = text("view.curves.table", { chart: text("view.curves.accuracy") });
    await page.getByText(chart, { exact: true }).click();
    const table = page.getByRole("region", { name: chart }).getByRole("table");
    const head = await table.getByRole("columnheader").allInnerTexts();
    assert.ok(head.includes(column), `${head} has ${column}`);
    const last = await table.getByRole("row", { name: /^500 / }).innerText();
    assert.equal(last.split("\t")[head.indexOf(column)], "77.7%");
    const { buffer } = await download(page, "view.curves.csv");
    const [header, ...lines] = buffer.toString().trimEnd().split("\n").map((line) => line.split(","));
    assert.equal(lines.find(([at]) => at === "1000")[header.indexOf(`${name}: distilled_accuracy`)], "0.777");
  }));

test("what is no run's record is refused with the number of the line", () =>
  withPage("?backend=cpu", async (page) => {
    const opened = event("opened", { summary: summary(await ready(page)) });
    for (const [content, code, line] of [
      [`${opened}${evaluated(0)}{ torn\n${evaluated(10)}`, "metrics_json", 3],
      [`${opened}${event("evaluated", { phase: "students", step: 1, networks: [{ role: "alone" }] })}`, "metrics_event", 2],
      [evaluated(0), "metrics_start", 1],
    ]) {
      await upload(page, "metrics.jsonl", content);
      await page.getByText(text(`error.${code}`, { value: "metrics.jsonl", message: line })).waitFor();
      assert.equal((await state(page)).runs, 0);
    }
    await upload(page, "metrics.jsonl", `${opened}${evaluated(0)}${evaluated(10)}{"type":"eval`);
    const { notices } = await until(page, "what is whole is drawn", (now) => now.runs === 1);
    assert.ok(notices.includes("notice.native_torn"));
  }));

/** What the list shows of each run: mark, name, difference and figures. */
const rows = (page) => list(page).locator("li").evaluateAll((items) => items.map((item) => [item.innerText.replace(/\s+/g, " "), item.querySelector(".mark svg")?.getAttribute("style") ?? null]));

test("after a reload the list is there again, with what is drawn", () =>
  withPage("?backend=cpu", async (page) => {
    await twoRuns(page);
    // A restarted run goes on playing; what has curves is kept.
    await until(page, "curves of the second", (now) => now.points >= 2);
    await write(page, "student.widths", "8");
    await button(page, "pending.restart").click();
    await until(page, "curves of the third", (now) => now.values["student.widths"] === "8" && now.runs === 2 && now.points >= 2);
    await pause(page);
    await atRest(page);
    const opened = summary(await state(page));
    await upload(page, "metrics.jsonl", event("opened", { summary: opened }) + evaluated(0) + evaluated(500));
    await until(page, "the native run", (now) => now.runs === 3);
    const [, , past] = await names(page);
    await button(page, "run.rename", { name: past }).click();
    await page.keyboard.type("wide one");
    await page.keyboard.press("Enter");
    await button(page, "run.show", { name: "wide one" }).click();
    const { overlays } = await until(page, "it is not drawn", (now) => now.overlays === 2);
    const [, ...before] = await rows(page);
    assert.match(before[1][0], /wide one/);
    await eventually(page, "its name lies in the store", async () => {
      const database = await new Promise((done) => {
        indexedDB.open("distillery").onsuccess = ({ target }) => done(target.result);
      });
      const kept = await new Promise((done) => {
        database.transaction("past").objectStore("past").getAll().onsuccess = ({ target }) => done(target.result);
      });
      database.close();
      return kept.some(({ name, look }) => name.given === "wide one" && look === null);
    });
    await page.reload();
    // The open run begins anew after a reload; what it was is in the list, too.
    const after = await until(page, "the list is back", (now) => now.runs === 4);
    assert.equal(after.overlays, overlays + 1);
    assert.deepEqual((await rows(page)).slice(1).filter(([row]) => before.some(([old]) => old === row)), before);
  }));

test("a run that was left open is in the list once another experiment is opened, and out of it when it goes on", () =>
  withPage("?backend=cpu", async (page, open) => {
    await ready(page);
    await play(page);
    await until(page, "some evaluations", (now) => now.points >= 3);
    await pause(page);
    const { step } = await atRest(page);
    const other = await open("?backend=cpu&student.widths=8");
    await until(other, "it is drawn", (now) => now.runs === 1 && now.overlays === 1);
    await button(other, "action.resume").click();
    const again = await until(other, "it goes on", (now, at) => now.step === at, step);
    assert.equal(again.runs, 0);
  }));

test("the store of an older page still offers its run", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    await play(page);
    await until(page, "some evaluations", (now) => now.points >= 3);
    await pause(page);
    const { step } = await atRest(page);
    // As that page left it: version 1, with checkpoints only.
    await page.evaluate(async () => {
      const done = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
      const database = await done(indexedDB.open("distillery"));
      const { run: _, ...saved } = await done(database.transaction("runs").objectStore("runs").get("last"));
      database.close();
      await done(indexedDB.deleteDatabase("distillery"));
      const opening = indexedDB.open("distillery", 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("runs");
      const old = await done(opening);
      await done(old.transaction("runs", "readwrite").objectStore("runs").put(saved, "last"));
      old.close();
    });
    await page.reload();
    await button(page, "action.resume").click();
    await until(page, "it goes on", (now, at) => now.step === at, step);
    await stepTo(page, step + 1);
  }));

for (const [what, spoil] of [
  ["is full", () => (IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); })],
  ["is refused", () => (IDBFactory.prototype.open = () => { throw new DOMException("no", "SecurityError"); })],
  ["never answers", () => (IDBFactory.prototype.open = () => ({}))],
]) {
  test(`a store that ${what} costs nothing but the list after a reload`, () =>
    withPage("?backend=cpu", async (first, open) => {
      await first.context().addInitScript(spoil);
      await first.close();
      const page = await open("?backend=cpu");
      await twoRuns(page);
      await page.reload();
      await ready(page);
      await play(page);
      const { runs } = await until(page, "it plays", (now) => now.step > 10);
      assert.equal(runs, 0);
    }));
}

test("of many changes three are told, the others on request, and folded away again", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    await stepTo(page, 1);
    const changes = [["student.widths", "8"], ["task.labels_per_class", "20"], ["task.label_noise", "0.2"], ["task.omit_class", "3"], ["train.steps", "500"]];
    for (const [key, value] of changes) await write(page, key, value);
    await until(page, "they wait", (now) => now.pending.length === 5);
    const list = page.locator(".pending p");
    const told = async () => {
      const shown = await list.innerText();
      return changes.filter(([key]) => shown.includes(text(`knob.${key}`))).length;
    };
    assert.equal(await told(), 3);
    await button(list, "change.more", { count: 2 }).click();
    assert.equal(await told(), 5);
    assert.equal(await button(list, "change.less").getAttribute("aria-expanded"), "true");
    await button(list, "change.less").click();
    assert.equal(await told(), 3);
    // One that would be left over is told rather than counted.
    await button(page, "panel.undo").click();
    await until(page, "four wait", (now) => now.pending.length === 4);
    assert.equal(await told(), 4);
    assert.equal(await list.getByRole("button").count(), 0);
  }));
