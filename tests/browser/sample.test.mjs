// The example that the page begins with shows what the lessons and the words around it say: the teacher's second guess is what the student
// alone fell for, and what the distilled one was warned of.
import assert from "node:assert/strict";
import { test } from "node:test";

import { play, ready, text, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

const sample = (page) => page.getByRole("region", { name: text("view.sample.title") });
const share = (words) => parseFloat(words) / 100;

/** By role its shares, class by class, and what it answers. */
async function opinions(page) {
  const rows = await sample(page).locator("tbody tr").evaluateAll((list) => list.map((row) => [...row.querySelectorAll("td")].map((cell) => cell.innerText)));
  const answers = await sample(page).locator("tfoot tr").first().locator("td").allInnerTexts();
  return Object.fromEntries(["teacher", "alone", "distilled"].map((role, at) => [role, { shares: rows.map((row) => share(row[at])), answer: answers[at] }]));
}

async function run(page) {
  await ready(page);
  await play(page);
  await until(page, "the end", (now) => now.finished);
  // What stands there may be of the evaluation before: ask anew, by way of the row behind it.
  const row = sample(page).locator(".row p");
  const first = await row.innerText();
  await sample(page).getByRole("button", { name: text("view.sample.next") }).click();
  await page.waitForFunction((before) => document.querySelector("[role=tabpanel] .row p").innerText !== before, first);
  await sample(page).getByRole("button", { name: text("view.sample.previous") }).click();
  await page.waitForFunction((before) => document.querySelector("[role=tabpanel] .row p").innerText === before, first);
  return opinions(page);
}

for (const preset of ["first-light", "plane"]) {
  test(`the teacher's second guess is the mistake of the student alone: ${preset}`, () =>
    withPage(`?backend=cpu&preset=${preset}&view=sample`, async (page) => {
      const { teacher, alone, distilled } = await run(page);
      const label = await sample(page).locator("tbody tr").evaluateAll((list) => list.findIndex((row) => row.classList.contains("answer")));
      const [first, second] = teacher.shares.map((value, klass) => ({ value, klass })).sort((a, b) => b.value - a.value);
      assert.equal(first.klass, label);
      assert.ok(second.value >= 0.1, `its second guess is plausible: ${second.value}`);
      assert.equal(alone.shares.indexOf(Math.max(...alone.shares)), second.klass);
      assert.equal(distilled.shares.indexOf(Math.max(...distilled.shares)), label, "rerun www/src/recorded/examples.mjs when the default run is another one");
    }));
}

test("what the lesson on soft labels says is seen: one tall bar, then small ones beside it", () =>
  withPage("?backend=cpu&view=sample&distill.alpha=0&distill.temperature=0.5", async (page, open) => {
    const sharp = await run(page);
    assert.ok(Math.max(...sharp.teacher.shares) > 0.99);
    const other = await open("?backend=cpu&view=sample&distill.alpha=0&distill.temperature=4");
    const soft = await run(other);
    assert.ok(soft.teacher.shares.filter((value) => value > 0.02).length >= 4);
    assert.match(soft.distilled.answer, new RegExp(text("view.sample.right", { label: "" })));
    assert.match(sharp.distilled.answer, new RegExp(text("view.sample.wrong", { label: "" })));
  }));
