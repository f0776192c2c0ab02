// A Worker is a thing that may die. The run does not.
import assert from "node:assert/strict";
import { test } from "node:test";

import { atRest, button, eventually, pause, play, ready, state, stepTo, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

/** Trains a little and pauses, which takes a checkpoint. */
async function pausedRun(page) {
  await ready(page);
  await play(page);
  await until(page, "some curves", (now) => now.points >= 3);
  await pause(page);
  return atRest(page);
}

test("after a crash the run goes on from its checkpoint, with its curves", () =>
  withPage(
    "?backend=cpu",
    async (page) => {
      const before = await pausedRun(page);
      await page.evaluate(() => window.__distillery.crashWorker());
      const after = await until(page, "the run is back", (now) => now.engine === "up" && now.notices.includes("notice.resumed"));
      assert.equal(after.step, before.step);
      assert.ok(after.points >= before.points - 1, "the curves are kept");
      assert.ok(after.notices.includes("crashed"), "what happened is told");
      await stepTo(page, before.step + 1);
    },
    { expected: [/crashed on request/] },
  ));

test("a crash while it plays does not stop it", () =>
  withPage(
    "?backend=cpu",
    async (page) => {
      await ready(page);
      await play(page);
      await until(page, "some steps", (now) => now.step >= 30);
      await page.evaluate(() => window.__distillery.crashWorker());
      await until(page, "the crash is told", (now) => now.notices.includes("crashed"));
      const back = await until(page, "the engine is back", (now) => now.engine === "up" && now.playing);
      await until(page, "it plays on", (now, step) => now.step > step && now.playing, back.step);
    },
    { expected: [/crashed on request/] },
  ));

test("a reload offers to go on, and goes on", () =>
  withPage("?backend=cpu", async (page) => {
    const before = await pausedRun(page);
    await page.reload();
    await until(page, "the offer", (now) => now.engine === "up" && now.notices.includes("notice.resume"));
    assert.equal((await state(page)).step, 0, "nothing happens unasked");
    await button(page, "action.resume").click();
    const after = await until(page, "the run is back", (now, step) => now.step === step, before.step);
    assert.ok(after.points >= before.points, "the curves are kept");
    await stepTo(page, before.step + 1);
  }));

test("a checkpoint that was discarded comes back with undo, also after a reload, and is gone otherwise", () =>
  withPage("?backend=cpu", async (page) => {
    const offered = () => until(page, "the offer", (now) => now.engine === "up" && now.notices.includes("notice.resume"));
    const store = (what, holds) =>
      eventually(page, what, `(async () => {
        const done = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
        const database = await done(indexedDB.open("distillery"));
        const saved = await done(database.transaction("runs").objectStore("runs").get("last"));
        database.close();
        return (saved !== undefined) === ${holds};
      })()`);
    const before = await pausedRun(page);
    await page.reload();
    await offered();
    await button(page, "action.discard").click();
    await until(page, "it is told", (now) => now.notices.includes("notice.discarded") && !now.notices.includes("notice.resume"));
    await store("the store is empty", false);
    await button(page, "panel.undo").click();
    await offered();
    await store("it is in the store again", true);
    await page.reload();
    await offered();
    await button(page, "action.resume").click();
    await until(page, "the run is back", (now, step) => now.step === step, before.step);
  }));
