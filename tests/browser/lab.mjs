// The built page in a real browser. Every page that a test opens is watched: a request to another origin, an exception or an error on the
// console fails the test at its end, whatever else it looked at.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";

import { serve } from "../../www/serve.mjs";
import { launch, need } from "./launch.mjs";

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const { AxeBuilder } = need("@axe-core/playwright");

export const PRESETS = JSON.parse(readFileSync(at("www/src/engine/generated/presets.json"), "utf8")).map(({ id }) => id);
export const reference = (name) => JSON.parse(readFileSync(at(`tests/reference/${name}`), "utf8"));

/** The texts of a language, as the page has them: tests name what they look for by key, so that a better wording breaks none. */
function catalogue(locale) {
  const folder = at(`www/src/i18n/${locale}`);
  const files = readdirSync(folder).map((name) => JSON.parse(readFileSync(`${folder}/${name}`, "utf8")));
  return Object.assign({}, ...files);
}
export const TEXTS = { en: catalogue("en"), ko: catalogue("ko") };

export function text(key, params = {}, locale = "en") {
  assert.ok(key in TEXTS[locale], `the ${locale} catalogue has no "${key}"`);
  // A word joiner keeps a Korean particle on its line (`joined` in www/src/i18n/particle.ts).
  return TEXTS[locale][key].replace(/\{(\w+)\}/g, (whole, name) => params[name] ?? whole).replace(/([)\]%])(?=[가-힣])/g, "$1\u2060");
}

/** A page may be put anywhere on a host: the tests run it below this path. */
const SUB_PATH = "/some/where/";

/** Long enough for a machine that compiles something else at the same time; a page that works needs seconds. */
export const PATIENCE = 120_000;

let browser;
let servers = [];
let origin;

async function behindSubPath(folder) {
  const inner = await serve(folder, 0);
  const innerPort = inner.address().port;
  const outer = createServer(async (request, response) => {
    if (!request.url.startsWith(SUB_PATH)) return response.writeHead(404).end();
    const found = await fetch(`http://127.0.0.1:${innerPort}/${request.url.slice(SUB_PATH.length)}`);
    const body = Buffer.from(await found.arrayBuffer());
    response.writeHead(found.status, { "content-type": found.headers.get("content-type") ?? "text/plain" }).end(body);
  });
  await new Promise((done) => outer.listen(0, "127.0.0.1", done));
  servers = [inner, outer];
  return `http://127.0.0.1:${outer.address().port}`;
}

/** Starts server and browser for the tests of a file. */
export function useBrowser() {
  before(async () => {
    origin = await behindSubPath(at("www/dist"));
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    for (const server of servers) server.close();
  });
}

/** What the console may say: Chromium on its own account, and what a test provokes. */
const HARMLESS = [/Service Worker registration blocked by Playwright/, /WebGPU is experimental/, /powerPreference option is currently ignored/];

/**
 * A page of its own, with empty storage, from `site` or else the server of the tests. `expected` are console errors that the test provokes,
 * `prepare` makes the browser another one before any page is opened.
 */
export async function withPage(query, act, { expected = [], firstVisit = false, prepare = () => undefined, site = `${origin}${SUB_PATH}`, ...options } = {}) {
  // Keeping the page for offline use would load the engine twice in every test.
  const defaults = { viewport: { width: 1280, height: 900 }, locale: "en-US", acceptDownloads: true, serviceWorkers: "block" };
  const context = await browser.newContext({ ...defaults, ...options });
  context.setDefaultTimeout(PATIENCE);
  if (!firstVisit) await context.addInitScript(() => localStorage.setItem("distillery-tour", "seen"));
  await prepare(context);
  const wrong = [];
  context.on("request", (request) => {
    if (!request.url().startsWith(new URL(site).origin) && !/^(blob|data):/.test(request.url())) wrong.push(`request to ${request.url()}`);
  });
  const open = async (search) => {
    const page = await context.newPage();
    page.on("pageerror", (error) => wrong.push(`exception: ${error.stack}`));
    page.on("console", (message) => {
      const said = message.text();
      if (message.type() === "error" && ![...HARMLESS, ...expected].some((known) => known.test(said))) wrong.push(`console: ${said}`);
    });
    await page.goto(`${site}${search}`);
    return page;
  };
  try {
    await act(await open(query), open);
    assert.deepEqual(wrong, []);
  } catch (error) {
    // What the page complained of is mostly why the test failed.
    error.message += wrong.length > 0 ? `\nthe page said: ${wrong.join("; ")}` : "";
    throw error;
  } finally {
    await context.close();
  }
}

/** Where the page stands. Step, phase and points are what it knows, losses and networks what it has drawn: a few frames older while it runs. */
export const state = (page) => page.evaluate(() => window.__distillery.state());

