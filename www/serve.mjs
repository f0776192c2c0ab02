// Serves a folder on 127.0.0.1: `node www/serve.mjs FOLDER [PORT]` (8787). `node www/serve.mjs --free PORT` only says whether the port can be had.
// A plain static host is all that the page needs: no header of ours makes it work.
import { createReadStream, realpathSync } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";

// Without application/wasm a browser refuses to compile while it downloads.
const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".md": "text/markdown; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
};

/** The file that a request names, or undefined: nothing outside `root`, no folder without an index. */
async function find(root, url) {
  let path;
  try {
    path = resolve(root, `.${decodeURIComponent(new URL(url, "http://localhost").pathname)}`);
    if (path !== root && !path.startsWith(root + sep)) return undefined;
    let info = await stat(path);
    if (info.isDirectory()) {
      path = join(path, "index.html");
      info = await stat(path);
    }
    return info.isFile() ? { path, info } : undefined;
  } catch {
    return undefined; // not there, or a path that no file can have
  }
}

async function answer(root, more, request, response) {
  if (request.method !== "GET" && request.method !== "HEAD") return response.writeHead(405, { allow: "GET, HEAD" }).end();
  const found = await find(root, request.url);
  if (!found) return response.writeHead(404, { "content-type": TYPES[".txt"] }).end("not found\n");
  // The next build is seen at the next reload, and an unchanged file is not sent again.
  const etag = `"${found.info.size}-${Math.trunc(found.info.mtimeMs)}"`;
  const headers = { ...more, "cache-control": "no-cache", etag };
  if (request.headers["if-none-match"] === etag) return response.writeHead(304, headers).end();
  headers["content-type"] = TYPES[extname(found.path)] ?? "application/octet-stream";
  headers["content-length"] = found.info.size;
  response.writeHead(200, headers);
  if (request.method === "HEAD") return response.end();
  createReadStream(found.path)
    .on("error", () => response.destroy())
    .pipe(response);
}

/** Serves `folder`, each file with `headers` besides, until the server that it resolves to is closed; port 0 takes a free one. */
export function serve(folder, port, headers = {}) {
  const root = resolve(folder);
  const server = createServer((request, response) => void answer(root, headers, request, response));
  return new Promise((done, failed) => server.once("error", failed).listen(port, "127.0.0.1", () => done(server)));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

async function main([folder, text = "8787"]) {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) fail(`PORT is "${text}": it must be a number from 0 to 65535.`);
  const server = await serve(folder === "--free" ? "." : folder, port).catch((error) => {
    if (error.code === "EADDRINUSE") fail(`Port ${port} is in use: end the program that uses it, or take another one: PORT=${port + 1} ./build.sh`);
    if (error.code === "EACCES") fail(`Port ${port} is not allowed to this user: take one above 1023: PORT=8787 ./build.sh`);
    throw error;
  });
  if (folder === "--free") return server.close();
  console.log(`Distillery is at http://127.0.0.1:${server.address().port}/ (Ctrl-C ends it)`);
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0));
}

// The real path, or a checkout behind a symbolic link would serve nothing.
if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) await main(process.argv.slice(2));
