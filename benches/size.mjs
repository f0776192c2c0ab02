// The size of the engine that the page downloads: `node benches/size.mjs [--max-brotli-mb N] [--json]`. Fails above N.
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const FILES = ["distillery_bg.wasm", "distillery.js"];

const rows = FILES.map((name) => {
  const content = readFileSync(new URL(`../pkg/${name}`, import.meta.url));
  const brotli = brotliCompressSync(content, {
    // As a static host compresses once, ahead: the best quality, the widest window that browsers take.
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
  });
  return { name, raw: content.length, gzip: gzipSync(content, { level: 9 }).length, brotli: brotli.length };
});

const limit = process.argv.indexOf("--max-brotli-mb");
if (process.argv.includes("--json")) {
  console.log(JSON.stringify(rows));
} else {
  const mb = (bytes) => (bytes / 1e6).toFixed(3).padStart(8);
  console.log(`${"MB".padEnd(20)}     raw  gzip -9 brotli 11`);
  for (const { name, raw, gzip, brotli } of rows) console.log(`${name.padEnd(20)}${mb(raw)} ${mb(gzip)}  ${mb(brotli)}`);
}
const [{ brotli }] = rows;
if (limit > 0 && !(brotli <= Number(process.argv[limit + 1]) * 1e6)) {
  console.error(`The engine has ${(brotli / 1e6).toFixed(3)} MB of brotli, and ${process.argv[limit + 1]} are allowed: see the profile "web" in Cargo.toml`);
  process.exit(1);
}
