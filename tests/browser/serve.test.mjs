// The server of the page says what is wrong with the port that it is given, and serves nothing outside its folder.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { request } from "node:http";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { serve } from "../../www/serve.mjs";

const SCRIPT = fileURLToPath(new URL("../../www/serve.mjs", import.meta.url));
const started = (...parts) => spawnSync(process.execPath, [SCRIPT, ...parts], { encoding: "utf8", timeout: 120_000 });

/** As it is written: `fetch` would resolve the dots. */
const status = (port, path) =>
  new Promise((done, failed) => request({ port, host: "127.0.0.1", path }, (response) => done(response.resume().statusCode)).on("error", failed).end());

test("a port in use is named, with another to take", async () => {
  const server = await serve(".", 0);
  const { port } = server.address();
  const { status, stderr } = started("--free", String(port));
  server.close();
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`Port ${port} is in use: .*PORT=${port + 1} ./build.sh`));
});

test("what is no port is refused", () => {
  for (const port of ["http", "65536", "-1"]) {
    const { status, stderr } = started(".", port);
    assert.equal(status, 1);
    assert.match(stderr, /must be a number from 0 to 65535/, port);
  }
});

test("nothing outside the folder is served", async () => {
  const server = await serve(fileURLToPath(new URL(".", import.meta.url)), 0);
  const { port } = server.address();
  const found = await Promise.all(["/lab.mjs", "/../../Cargo.toml", "/..%2f..%2fCargo.toml", "/%", "/"].map((path) => status(port, path)));
  server.close();
  assert.deepEqual(found, [200, 404, 404, 404, 404]);
});

test("headers that are asked for come with each file", async () => {
  const server = await serve(fileURLToPath(new URL(".", import.meta.url)), 0, { "cross-origin-opener-policy": "same-origin" });
  const { headers } = await fetch(`http://127.0.0.1:${server.address().port}/lab.mjs`);
  server.close();
  assert.equal(headers.get("cross-origin-opener-policy"), "same-origin");
  assert.match(headers.get("content-type"), /^text\/javascript/);
});
