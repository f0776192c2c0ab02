// What the benchmarks of the browser share: a folder served to the browser of the tests, and a look at the page.
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { launch } from "../tests/browser/launch.mjs";
import { serve } from "../www/serve.mjs";

export const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** A browser with an empty cache, and the address of `folder` for it, sent with `headers`; `act` measures there. */
export async function inBrowser(folder, act, headers) {
  const server = await serve(resolve(at("."), folder), 0, headers);
  const browser = await launch();
  try {
    return await act(browser, `http://127.0.0.1:${server.address().port}/`);
  } finally {
    await browser.close();
    server.close();
  }
}

/** The page's own state, once `test(state, argument)` holds. */
export async function until(page, test, argument) {
  await page.waitForFunction(
    ([source, value]) => {
      const now = window.__distillery?.state();
      return now !== undefined && Boolean(new Function("now", "value", `return (${source})(now, value)`)(now, value));
    },
    [test.toString(), argument],
    { timeout: 0, polling: 20 },
  );
  return page.evaluate(() => window.__distillery.state());
}
