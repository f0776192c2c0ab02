// The engines of `./build.sh peers` by name. `node benches/peers/engines.mjs [ENGINE...]` prints what these need, or says which name is wrong, before
// anything is built or installed.
import { readFileSync, realpathSync } from "node:fs";
import { availableParallelism } from "node:os";
import { pathToFileURL } from "node:url";

/** What the workloads are, and their first losses. */
export const REFERENCE = JSON.parse(readFileSync(new URL("reference.json", import.meta.url), "utf8"));

const tfjs = (backend) => ({ backend, bundled: `import "@tensorflow/tfjs-backend-${backend}"; export { make } from "./tfjs.mjs";` });
const tfjsWasm = (wasm) => ({ backend: "wasm", bundled: 'export { make } from "./tfjs_wasm.mjs";', wasm });
const jaxjs = (backend) => ({ backend, bundled: 'export { make } from "./jaxjs.mjs";' });

/**
 * Engines in a page: the backend, the source of the module that is bundled for it (ours needs none), and a program of WebAssembly beside it. An
 * `isolated` page may have threads, but its host must send headers; what ends in 1 has a plain page. There jax-js trained W1 four times as fast.
 */
const PAGES = {
  "ours:wasm": { backend: "wasm" },
  "ours:webgpu": { backend: "webgpu" },
  "tfjs:wasm": { ...tfjsWasm("tfjs-backend-wasm-threaded-simd.wasm"), isolated: true },
  "tfjs:wasm1": tfjsWasm("tfjs-backend-wasm-simd.wasm"),
  "tfjs:webgpu": tfjs("webgpu"),
  "tfjs:webgl": tfjs("webgl"),
  "jaxjs:wasm": { ...jaxjs("wasm"), isolated: true },
  "jaxjs:wasm1": jaxjs("wasm"),
  "jaxjs:webgpu": jaxjs("webgpu"),
};

/** On all cores, as ours. */
const cores = availableParallelism();
const DEFAULT = ["ours:native", `torch:${cores}`, `torch:c${cores}`, "ours:wasm", "tfjs:wasm", "jaxjs:wasm1"];

function engine(name) {
  const torch = /^torch:(c?)([1-9]\d*)$/.exec(name);
  if (torch) return { name, torch: [...(torch[1] ? ["--compile"] : []), "--threads", torch[2]], needs: ["torch"] };
  if (name === "ours:native") return { name, native: true, needs: ["rust", "native"] };
  if (!Object.hasOwn(PAGES, name)) {
    throw new Error(`there is no engine "${name}": the engines are ours:native torch:N torch:cN (N threads, c for compiled) ${Object.keys(PAGES).join(" ")}`);
  }
  const page = PAGES[name];
  return { name, page, needs: ["browser", ...(page.bundled ? ["packages"] : ["rust", "engine"])] };
}

/** The engines of these names, or those that are compared when none is named. */
export const engines = (names) => (names.length > 0 ? names : DEFAULT).map(engine);

/** The workloads that W names, or all. */
export function workloads({ W } = process.env) {
  const all = Object.keys(REFERENCE.workloads);
  const wanted = W ? W.split(",") : all;
  const wrong = wanted.find((one) => !all.includes(one));
  if (wrong !== undefined) throw new Error(`there is no workload "${wrong}": W is some of ${all.join(",")}`);
  return wanted;
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  try {
    workloads();
    console.log([...new Set(engines(process.argv.slice(2)).flatMap(({ needs }) => needs))].join(" "));
  } catch (error) {
    console.error(`peers: ${error.message}`);
    process.exit(1);
  }
}
