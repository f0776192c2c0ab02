// `node benches/main_thread.mjs [name …]`: what the page's main thread does while the built page starts, trains, shows its views and sweeps.
// Per case: the longest task in processor time and on the clock, how many tasks were over 50 ms on either, the share of one core that the thread
// takes, and frames: those drawn per second, and the longest wait for one. Clock and frames depend on what else the machine does: the training
// Worker alone takes a core. Nothing is asserted here; what a frame has to do at most is counted in tests/browser/calm.test.mjs.
import { tasksDuring } from "./tasks.mjs";
import { inBrowser, until } from "./browser.mjs";

const LIMIT_MS = 50;
const opened = (now) => now.engine === "up" && now.values !== null;
const finished = (now) => now.finished;
/** What is measured lasts from the moment that `from` holds, or from the first press of play, until `to` holds. */
const CASES = {
  "start": { query: "backend=cpu", begins: true, to: opened },
  "race": { query: "backend=cpu", to: finished },
  "10,000 points": { query: "backend=cpu&train.steps=20000&train.eval_every=2", from: (now) => now.step > 19_000, to: finished },
  "every view": { query: "backend=cpu&train.steps=20000", from: (now) => now.step > 100, act: visit },
  "every view, text": { query: "backend=cpu&preset=grammar&train.eval_every=20", from: (now) => now.step > 20, act: visit },
  "plane": { query: "backend=cpu&preset=plane&teacher.steps=50", to: (now) => now.phase !== "teacher" && now.step >= 300 },
  "dark knowledge": { query: "backend=cpu&view=knowledge", to: finished },
  "one step": { query: "backend=cpu&view=step", to: finished },
  "networks": { query: "backend=cpu&view=inside", to: finished },
  "networks, plane": { query: "backend=cpu&preset=plane&teacher.steps=300&view=inside", to: (now) => now.phase !== "teacher" && now.step >= 300 },
  "calibration": { query: "backend=cpu&view=calibration", to: finished },
  "text, written": { query: "backend=cpu&preset=gkd&view=writing&train.steps=120&train.eval_every=20", to: finished },
  "text, answers": { query: "backend=cpu&preset=grammar&view=answers&train.steps=120&train.eval_every=20", to: finished },
  "text, loss": { query: "backend=cpu&preset=gkd&view=loss&train.steps=120&train.eval_every=20", to: finished },
  "encoder": { query: "backend=cpu&preset=distilbert&view=writing&teacher.steps=60&train.steps=60&train.eval_every=20", to: finished },
  "sweep": { query: "backend=cpu&view=sweep&train.steps=200", act: sweep },
};
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in CASES));
if (unknown.length > 0) {
  console.error(`there is no case ${unknown.join(", ")}: ${Object.keys(CASES).join(", ")}`);
  process.exit(2);
}

/** Counts frames from now on. */
const watchFrames = (page) =>
  page.evaluate(() => {
    const frames = (window.__frames = { count: 0, longest: 0, last: performance.now() });
    const next = (now) => {
      frames.longest = Math.max(frames.longest, now - frames.last);
      frames.last = now;
      frames.count += 1;
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });

const columns = ([name, ...cells]) => console.log(name.padEnd(16) + cells.map((cell) => String(cell).padStart(13)).join(""));

/** Starts the sweep of the open panel and lets it run. */
async function sweep(page) {
  await page.locator("[role=tabpanel] button.primary").first().click();
  await page.waitForTimeout(15_000);
}

/** Opens every view while the run goes on, then the other language, the other colours and a lesson. */
async function visit(page) {
  const settle = () => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestIdleCallback(done))));
  for (const tab of await page.getByRole("tab").all()) {
    await tab.click();
    await settle();
  }
  await page.emulateMedia({ colorScheme: "dark" });
  await settle();
  await page.locator("button[lang=ko]").click();
  await settle();
  await page.locator("[data-tour=lessons] button").first().click();
  await settle();
}

await inBrowser("../www/dist", async (browser, address) => {
  columns(["", "tasks", "longest, CPU", "on the clock", `CPU > ${LIMIT_MS}`, `clock > ${LIMIT_MS}`, "busy", "frames/s", "longest wait"]);
  for (const [name, { query, begins, from, to, act }] of Object.entries(CASES)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, serviceWorkers: "block" });
    await context.addInitScript(() => localStorage.setItem("distillery-tour", "seen"));
    const page = await context.newPage();
    if (!begins) {
      await page.goto(`${address}?${query}`);
      await until(page, opened);
      await page.evaluate(() => document.fonts.ready);
      await page.evaluate(() => new Promise((done) => requestIdleCallback(done)));
      if (!act || act === visit) await page.keyboard.press("Space");
      if (from) await until(page, from);
    }
    let seconds = 0;
    const tasks = await tasksDuring(page, async () => {
      const start = performance.now();
      if (begins) await page.goto(`${address}?${query}`);
      await watchFrames(page);
      await act?.(page);
      if (to) await until(page, to);
      seconds = (performance.now() - start) / 1000;
    });
    const { count, longest } = await page.evaluate(() => window.__frames);
    const most = (clock) => Math.max(...tasks.map((task) => task[clock])).toFixed(1);
    const over = (clock) => tasks.filter((task) => task[clock] > LIMIT_MS).length;
    const busy = tasks.reduce((sum, { processor }) => sum + processor, 0) / (seconds * 1000);
    columns([name, tasks.length, most("processor"), most("clock"), over("processor"), over("clock"), `${(100 * busy).toFixed(0)}%`, (count / seconds).toFixed(0), longest.toFixed(0)]);
    await context.close();
  }
});