/** Waits until `test(state, argument)` holds in the page; on failure says what the state was. */
export async function until(page, what, test, argument, timeout = PATIENCE) {
  try {
    await page.waitForFunction(
      ([source, value]) => {
        const now = window.__distillery?.state();
        return now !== undefined && Boolean(new Function("now", "value", `return (${source})(now, value)`)(now, value));
      },
      [test.toString(), argument],
      { timeout, polling: 50 },
    );
  } catch (error) {
    const now = await state(page).catch(() => "unknown");
    throw new Error(`waited in vain: ${what}\nstate: ${JSON.stringify(now)}`, { cause: error });
  }
  return state(page);
}

/** Waits until a run is open and says where it stands. */
export const ready = (page, timeout) => until(page, "a run is open", (now) => now.engine === "up" && now.values !== null, undefined, timeout);

export const button = (page, key, params, locale) => page.getByRole("button", { name: text(key, params, locale), exact: true });
export const play = (page) => button(page, "transport.play").click();
export const pause = (page) => button(page, "transport.pause").click();

/** The row of a knob in the panel. */
export const knob = (page, key) => page.locator(`[id="knob-${key}"]`);

/** Writes a number or widths into the box of a knob, as a person does. */
export async function write(page, key, value) {
  const box = knob(page, key).locator("input[type=text]");
  await box.fill(value);
  await box.press("Tab");
}

/** Makes single steps until the run stands at `step`. */
export async function stepTo(page, step, locale) {
  for (;;) {
    const now = await state(page);
    if (now.step >= step) return now;
    await button(page, "transport.step", {}, locale).click();
    const next = await until(page, `step ${now.step + 1} is made`, (after, before) => after.step > before, now.step);
    assert.equal(next.step, now.step + 1);
  }
}

export async function download(page, key) {
  const [file] = await Promise.all([page.waitForEvent("download"), button(page, key).click()]);
  return { name: file.suggestedFilename(), buffer: await readFile(await file.path()) };
}

/** The curves as the page saves them: per column of the CSV its value at a step. */
export async function curves(page) {
  const { buffer } = await download(page, "view.curves.csv");
  const [header, ...rows] = buffer.toString().trimEnd().split("\n").map((line) => line.split(","));
  return (column, step) => Number(rows.find(([at]) => Number(at) === step)[header.indexOf(column)]);
}

/** Waits until `test` resolves to true in the page. Playwright's `waitForFunction` takes the promise itself for true. */
export async function eventually(page, what, test) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; await new Promise((done) => setTimeout(done, 50))) if (await page.evaluate(test)) return;
  assert.fail(`waited in vain: ${what}`);
}

/** The page has drawn what was asked for and has nothing to do: what it threw on the way is known. */
export const settled = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestIdleCallback(done))));

/**
 * Waits until a paused run stands still and its checkpoint lies in the page's store. Steps that were under way at the pause are still made;
 * the engine answers in order, so they are made when it shows another row.
 */
export async function atRest(page) {
  const sample = page.getByRole("region", { name: text("view.sample.title") });
  const row = () => sample.locator(".row p").innerText();
  const before = await row();
  // No click with the pointer: that would move the focus.
  await button(sample, "view.sample.next").evaluate((element) => element.click());
  while ((await row()) === before) await page.evaluate(() => new Promise(requestAnimationFrame));
  await eventually(page, "its checkpoint lies in the store", async () => {
    const database = await new Promise((done) => {
      const request = indexedDB.open("distillery");
      request.onupgradeneeded = () => request.result.createObjectStore("runs");
      request.onsuccess = () => done(request.result);
    });
    const saved = await new Promise((done) => {
      const request = database.transaction("runs").objectStore("runs").get("last");
      request.onsuccess = () => done(request.result);
    });
    database.close();
    const { playing, step } = window.__distillery.state();
    return !playing && saved?.step === step;
  });
  return state(page);
}

/** Nothing reaches beyond the right edge of the page. */
export async function fits(page, what) {
  const [wide, wider] = await page.evaluate(() => {
    const limit = document.documentElement.clientWidth;
    const over = [...document.querySelectorAll("body *")].filter((element) => element.getBoundingClientRect().right > limit + 1 && !element.closest(".scroll"));
    return [document.documentElement.scrollWidth - limit, over.slice(0, 3).map((element) => element.outerHTML.slice(0, 120))];
  });
  assert.equal(wide, 0, `${what} is ${wide} px too wide: ${wider}`);
}

/**
 * What axe finds in the page, or within these selectors: each rule, with the first places that break it. It runs in the page alone, which has no
 * frames: axe's other way opens a second page for every run.
 */
export async function faults(page, within = [], counts = () => true) {
  const axe = within.reduce((builder, selector) => builder.include(selector), new AxeBuilder({ page }).setLegacyMode());
  const { violations } = await axe.analyze();
  return violations.filter(counts).map(({ id, nodes }) => [id, ...nodes.slice(0, 3).map((node) => `${node.html.slice(0, 140)} ${node.failureSummary}`)]);
}

export const seriousFaults = (page, ...within) => faults(page, within, ({ impact }) => impact === "serious" || impact === "critical");
