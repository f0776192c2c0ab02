/** Writes `sw.js`, which keeps the page usable without a network, into a build: `src/offline/sw.js` with the list of what was built. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Plugin } from "vite";

const SOURCE = fileURLToPath(new URL("../src/offline/sw.js", import.meta.url));
/** Kept only once they were used: most visitors see few of them. */
const ON_USE = /\.woff2$/;

export function offline(): Plugin {
  let folder = "";
  return {
    name: "distillery-offline",
    apply: "build",
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    closeBundle() {
      const files = readdirSync(join(folder, "assets")).map((name) => `assets/${name}`);
      // Names of assets hold hashes of their contents: the page's own content stands for all of them.
      const build = createHash("sha256").update(readFileSync(join(folder, "index.html"))).update(files.join()).digest("hex").slice(0, 12);
      const list = { build, first: files.filter((name) => !ON_USE.test(name)), onUse: files.filter((name) => ON_USE.test(name)) };
      writeFileSync(join(folder, "sw.js"), `const BUILT = ${JSON.stringify(list)};\n${readFileSync(SOURCE, "utf8")}`);
    },
  };
}
