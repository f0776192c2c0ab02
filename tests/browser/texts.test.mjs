// A run over text: presets of language run, what they write is shown with its probabilities, and what looks at classes is not offered.
import assert from "node:assert/strict";
import { test } from "node:test";

import { AxeBuilder, button, curves, download, eventually, knob, play, ready, state, text, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

/** Small enough for a run of seconds. */
const TINY = "teacher.source=live&teacher.steps=10&train.steps=20&train.eval_every=10&text.sft_steps=5&text.samples=16&teacher.dim=16&teacher.layers=1&teacher.heads=2&student.dim=16";
const panel = (page) => page.getByRole("tabpanel");
const tab = (page, id) => page.getByRole("tab", { name: text(`closer.${id}`), exact: true });
const over = (page) => until(page, "the end is drawn", (now) => now.finished && now.outcome !== null);
const percent = (share) => `${(100 * share).toFixed(1)}%`;

async function noViolations(page) {
  const { violations } = await new AxeBuilder({ page }).include("main").analyze();
  assert.deepEqual(violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id, nodes }) => [id, nodes[0].failureSummary]), []);
}

test("a language preset is chosen among the presets, with knobs and views of its own", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    const groups = await page.locator("#preset optgroup").evaluateAll((all) => all.map(({ label }) => label));
    assert.deepEqual(groups, ["images", "points", "language"].map((name) => text(`panel.presets.${name}`)));
    await page.locator("#preset").selectOption("grammar-reverse");
    await until(page, "the preset is open", (now) => now.values?.["task.name"] === "grammar" && now.values["distill.divergence"] === "reverse_kl");
    assert.equal((await state(page)).values["teacher.source"], "pretrained", "its teacher was fetched");
    assert.equal(await knob(page, "task.labels_per_class").count(), 0, "knobs of classes are not shown");
    assert.equal(await knob(page, "text.method").count(), 1);
    assert.deepEqual(await page.getByRole("tab").allInnerTexts(), ["writing", "loss", "answers", "length", "direction"].map((id) => text(`closer.${id}`)));
  }));

test("what the student may not see of its teacher's texts is hatched", () =>
  withPage(`?preset=seq-kd&backend=cpu&view=writing&${TINY}`, async (page) => {
    await ready(page);
    await play(page);
    await over(page);
    const teacher = panel(page).getByRole("article", { name: text("view.role.teacher"), exact: true });
    const hidden = () => teacher.locator(".hatched").count();
    await teacher.locator(".hatched").first().waitFor();
    const { tokens, hatched } = await teacher.evaluate((article) => ({ tokens: article.querySelectorAll("button").length, hatched: article.querySelectorAll(".hatched").length }));
    assert.equal(hatched, tokens + 1, "each of its tokens, and the share of what is right");
    assert.doesNotMatch(await teacher.innerText(), /%/);
    assert.match(await panel(page).getByRole("article", { name: text("view.role.distilled"), exact: true }).innerText(), /%/);
    await panel(page).getByRole("radio", { name: text("access.sight.side.teacher"), exact: true }).check();
    await teacher.getByText("%").first().waitFor();
    assert.equal(await hidden(), 0);
    await panel(page).getByRole("radio", { name: text("access.sight.side.student"), exact: true }).check();
    await tab(page, "answers").click();
    await panel(page).locator(".hatched").first().waitFor();
    const answers = await panel(page).locator("tbody").count();
    assert.equal(await panel(page).locator(".hatched").count(), answers, "one of each answer, and the void");
    await noViolations(page);
  }));

test("the run says how much is right, draws it and saves it", () =>
  withPage(`?preset=grammar&backend=cpu&${TINY}`, async (page) => {
    await ready(page);
    await play(page);
    const now = await over(page);
    const [alone, distilled] = ["alone", "distilled"].map((role) => now.networks.find((network) => network.role === role));
    const [beginning] = text("verdict.answers.after.same").split("{");
    await page.locator(".verdict", { hasText: beginning }).getByText(percent(distilled.accuracy), { exact: false }).first().waitFor();
    assert.equal(await page.getByRole("heading", { name: text("view.curves.accuracy.probability") }).count(), 1);
    for (const metric of ["coverage", "length", "reverse_kl", "yes_no_ece"]) assert.ok((await button(page, `view.curves.${metric}`).count()) > 0, metric);
    const at = await curves(page);
    assert.ok(Math.abs(at("alone_coverage", 20) - alone.text.coverage) < 1e-9);
    assert.ok(Math.abs(at("distilled_validity", 20) - distilled.accuracy) < 1e-9);
    assert.ok(Math.abs(at("distilled_excess", 20) - distilled.text.excess.at(-1) / 100) < 1e-9);
    await noViolations(page);
  }));

