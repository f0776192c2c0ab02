// The way to WebGPU that a visitor is told, by what their browser calls itself.
import { expect, it } from "vitest";

import { hintFor } from "./hint";

const WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
const CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0";

it.each([
  ["chrome", `${WINDOWS} ${CHROME} Safari/537.36`],
  ["chrome", `${WINDOWS} ${CHROME} Safari/537.36 Edg/140.0.0.0`],
  ["chrome_linux", `Mozilla/5.0 (X11; Linux x86_64) ${CHROME} Safari/537.36`],
  ["chrome_android", `Mozilla/5.0 (Linux; Android 14; Pixel 8) ${CHROME} Mobile Safari/537.36`],
  ["firefox", `${WINDOWS.replace(")", "; rv:140.0)")} Gecko/20100101 Firefox/140.0`],
  ["firefox_linux", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"],
  ["safari_old", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15"],
  ["ios_old", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"],
  // Every browser of an iPhone computes with Safari's engine.
  ["ios_old", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.0.0 Mobile/15E148 Safari/604.1"],
  ["other", "Lynx/2.9"],
])("%s: %s", (hint, agent) => {
  expect(hintFor(agent, true)).toBe(hint);
  expect(hintFor(agent, false), "without https nothing else helps").toBe("insecure");
});
