// What is seen leaves the page: charts as pictures, measures as a table.
import assert from "node:assert/strict";
import { test } from "node:test";

import { button, curves, download, play, ready, text, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

for (const locale of ["en", "ko"]) {
  test(`charts are saved as SVG and PNG that say what they are: ${locale}`, () =>
    withPage(`?backend=cpu&lang=${locale}&student.widths=20`, async (page) => {
      await ready(page);
      await button(page, "transport.play", {}, locale).click();
      await until(page, "some points", (now) => now.points >= 4);
      await button(page, "transport.pause", {}, locale).click();
      const save = async (chart, kind) => {
        const name = text("picture.save", { chart: text(chart, {}, locale), kind }, locale);
        const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name, exact: true }).click()]);
        const chunks = [];
        for await (const chunk of await file.createReadStream()) chunks.push(chunk);
        return { name: file.suggestedFilename(), buffer: Buffer.concat(chunks) };
      };
      for (const chart of ["view.curves.accuracy", "view.curves.loss", "view.curves.agreement"]) {
        const { name, buffer } = await save(chart, "SVG");
        assert.match(name, /^first-light-[a-z]+\.svg$/);
        const seen = await page.evaluate((source) => {
          const root = new DOMParser().parseFromString(source, "image/svg+xml");
          if (root.querySelector("parsererror") !== null) return null;
          const lines = [...root.querySelectorAll("g path")].map((path) => path.getAttribute("d").split("L").length);
          return { words: [...root.querySelectorAll("text")].map((element) => element.textContent), lines };
        }, buffer.toString());
        assert.ok(seen, "it is well-formed");
        for (const word of [text("view.curves.step", {}, locale), text(chart, {}, locale), "distillery run first-light --set student.widths=20"]) assert.ok(seen.words.includes(word), word);
        assert.ok(seen.words.some((word) => word.startsWith(text("view.role.distilled", {}, locale))), "the legend");
        assert.ok(seen.lines.every((points) => points >= 3), `lines of ${seen.lines} points`);
      }
      const { name, buffer } = await save("view.curves.accuracy", "PNG");
      assert.equal(name, "first-light-accuracy.png");
      assert.equal(buffer.toString("latin1", 1, 4), "PNG");
      assert.equal(buffer.readUInt32BE(16), 1920, "twice as fine as a screen");
    }));
}

test("the CSV and the table behind a chart say what the chart says", () =>
  withPage("?backend=cpu", async (page) => {
    await ready(page);
    await play(page);
    const { networks } = await until(page, "the end", (now) => now.finished && now.networks.every(({ step, role }) => role === "teacher" || step === 1000));
    const distilled = networks.find(({ role }) => role === "distilled").accuracy;
    assert.equal((await curves(page))("distilled_accuracy", 1000), distilled);
    assert.match((await download(page, "view.curves.csv")).name, /\.csv$/);
    await page.getByText(text("view.curves.table", { chart: text("view.curves.accuracy") })).click();
    const last = page.getByRole("region", { name: text("view.curves.table", { chart: text("view.curves.accuracy") }) }).getByRole("row").last();
    assert.match(await last.innerText(), new RegExp(`1,000.*${(distilled * 100).toFixed(1)}%`, "s"));
  }));
