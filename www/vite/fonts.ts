/** Which fonts a build ships. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import subsetFont from "subset-font";
import type { Plugin } from "vite";

/** KaTeX's fonts for alphabets that no formula of the page is written in; `src/fonts.test.ts` sees to that. */
const UNUSED = /@font-face\{[^}]*font-family:\s*"?KaTeX_(?:Fraktur|SansSerif|Script|Typewriter)"?[^}]*\}/g;
/** Every browser that can run the engine reads woff2. */
const OLD_FORMATS = /,url\([^)]*\.(?:woff|ttf)\) format\("[a-z]+"\)/g;

export function katexFonts(): Plugin {
  return {
    name: "distillery-katex-fonts",
    enforce: "pre",
    transform: (code, id) => (/katex[^/]*\.css/.test(id) ? code.replace(UNUSED, "").replace(OLD_FORMATS, "") : undefined),
  };
}

const SOURCES = fileURLToPath(new URL("../src/", import.meta.url));
/** What the button says that changes to Korean. */
const NAME = "한국어";
const ASCII = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join("");

/** Every letter of the page's Korean texts, wherever under `src` they stand. */
function koreanLetters(): string {
  const letters = new Set(ASCII);
  for (const path of readdirSync(SOURCES, { recursive: true, encoding: "utf8" })) {
    if (!/\.(json|ts|svelte|md)$/.test(path)) continue;
    const text = readFileSync(join(SOURCES, path), "utf8");
    // Signs such as arrows and Greek letters come from the same texts; other files give their Hangul only.
    for (const letter of text) if (/[ㄱ-ㅎ가-힣]/.test(letter) || (/(^|\/)ko(\/|\.|$)/.test(path) && letter > " ")) letters.add(letter);
  }
  return [...letters].sort().join("");
}

/**
 * `virtual:korean-font.css` is the `@font-face` of a Pretendard that holds only the letters that the page writes: some hundred kB instead of
 * two MB. Whoever reads another language loads none of it, but the letters of the language's own name, for systems without Korean letters. In
 * development the system's font will do.
 */
export function koreanFont(): Plugin {
  const id = "virtual:korean-font.css";
  let folder: string | null = null;
  return {
    name: "distillery-korean-font",
    async buildStart() {
      if (this.environment.mode !== "build") return;
      const whole = readFileSync(createRequire(import.meta.url).resolve("pretendard/dist/web/variable/woff2/PretendardVariable.woff2"));
      const font = await subsetFont(whole, koreanLetters(), { targetFormat: "woff2", variationAxes: { wght: { min: 400, max: 700 } } });
      const name = await subsetFont(whole, NAME, { targetFormat: "woff2", variationAxes: { wght: { min: 400, max: 400 } } });
      folder = mkdtempSync(join(tmpdir(), "distillery-font-"));
      writeFileSync(join(folder, "korean.woff2"), font);
      writeFileSync(
        join(folder, "korean.css"),
        // Its own name: the page's letters only are no Pretendard.
        `@font-face{font-family:"Distillery Korean";src:url("./korean.woff2") format("woff2");font-weight:400 700;font-display:swap}
@font-face{font-family:"Distillery Korean Name";src:url("data:font/woff2;base64,${Buffer.from(name).toString("base64")}") format("woff2")}`,
      );
    },
    resolveId: (source) => (source !== id ? undefined : folder === null ? "\0korean-font.css" : join(folder, "korean.css")),
    load: (resolved) => (resolved === "\0korean-font.css" ? "" : undefined),
    closeBundle() {
      if (folder !== null) rmSync(folder, { recursive: true });
      folder = null;
    },
  };
}
