// Every view of every kind of run, where it is hardest: narrow, dark and Korean, and in the large type of a projector.
import assert from "node:assert/strict";
import { test } from "node:test";

import { button, fits, ready, seriousFaults, settled, stepTo, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

const WINDOWS = [
  { name: "360 px, dark", locale: "ko", query: "", options: { viewport: { width: 360, height: 740 }, colorScheme: "dark" } },
  { name: "large type, light", locale: "en", query: "&large=1", options: { viewport: { width: 1280, height: 800 }, colorScheme: "light" } },
];

for (const { name, locale, query, options } of WINDOWS) {
  for (const preset of ["first-light", "plane", "grammar", "distilbert"]) {
    test(`every view fits and axe finds nothing serious in it: ${preset}, ${name}, ${locale}`, { timeout: 300_000 }, () =>
      withPage(
        `?backend=cpu&preset=${preset}&teacher.steps=10&lang=${locale}${query}`,
        async (page) => {
          await ready(page);
          await stepTo(page, 1, locale);
          const tabs = page.getByRole("tab");
          for (let index = 0; index < (await tabs.count()); index += 1) {
            await tabs.nth(index).click();
            const what = await tabs.nth(index).innerText();
            await until(page, `${what} is open`, (_, at) => document.querySelectorAll("[role=tab]")[at].ariaSelected === "true" && document.querySelector("[role=tabpanel]").childElementCount > 0, index);
            await settled(page);
            await fits(page, what);
            assert.deepEqual({ [what]: await seriousFaults(page, "[role=tabpanel]") }, { [what]: [] });
          }
        },
        options,
      ));
  }
}

test("a measure that is chosen before the chart of the last one is drawn throws nothing", () =>
  withPage("?backend=cpu&preset=first-light", async (page) => {
    await ready(page);
    await stepTo(page, 1);
    const [training, loss] = await Promise.all(["training", "loss"].map((metric) => button(page, `view.curves.choice.${metric}`).elementHandle()));
    // The chart of the training loss is built in the microtask of the first press, and uPlot draws it in one after that of the second.
    await page.evaluate(
      ([training, loss]) => {
        training.click();
        queueMicrotask(() => loss.click());
      },
      [training, loss],
    );
    assert.equal(await loss.getAttribute("aria-pressed"), "true");
    await settled(page);
  }));