test("what they write: tokens with their probabilities, and what else might have come", () =>
  withPage(`?preset=grammar&backend=cpu&${TINY}`, async (page) => {
    await ready(page);
    await play(page);
    await over(page);
    const writers = panel(page).locator("article");
    await writers.nth(2).waitFor();
    const strip = panel(page).getByRole("toolbar", { name: text("writing.strip", { role: text("view.role.distilled") }) });
    const first = strip.getByRole("button").first();
    await first.click();
    assert.equal(await first.getAttribute("aria-current"), "true");
    const detail = writers.nth(2).locator(".detail");
    // In one look: the last writing of the run may come in between.
    await eventually(page, "the detail is of the token that was chosen", () => {
      const writer = document.querySelectorAll("article")[2];
      const [token] = writer.querySelector("[role=toolbar] button").getAttribute("aria-label").split(":");
      return writer.querySelector(".detail").innerText.startsWith(token);
    });
    assert.equal(await detail.locator(".other").count(), 4);
    if ((await strip.getByRole("button").count()) > 1) {
      await page.keyboard.press("ArrowRight");
      assert.equal(await strip.getByRole("button").nth(1).getAttribute("aria-current"), "true", "arrows go from token to token");
    }
    assert.match(await writers.nth(0).locator(".said").innerText(), new RegExp(`${text("writing.right")}|${text("writing.void")}`));
    assert.ok((await panel(page).locator(".before li").count()) > 0, "what was written before is there");
    const prompt = panel(page).locator(".prompt strong");
    const before = await prompt.innerText();
    await button(panel(page), "view.sample.next").click();
    await panel(page).getByText(text("writing.prompt", { number: 2, count: 140 })).waitFor();
    assert.notEqual(await prompt.innerText(), before);
    await noViolations(page);
  }));

test("the loss of a method stands with its formula and the numbers of the last step", () =>
  withPage(`?preset=minillm&backend=cpu&view=loss&${TINY}`, async (page) => {
    await ready(page);
    await play(page);
    const { losses } = await over(page);
    const { soft, hard, total } = losses.find(({ role }) => role === "distilled");
    assert.ok(Math.abs(soft + hard - total) < 1e-5, "the formula's weights are those of the preset, both 1");
    const short = (value) => new Intl.NumberFormat("en", { maximumSignificantDigits: 3 }).format(value);
    for (const value of [soft, hard, total]) await panel(page).getByText(short(value)).first().waitFor();
    assert.equal(await panel(page).getByText(text("view.formula.last")).count(), 1, "which kind of step the last one was");
    await panel(page).locator("math").first().waitFor({ state: "attached" });
    await knob(page, "text.single_step").locator("input").click();
    await panel(page).getByText(text("view.formula.text.single.does")).waitFor({ state: "detached" });
    await noViolations(page);
  }));

test("which answers it keeps: the true probabilities add up to one, with the void the others too", () =>
  withPage(`?preset=grammar&backend=cpu&view=answers&${TINY}`, async (page) => {
    await ready(page);
    const cells = panel(page).locator("table .track span");
    await cells.first().waitFor();
    const shares = (await cells.allInnerTexts()).map((share) => Number.parseFloat(share));
    for (const column of [0, 1, 2, 3]) {
      const sum = shares.filter((_, index) => index % 4 === column).reduce((all, share) => all + share, 0);
      assert.ok(Math.abs(sum - 100) < 4, `column ${column} adds up to ${sum} %`);
    }
    await panel(page).getByRole("button", { name: text("view.divergence.reverse_kl"), exact: true }).click();
    await until(page, "the divergence is turned", (now) => now.values["distill.divergence"] === "reverse_kl");
    await noViolations(page);
  }));

test("the error against length is read by key and stands in a table", () =>
  withPage(`?preset=grammar&backend=cpu&view=length&${TINY}`, async (page) => {
    await ready(page);
    await play(page);
    const now = await over(page);
    const { excess } = now.networks.find(({ role }) => role === "distilled").text;
    const chart = page.getByRole("slider", { name: text("length.read") });
    await chart.focus();
    await page.keyboard.press("Home");
    assert.match(await chart.getAttribute("aria-valuetext"), new RegExp(text("length.at", { tokens: 1 })));
    await panel(page).locator("summary", { hasText: text("length.table") }).click();
    await panel(page).locator("details tbody tr").first().waitFor();
    assert.equal(await panel(page).locator("details tbody tr").count(), excess.length);
    await noViolations(page);
  }));

test("a link to a view of the other kind opens what there is, and says so", () =>
  withPage(`?preset=grammar&backend=cpu&view=knowledge&${TINY}`, async (page, open) => {
    await ready(page);
    await panel(page).getByText(text("closer.not_for_text", { panel: text("closer.knowledge") })).waitFor();
    const other = await open("?backend=cpu&view=answers");
    await ready(other);
    await panel(other).getByText(text("closer.only_for_text", { panel: text("closer.answers") })).waitFor();
  }));

test("a checkpoint of a text run goes on where it was", () =>
  withPage(`?preset=grammar&backend=cpu&${TINY}`, async (page, open) => {
    await ready(page);
    await play(page);
    const before = await over(page);
    const { name, buffer } = await download(page, "share.checkpoint");
    const other = await open("?backend=cpu");
    await ready(other);
    await other.locator("input[type=file]").setInputFiles({ name, mimeType: "application/octet-stream", buffer });
    await until(other, "the run is there", (now) => now.values?.["task.name"] === "grammar" && now.networks.length === 3);
    const after = await state(other);
    assert.deepEqual(after.networks.map(({ accuracy }) => accuracy), before.networks.map(({ accuracy }) => accuracy));
  }));
