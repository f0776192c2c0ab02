// Somebody without a plan: presses whatever there is, in an order drawn by a seed. Nothing of it may throw, complain on the console, or leave a page that
// no longer trains.
import assert from "node:assert/strict";
import { test } from "node:test";

import { ready, state, until, useBrowser, withPage } from "./lab.mjs";

useBrowser();

const ACTIONS = 120;

/** Numbers from 0 to 1 (Numerical Recipes' linear congruence). */
function draws(seed) {
  let now = seed >>> 0;
  return () => (now = (Math.imul(now, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

/** Runs in the page: does one thing to one control, and says to which. */
function act([which, how]) {
  // A file dialog is the browser's.
  const open = (element) => !element.disabled && element.type !== "file" && element.checkVisibility({ visibilityProperty: true });
  const controls = [...document.querySelectorAll("button, select, input, summary, [role=tab], canvas")].filter(open);
  const control = controls[Math.floor(which * controls.length)];
  const said = control.outerHTML.slice(0, 90);
  const changed = (type) => control.dispatchEvent(new Event(type, { bubbles: true }));
  if (control instanceof HTMLSelectElement) {
    control.selectedIndex = Math.floor(how * control.length);
    changed("change");
  } else if (control.type === "range") {
    control.value = String(Number(control.min) + how * (Number(control.max) - Number(control.min)));
    changed("input");
    changed("change");
  } else if (control.type === "text" || control.type === "number") {
    control.value = ["", "0", "-1", "7", "1e9", "NaN", "가", "8,8"][Math.floor(how * 8)];
    changed("input");
    changed("change");
  } else if (control instanceof HTMLCanvasElement) {
    const box = control.getBoundingClientRect();
    for (const type of ["pointerdown", "pointermove", "pointerup"]) control.dispatchEvent(new PointerEvent(type, { bubbles: true, pointerId: 1, clientX: box.x + how * box.width, clientY: box.y + box.height / 2 }));
  } else control.click();
  return said;
}

for (const [seed, query] of [
  [1, "preset=first-light"],
  [2, "preset=plane&teacher.steps=20"],
  [3, "preset=grammar&train.steps=60"],
]) {
  test(`${ACTIONS} presses of somebody without a plan: ${query}, seed ${seed}`, { timeout: 600_000 }, () =>
    withPage(
      `?backend=cpu&${query}`,
      async (page) => {
        await ready(page);
        const random = draws(seed);
        const done = [];
        try {
          for (let action = 0; action < ACTIONS; action += 1) {
            done.push(await page.evaluate(act, [random(), random()]));
            await page.evaluate(() => new Promise((next) => requestAnimationFrame(() => setTimeout(next))));
          }
          await until(page, "the engine is up", (now) => now.engine === "up");
          await page.goto(page.url().replace(/\?.*/, "?backend=cpu&preset=first-light"));
          await ready(page);
          await page.keyboard.press("Space");
          await until(page, "it trains", (now) => now.step >= 20);
          assert.equal((await state(page)).engine, "up");
        } catch (error) {
          error.message += `\nthe last presses: ${done.slice(-6).join("\n")}`;
          throw error;
        }
      },
      { permissions: ["clipboard-read", "clipboard-write"] },
    ));
}
