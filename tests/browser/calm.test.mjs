// Training never blocks the page: its main thread has no engine, and what it draws in a frame is bounded, however long a run is and however many
// results a frame brings. `node benches/main_thread.mjs` says how long that takes.
import assert from "node:assert/strict";
import { test } from "node:test";

import { play, ready, stepTo, until, useBrowser, withPage, write } from "./lab.mjs";
import { counted, workDuring } from "./work.mjs";

useBrowser();

/** Nearly twice the most that was seen (4,308 calls, of curves). Curves whose points were all drawn, or three networks at once, would make more. */
const LIMITS = { calls: 8000, pixels: 1000, changes: 500 };

for (const [name, query, steps] of [
  ["digits", "?backend=cpu", 600],
  ["3,000 points in each curve", "?backend=cpu&train.steps=6000&train.eval_every=2", 5800],
  ["the plane with its surfaces", "?backend=cpu&preset=plane&teacher.steps=50", 300],
  ["the maps of dark knowledge", "?backend=cpu&view=knowledge", 600],
  ["steps taken apart", "?backend=cpu&view=step", 600],
  ["the networks, of images", "?backend=cpu&view=inside", 600],
  ["the networks, of the plane", "?backend=cpu&preset=plane&teacher.steps=300&view=inside", 300],
]) {
  test(`a frame has little to do while the page trains: ${name}`, (context) =>
    withPage(
      query,
      async (page) => {
        await ready(page);
        // The networks are read only while they are seen.
        if (query.includes("view=")) await page.getByRole("tabpanel").scrollIntoViewIfNeeded();
        // A panel is filled for the first time when the networks first answer, which is opening it, not training.
        await stepTo(page, 2);
        await page.evaluate(() => new Promise((done) => requestIdleCallback(done)));
        const { frames, engines, ...most } = await workDuring(page, async () => {
          await play(page);
          await until(page, "half of it", (now, half) => now.phase === "students" && now.step >= half, steps / 2);
          await write(page, "distill.temperature", "6");
          await until(page, "the steps", (now, all) => now.step >= all, steps);
        });
        context.diagnostic(`${frames} frames; at most ${JSON.stringify(most)}`);
        assert.ok(most.calls > 0 && most.changes > 0, "the page drew while it trained");
        assert.equal(engines, 0, "the engine is in the Worker alone");
        for (const [what, limit] of Object.entries(LIMITS)) assert.ok(most[what] <= limit, `${what} in a frame: ${most[what]}, at most ${limit} wanted`);
      },
      { prepare: counted },
    ));
}
