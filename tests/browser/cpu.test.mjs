// Where the GPU cannot be used the page says so once, why, and what the visitor can do about it; and trains all the same.
import assert from "node:assert/strict";
import { test } from "node:test";

import { button, fits, ready, state, stepTo, text, useBrowser, withPage } from "./lab.mjs";

useBrowser();

/** What browsers without a usable GPU have in a Worker. */
const LACKS = {
  no_webgpu: `Object.defineProperty(WorkerNavigator.prototype, "gpu", { value: undefined });`,
  no_adapter: `Object.defineProperty(WorkerNavigator.prototype, "gpu", { value: { requestAdapter: () => Promise.resolve(null) } });`,
};
const AGENTS = {
  firefox_linux: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  safari_old: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
  ios_old: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
};

const note = (page, reason, locale) => page.getByText(text("cpu.note", { reason: text(`cpu.${reason}`, {}, locale) }, locale), { exact: true });

const box = (page) => page.locator(".note:has(> .said)");

/** Opens the page in a browser that lacks something. */
const without = (lack, query, act, options = {}) =>
  withPage(query, act, {
    prepare: (context) =>
      context.route(/worker-[^/]*\.js$/, async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, body: `${LACKS[lack]}\n${await response.text()}` });
      }),
    ...options,
  });

for (const [reason, agent, locale] of [
  ["no_webgpu", "firefox_linux", "en"],
  ["no_webgpu", "safari_old", "ko"],
  ["no_adapter", "ios_old", "en"],
]) {
  test(`${reason}: the note says why and how to get WebGPU (${agent}, ${locale}), until it is dismissed`, () =>
    without(
      reason,
      `?lang=${locale}`,
      async (page) => {
        const now = await ready(page);
        assert.deepEqual([now.backend, now.cpuReason, now.selfTest], ["cpu", reason, null]);
        await note(page, reason, locale).waitFor();
        await box(page).locator("details").getByText(text(`hint.${agent}`, {}, locale)).waitFor();
        const trust = page.locator("summary", { hasText: text("view.trust.cpu", {}, locale) });
        await trust.click();
        await page.getByText(text("view.trust.why_cpu", { reason: text(`cpu.${reason}`, {}, locale) }, locale)).waitFor();
        await page.keyboard.press("Escape");
        await box(page).getByRole("button", { name: text("action.dismiss", {}, locale) }).click();
        await note(page, reason, locale).waitFor({ state: "detached" });
        await stepTo(page, 1, locale);
        assert.deepEqual((await state(page)).notices, [], "it is no error");
      },
      { userAgent: AGENTS[agent] },
    ));
}

test("on a phone what to do about it is folded, and opens", () =>
  without(
    "no_webgpu",
    "",
    async (page) => {
      await ready(page);
      await note(page, "no_webgpu").waitFor();
      const hint = box(page).locator("details");
      assert.equal(await hint.getAttribute("open"), null);
      await hint.getByText(text("cpu.how")).click();
      await page.waitForFunction(() => document.querySelector(".note > .said details").open);
      await fits(page, "the note");
    },
    { userAgent: AGENTS.ios_old, viewport: { width: 360, height: 740 } },
  ));

test("an adapter that computes on the CPU is told without advice; a CPU that was asked for is not told", () =>
  withPage("", async (page, open) => {
    assert.equal((await ready(page)).cpuReason, "software_adapter", "this browser's only adapter is such a one");
    await note(page, "software_adapter").waitFor();
    assert.equal(await box(page).locator("details").count(), 0);
    const asked = await open("?backend=cpu");
    assert.equal((await ready(asked)).cpuReason, "asked");
    await button(asked, "transport.play").waitFor();
    assert.equal(await box(asked).count(), 0);
  }));

test("Escape closes the badge also right after it was opened: what lies below it can be pressed", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    const opened = await page.locator("summary", { hasText: text("view.trust.cpu") }).evaluate((summary) => {
      summary.click();
      const before = summary.parentElement.open;
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true }));
      return [before, summary.parentElement.open];
    });
    assert.deepEqual(opened, [true, false]);
  }));
