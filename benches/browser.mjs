// What the benchmarks of the browser share: headless Chromium with WebGPU on a software adapter, and a folder served to it.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import { serve } from "../www/serve.mjs";

export const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const { chromium } = createRequire(at("../www/package.json"))("playwright-core");

/** A browser with an empty cache, and the address of `folder` for it; `act` measures there. */
export async function inBrowser(folder, act) {
  const server = await serve(at(folder), 0);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    // Playwright's own headless mode may be the old one, which has no WebGPU.
    headless: false,
    args: ["--headless=new", "--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan",
      "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
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
