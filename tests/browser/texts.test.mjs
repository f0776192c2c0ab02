// A run over text: presets of language run, what they write is shown with its probabilities, and what looks at classes is not offered.
import assert from "node:assert/strict";
import { test } from "node:test";

import { button, curves, download, eventually, knob, play, ready, seriousFaults, state, text, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

/** Small enough for a run of seconds. */
const TINY = "teacher.source=live&teacher.steps=10&train.steps=20&train.eval_every=10&text.sft_steps=5&text.samples=16&teacher.dim=16&teacher.layers=1&teacher.heads=2&student.dim=16";
const panel = (page) => page.getByRole("tabpanel");
const tab = (page, id) => page.getByRole("tab", { name: text(`closer.${id}`), exact: true });
const over = (page) => until(page, "the end is drawn", (now) => now.finished && now.outcome !== null);
const percent = (share) => `${(100 * share).toFixed(1)}%`;

async function noViolations(page) {
  assert.deepEqual(await seriousFaults(page, "main"), []);
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
    assert.deepEqual(await page.getByRole("tab").allInnerTexts(), ["writing", "loss", "answers", "length", "calibration", "access", "direction", "sweep"].map((id) => text(`closer.${id}`)));
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
    assert.equal(distilled.text.excess_at, 9, "the mean length of the grammar's answers");
    assert.ok(Math.abs(at("distilled_excess", 20) - distilled.text.excess[8] / 100) < 1e-9);
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

test("what they wrote at an earlier moment is looked at by slider and by row, and what comes after is followed again", () =>
  withPage(`?preset=grammar&backend=cpu&${TINY}`, async (page) => {
    await ready(page);
    await play(page);
    await over(page);
    const rows = panel(page).locator(".before li");
    const slider = panel(page).getByRole("slider", { name: text("writing.moment") });
    const step = (at) => text("view.curves.at_step", { step: at });
    await rows.nth(0).getByRole("button", { name: step(20), exact: true }).waitFor();
    const names = await rows.getByRole("button").allInnerTexts();
    // Which steps are read depends on how fast the engine is.
    const first = names.findLastIndex((name) => name === step(Number(name.match(/\d+$/)[0])));
    assert.ok(first > 0, `an earlier moment of the students is among ${names}`);
    const strip = () => panel(page).locator("article").nth(2).locator("[role=toolbar] .text").allInnerTexts();
    const trace = async (row) => (await rows.nth(row).locator(".distilled .token").allInnerTexts()).map((word) => word.trim());
    /** The strip without what ends the text, which a row leaves out. */
    const words = async () => (await strip()).filter((word) => word !== text("writing.end"));
    const newest = await strip();
    assert.deepEqual(await words(), await trace(0), "at first the newest moment is shown");
    await rows.nth(first).getByRole("button").click();
    assert.equal(await slider.inputValue(), String(names.length - 1 - first));
    assert.deepEqual(await words(), await trace(first), "the strip is what the row says in short");
    assert.equal(await slider.getAttribute("aria-valuetext"), names[first]);
    await slider.focus();
    await page.keyboard.press("End");
    assert.deepEqual(await strip(), newest);
    assert.equal(await rows.nth(0).getByRole("button").getAttribute("aria-pressed"), "true");
    await noViolations(page);
  }));

test("calibration of next tokens: each network's diagram is that of its last evaluation", () =>
  withPage(`?preset=grammar&backend=cpu&view=calibration&${TINY}`, async (page) => {
    await ready(page);
    await play(page);
    const now = await over(page);
    for (const { role, ece, text: measures } of now.networks) {
      const figure = panel(page).locator("figure", { hasText: text(`view.role.${role}`) });
      await figure.getByText(text("calibration.ece", { ece: percent(ece) })).first().waitFor();
      assert.ok((await figure.locator("p").innerText()).includes(text("calibration.what.tokens")));
      await panel(page).getByText(text("calibration.yes_no.of", { role: text(`view.role.${role}`), ece: percent(measures.yes_no_ece) })).waitFor();
    }
    await noViolations(page);
  }));

test("MiniLLM is swept over its pieces: a row for each, with the measures of the paper, and a row opens its run", () =>
  withPage(`?preset=minillm&backend=cpu&view=sweep&${TINY}`, async (page) => {
    await ready(page);
    await panel(page).getByRole("checkbox").uncheck();
    await button(page, "sweep.start").click();
    await button(page, "sweep.start").waitFor();
    const head = await panel(page).locator("thead th").allInnerTexts();
    for (const name of ["view.curves.accuracy.probability", "view.curves.coverage", "view.curves.length", "view.curves.excess", "view.curves.ece"]) assert.ok(head.includes(text(name, { tokens: 9 })), `${text(name, { tokens: 9 })} in ${head}`);
    const rows = panel(page).locator("tbody tr");
    assert.deepEqual(await rows.locator("th").allInnerTexts(), ["whole", "single_step", "teacher_mix", "length_norm"].map((piece) => text(`sweep.ablation.${piece}`)));
    const whole = await rows.nth(0).locator("td").nth(1).innerText();
    await rows.nth(2).getByRole("button").click();
    const opened = await until(page, "the run of the row is over", (now) => now.finished && now.outcome !== null && Number(now.values["text.teacher_mix"]) === 0);
    assert.equal(opened.values["text.single_step"], "true");
    const distilled = opened.networks.find(({ role }) => role === "distilled");
    const shown = await rows.nth(2).locator("td").nth(1).innerText();
    assert.ok(shown.startsWith(percent(distilled.accuracy)), `${percent(distilled.accuracy)} in the race, ${shown} in the table, ${whole} of the whole method`);
    await noViolations(page);
  }));

test("a door to the teacher is chosen with the method that goes through it, and all doors are a sweep", () =>
  withPage(`?preset=grammar&backend=cpu&view=access&${TINY}`, async (page) => {
    await ready(page);
    const hidden = () => panel(page).locator("table").getByText(text("access.hidden")).count();
    await panel(page).locator("table").waitFor();
    assert.equal(await hidden(), 0, "all probabilities are told");
    await panel(page).getByRole("radio", { name: new RegExp(text("access.text.top_k.who")) }).check();
    await until(page, "the engine has it", (now) => now.values["distill.access"] === "top_k");
    assert.equal(await hidden(), 3, "three of the five likeliest are told, and none of the rest");
    await noViolations(page);
    await panel(page).getByRole("radio", { name: new RegExp(text("access.text.samples.who")) }).check();
    await until(page, "the method that needs no more is wanted", (now) => now.wanted["text.method"] === "seq_kd" && now.wanted["distill.access"] === "labels");
    await button(panel(page), "access.text.sweep").click();
    await page.waitForFunction((name) => document.activeElement.matches("[role=tab]") && document.activeElement.textContent === name, text("closer.sweep"));
    const sides = panel(page).locator("select");
    assert.equal(await sides.nth(0).inputValue(), "door");
    await panel(page).getByText(text("sweep.planned", { runs: 5, steps: 400 })).waitFor();
  }));

test("a map over the temperatures of sampling and of distillation shows any measure", () =>
  withPage(`?preset=gkd&backend=cpu&view=sweep&${TINY}`, async (page) => {
    await ready(page);
    assert.deepEqual(await panel(page).locator(".form .field:not(:last-child) select").evaluateAll((all) => all.map(({ value }) => value)), ["text.sampling_temperature", "distill.temperature"]);
    const knobs = { "text.sampling_temperature": "0.5 1.5", "distill.temperature": "1 3" };
    for (const [key, values] of Object.entries(knobs)) await panel(page).getByRole("textbox", { name: text("sweep.values", { knob: text(`knob.${key}`) }), exact: true }).fill(values);
    await panel(page).getByRole("checkbox").uncheck();
    await button(page, "sweep.start").click();
    await button(page, "sweep.start").waitFor();
    const cells = panel(page).getByRole("gridcell").getByRole("button");
    await panel(page).getByLabel(text("sweep.shown"), { exact: true }).selectOption("length");
    assert.equal(await panel(page).getByRole("grid").getAttribute("aria-label"), text("sweep.map.of", { measure: text("view.curves.length") }));
    const lengths = (await cells.allInnerTexts()).map(Number);
    assert.ok(lengths.length === 4 && lengths.every((length) => length > 0), `tokens in each cell: ${lengths}`);
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
