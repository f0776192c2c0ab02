// Before the engine is there the page shows the beginning of a recorded run, says so, and takes it away for the live one. How it ends it does
// not tell: that is the question above it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { button, play, ready, seriousFaults, state, text, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

const badge = (page, locale) => page.getByText(text("recorded.badge", {}, locale), { exact: true });
const chart = (page) => page.locator(".plot").first();

for (const locale of ["en", "ko"]) {
  test(`a recorded run is shown, marked as such, while the engine loads: ${locale}`, () =>
    withPage(`?backend=cpu&lang=${locale}`, async (page, open) => {
      // The page asks for it, and so may what keeps it for offline use: all wait for the same moment.
      let arrived;
      const arrival = new Promise((done) => (arrived = done));
      await page.context().route("**/*.wasm", (route) => arrival.then(() => route.continue()));
      const waiting = await open(`?backend=cpu&lang=${locale}`);
      await badge(waiting, locale).waitFor();
      assert.equal((await state(waiting)).engine, "loading");
      await waiting.getByText(text("recorded.note", { command: "distillery run first-light" }, locale)).waitFor();
      assert.match(await chart(waiting).getAttribute("aria-valuetext"), /200.*81\.6/, "its values can be read");
      await chart(waiting).press("End");
      assert.match(await chart(waiting).getAttribute("aria-valuetext"), /200/, "there is nothing beyond");
      const told = await waiting.locator("body").innerText();
      assert.equal(await button(waiting, "view.curves.csv", {}, locale).count(), 0, "it is not saved as if it were this visitor's");
      assert.deepEqual(await seriousFaults(waiting), []);

      arrived();
      await ready(waiting);
      await button(waiting, "transport.play", {}, locale).click();
      await until(waiting, "live points", (now) => now.points >= 2);
      await badge(waiting, locale).waitFor({ state: "detached" });
      await button(waiting, "view.curves.csv", {}, locale).waitFor();
      const { outcome } = await until(waiting, "the end", (now) => now.outcome !== null);
      for (const share of [outcome.alone, outcome.distilled]) assert.ok(!told.includes((100 * share).toFixed(1)), "the recorded run did not tell the end");
    }));
}

test("a guess is made before the run and judged after it", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    const guesses = page.getByRole("group", { name: text("guess.title") });
    await button(guesses, "guess.same").click();
    await button(guesses, "guess.distilled").click();
    assert.equal(await button(guesses, "guess.same").getAttribute("aria-pressed"), "false");
    await play(page);
    await until(page, "the end", (now) => now.finished);
    await page.getByText(text("guess.right", { guess: text("guess.distilled") })).waitFor();
    await button(page, "transport.reset").click();
    await guesses.waitFor();
    assert.equal(await guesses.locator("[aria-pressed=true]").count(), 0, "another run, another guess");
  }));

test("beneath a lesson there is no recorded run", () =>
  withPage("?backend=cpu&lesson=temperature", async (page) => {
    await ready(page);
    await page.locator(".plot").first().waitFor();
    assert.equal(await badge(page).count(), 0);
  }));

test("no recorded run stands for another experiment, or comes back after a live one", () =>
  withPage("?backend=cpu&distill.temperature=2", async (page, open) => {
    await ready(page);
    assert.equal(await badge(page).count(), 0);
    const other = await open("?backend=cpu");
    await ready(other);
    await badge(other).waitFor();
    await play(other);
    await until(other, "live points", (now) => now.points >= 2);
    await button(other, "transport.reset").click();
    await until(other, "the start", (now) => now.step === 0);
    assert.equal(await badge(other).count(), 0);
  }));
