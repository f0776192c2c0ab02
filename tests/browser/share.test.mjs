// What leaves the page by the clipboard: a link that opens the same experiment, and the command that repeats it natively.
import assert from "node:assert/strict";
import { test } from "node:test";

import { button, ready, state, stepTo, text, until, useBrowser, withPage, write } from "./lab.mjs";

useBrowser();

const ALLOWED = { permissions: ["clipboard-read", "clipboard-write"] };
const copied = (page) => page.evaluate(() => navigator.clipboard.readText());

test("the copied link opens the same experiment in another tab, with its panel and language", () =>
  withPage(
    "?backend=cpu&preset=narrow-student&lang=ko&view=knowledge",
    async (page, open) => {
      await ready(page);
      await write(page, "distill.temperature", "9");
      await write(page, "student.widths", "12,10");
      await until(page, "it is open", (now) => now.values["student.widths"] === "12,10" && Number(now.values["distill.temperature"]) === 9);
      // At once: the address of the page may be some moments behind.
      await button(page, "share.link", {}, "ko").click();
      await until(page, "it is told", (now) => now.notices.includes("notice.link_copied"));
      const link = new URL(await copied(page));
      assert.equal(link.origin + link.pathname, new URL(page.url()).origin + new URL(page.url()).pathname);
      const { values } = await state(page);
      const other = await open(link.search);
      assert.deepEqual((await ready(other)).values, values);
      assert.equal(await other.locator("html").getAttribute("lang"), "ko");
      assert.equal(await other.getByRole("tab", { selected: true }).innerText(), text("closer.knowledge", {}, "ko"));
    },
    ALLOWED,
  ));

test("the copied command names the preset and what differs, also a knob that was turned on the way", () =>
  withPage(
    "?backend=cpu",
    async (page) => {
      const copy = async (expected) => {
        await button(page, "share.command").click();
        await until(page, "it is told", (now) => now.notices.includes("notice.command_copied"));
        assert.equal(await copied(page), expected);
        await page.locator("pre code").getByText(expected, { exact: true }).waitFor();
        // So that the next one is told anew.
        await page.locator(".notice").getByRole("button", { name: text("action.dismiss") }).click();
      };
      await ready(page);
      await copy("distillery run first-light");
      await write(page, "distill.temperature", "9");
      await write(page, "student.widths", "12,10");
      await until(page, "it is open", (now) => now.values["student.widths"] === "12,10" && Number(now.values["distill.temperature"]) === 9);
      await copy("distillery run first-light --set student.widths=12,10 --set distill.temperature=9");
      await stepTo(page, 1);
      await write(page, "distill.alpha", "0.4");
      await until(page, "it is turned", (now) => Number(now.values["distill.alpha"]) === 0.4);
      await copy("distillery run first-light --set student.widths=12,10 --set distill.temperature=9 --set distill.alpha=0.4");
    },
    ALLOWED,
  ));

for (const [why, refuse] of [
  ["refuses", () => (Clipboard.prototype.writeText = () => Promise.reject(new DOMException("no", "NotAllowedError")))],
  ["has none to write to", () => Object.defineProperty(navigator, "clipboard", { value: undefined })],
]) {
  test(`where the browser ${why}, what was to be copied is shown, to be copied by hand`, () =>
    withPage("?backend=cpu&distill.temperature=9", async (page) => {
      await ready(page);
      await button(page, "share.command").click();
      const told = page.locator(".notice");
      await told.getByText(text("error.no_clipboard", { value: "distillery run first-light --set distill.temperature=9" }), { exact: true }).waitFor();
      await button(page, "share.link").click();
      await told.getByText(/distill\.temperature=9\b.*backend=cpu/).waitFor();
      assert.equal(await told.count(), 1, "the newer one takes the place");
      assert.deepEqual((await state(page)).notices, ["no_clipboard"]);
    }, { prepare: (context) => context.addInitScript(refuse) }));
}
