// Training never blocks the page.
import assert from "node:assert/strict";
import { test } from "node:test";

import { play, ready, stepTo, until, useBrowser, withPage, write } from "./lab.mjs";
import { tasksDuring } from "./tasks.mjs";

useBrowser();

/** `node benches/main_thread.mjs` prints the figures. */
const LIMIT_MS = 50;

function calm(context, tasks) {
  assert.ok(tasks.length > 100, "the trace has the main thread's tasks");
  const worst = (clock) => Math.max(...tasks.map((task) => task[clock])).toFixed(1);
  context.diagnostic(`${tasks.length} tasks; longest ${worst("processor")} ms of processor time, ${worst("clock")} ms on the clock`);
  assert.deepEqual(tasks.filter(({ processor }) => processor > LIMIT_MS), []);
}

for (const [name, query, steps] of [
  ["digits", "?backend=cpu", 600],
  ["some 10,000 points in each curve", "?backend=cpu&train.steps=20000&train.eval_every=2", 19_000],
  ["the plane with its surfaces", "?backend=cpu&preset=plane&teacher.steps=50", 300],
  ["the maps of dark knowledge", "?backend=cpu&view=knowledge", 600],
  ["steps taken apart", "?backend=cpu&view=step", 600],
  ["the networks, of images", "?backend=cpu&view=inside", 600],
  ["the networks, of the plane", "?backend=cpu&preset=plane&teacher.steps=300&view=inside", 300],
]) {
  test(`no task over ${LIMIT_MS} ms while training: ${name}`, (context) =>
    withPage(query, async (page) => {
      await ready(page);
      // The networks are read only while they are seen.
      if (query.includes("view=")) await page.getByRole("tabpanel").scrollIntoViewIfNeeded();
      // A panel is filled for the first time when the networks first answer, which is opening it, not training.
      await stepTo(page, 2);
      await page.evaluate(() => new Promise((done) => requestIdleCallback(done)));
      const tasks = await tasksDuring(page, async () => {
        await play(page);
        await until(page, "half of it", (now, half) => now.phase === "students" && now.step >= half, steps / 2);
        await write(page, "distill.temperature", "6");
        await until(page, "the steps", (now, all) => now.step >= all, steps);
      });
      calm(context, tasks);
    }));
}

test("the first step comes soon on the CPU", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    const begin = Date.now();
    await play(page);
    await until(page, "a step", (now) => now.step > 0);
    assert.ok(Date.now() - begin < 3000, `first step after ${Date.now() - begin} ms`);
  }));
