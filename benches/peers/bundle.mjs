// The page of an engine: what a visitor of a page with it downloads, in one folder.
import { copyFileSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { makeOwnPage, makePage } from "../timed.mjs";

/** tfjs-backend-wasm and tfjs-core name modules of Node on paths that no page takes. */
const noNode = {
  name: "no-node",
  setup(build) {
    build.onResolve({ filter: /^(fs|path|os|crypto|worker_threads|perf_hooks|util)$/ }, ({ path }) => ({ path, namespace: "no-node" }));
    build.onLoad({ filter: /.*/, namespace: "no-node" }, () => ({ contents: "export default {};" }));
  },
};

const zipped = (...path) => gzipSync(readFileSync(join(...path)), { level: 9 }).length;

/** Ours lies in pkg/ as it is built. */
function own() {
  const folder = makeOwnPage();
  return { folder, module: "peer.mjs", js: zipped(folder, "distillery.js"), wasm: zipped(folder, "distillery_bg.wasm") };
}

/** The packages of another engine become one minified module, as a page would have them. `place` has node_modules and gets the page. */
async function bundled(name, { bundled, wasm }, place) {
  const folder = join(place, "pages", name.replace(":", "-"));
  const modules = join(place, "node_modules");
  const { build } = createRequire(join(place, "package.json"))("esbuild");
  await build({
    stdin: { contents: bundled, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    outfile: join(folder, "engine.mjs"),
    nodePaths: [modules],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    define: { "process.env.NODE_ENV": '"production"' },
    plugins: [noNode],
    logLevel: "error",
  });
  if (wasm) copyFileSync(join(modules, "@tensorflow/tfjs-backend-wasm/dist", wasm), join(folder, wasm));
  makePage(folder);
  return { folder, module: "engine.mjs", js: zipped(folder, "engine.mjs"), wasm: wasm && zipped(folder, wasm) };
}

/** Makes the page of an engine of engines.mjs: its folder and module, and what of it is downloaded, gzipped bytes. */
export const makeEnginePage = ({ name, page }, place) => (page.bundled ? bundled(name, page, place) : own());
