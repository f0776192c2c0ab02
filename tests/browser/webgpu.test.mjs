// WebGPU on Chromium's software adapter: self-test, training, and a device that is lost. A real GPU differs in speed and in its driver.
import assert from "node:assert/strict";
import { test } from "node:test";

import { atRest, pause, play, ready, text, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

/** Compiling the first kernels takes a software adapter tens of seconds. */
const COMPILING = 300_000;
// The smallest race there is: what is tested is the way through the GPU, not the learning.
const TINY = "?backend=webgpu&preset=plane&task.points=300&teacher.widths=8&teacher.steps=10&student.widths=8&train.batch_size=8&train.steps=60&train.eval_every=20";

test("the self-test passes, twenty steps are made, and a lost device costs nothing", { timeout: 4 * COMPILING }, () =>
  withPage(
    TINY,
    async (page) => {
      const started = await ready(page, COMPILING);
      assert.equal(started.backend, "webgpu", `instead of the GPU: ${started.cpuReason}`);
      assert.equal(started.selfTest.passed, true);
      assert.ok(started.selfTest.worst <= started.selfTest.limit);
      await page.locator("summary", { hasText: text("view.trust.passed", { backend: text("view.trust.backend.webgpu") }) }).waitFor();

      await play(page);
      await until(page, "twenty steps", (now) => now.phase === "students" && now.step >= 20, undefined, COMPILING);
      await pause(page);
      const before = await atRest(page);
      assert.ok(before.losses.every((loss) => Number.isFinite(loss.total)));

      await page.evaluate(() => window.__distillery.loseDevice());
      await until(page, "the loss is told", (now) => now.notices.includes("device_lost"));
      const after = await until(page, "the run is back", (now) => now.engine === "up" && now.notices.includes("notice.resumed"), undefined, COMPILING);
      assert.equal(after.backend, "webgpu");
      assert.equal(after.step, before.step);
      await play(page);
      await until(page, "it goes on", (now) => now.finished, undefined, COMPILING);
    },
    { expected: [/device/i] },
  ));

test("a device that is lost while the run plays: it is said in a sentence, and the run plays on to its end", { timeout: 4 * COMPILING }, () =>
  withPage(
    TINY.replace("train.steps=60", "train.steps=400"),
    async (page) => {
      await ready(page, COMPILING);
      await play(page);
      const before = await until(page, "forty steps of the students", (now) => now.phase === "students" && now.step >= 40, undefined, COMPILING);
      assert.equal(before.playing, true);
      await page.evaluate(() => window.__distillery.loseDevice());
      await until(page, "the loss is told", (now) => now.notices.includes("device_lost"));
      const said = await page.locator(".notice", { hasText: text("error.device_lost") }).locator(".said > p").innerText();
      assert.equal(said, text("error.device_lost"), "what the driver says stands behind it");
      // It goes on from a checkpoint if one was taken by then, and else begins again; either is told.
      const told = (now) => now.engine === "up" && ["notice.resumed", "notice.begun_again"].some((notice) => now.notices.includes(notice));
      const back = await until(page, "the run is back, and what became of it is told", told, undefined, COMPILING);
      assert.equal(back.backend, "webgpu");
      const end = await until(page, "it plays on by itself, to its end", (now) => now.finished, undefined, COMPILING);
      assert.equal(end.step, 400);
      assert.ok(end.points >= 400 / 20, `the curves are whole: ${end.points} points`);
    },
    { expected: [/device/i] },
  ));

// Some 90 s on two busy cores, most of it compiling kernels.
test("the default race runs to its verdict", { timeout: 4 * COMPILING }, () =>
  withPage("?backend=webgpu", async (page) => {
    const started = await ready(page, COMPILING);
    assert.equal(started.backend, "webgpu", `instead of the GPU: ${started.cpuReason}`);
    await play(page);
    const end = await until(page, "the end and its outcome", (now) => now.finished && now.outcome !== null, undefined, 3 * COMPILING);
    assert.equal(end.step, 1000);
    const { teacher, alone, distilled } = end.outcome;
    assert.ok(teacher > 0.96, `the shipped teacher is right on ${teacher}`);
    // The curves of another device are not the same to the last digit; what they come to is.
    assert.ok(distilled > alone, `distilled ${distilled}, alone ${alone}`);
    const helped = ["much_better", "better"].map((size) => text(`verdict.after.${size}`).split("{")[0]);
    await page.locator(".verdict", { hasText: new RegExp(helped.join("|")) }).waitFor();
  }));

test("without WebGPU the page says so and runs on the CPU", () =>
  withPage("", async (page) => {
    const now = await ready(page);
    // A browser whose only adapter computes on the CPU is better off with the CPU backend.
    assert.equal(now.backend, "cpu");
    assert.ok(["software_adapter", "no_adapter", "no_webgpu"].includes(now.cpuReason), now.cpuReason);
    await page.locator("summary", { hasText: text("view.trust.cpu") }).click();
    await page.getByText(text("view.trust.get_webgpu")).waitFor();
  }));
