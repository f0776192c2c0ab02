/** Which fonts a build ships. */
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
