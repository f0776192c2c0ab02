// The browser of tests and benchmarks: headless Chromium with WebGPU on a software adapter.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";

// The packages are the page's: this folder has none of its own.
export const need = createRequire(new URL("../../www/package.json", import.meta.url));
const { chromium } = need("playwright-core");

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const OF_MACOS = ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium"];
const WEBGPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"];
const QUIET = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** CHROMIUM, or else the first that is installed. */
export function browserProgram({ CHROMIUM, PATH = "" } = process.env, exists = existsSync) {
  if (CHROMIUM) return CHROMIUM;
  const found = [...PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name))), ...OF_MACOS].find((program) => exists(program));
  if (found === undefined) throw new Error("Chromium or Chrome is missing: install it, or set CHROMIUM to its program");
  return found;
}

export const launch = () =>
  chromium.launch({
    executablePath: browserProgram(),
    // Playwright's own headless mode may be the old one, which has no WebGPU.
    headless: false,
    args: ["--headless=new", "--no-sandbox", ...WEBGPU, ...QUIET],
  });
