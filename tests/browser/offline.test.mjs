// After the first visit the page needs no network, and a new build replaces the old one.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { serve } from "../../www/serve.mjs";
import { eventually, ready, stepTo, text, useBrowser, withPage } from "./lab.mjs";

useBrowser();

const DIST = fileURLToPath(new URL("../../www/dist", import.meta.url));

/** A copy of the built page on a host of its own, below a path, which can be gone, broken or updated. */
async function onHost(act) {
  const folder = mkdtempSync(join(tmpdir(), "distillery-"));
  cpSync(DIST, folder, { recursive: true });
  const inner = await serve(folder, 0);
  const host = { status: 200, asked: [], folder };
  const outer = createServer(async (request, response) => {
    host.asked.push(request.url);
    if (host.status === 0) return response.destroy();
    if (host.status !== 200) return response.writeHead(host.status).end("<h1>no</h1>");
    const found = await fetch(`http://127.0.0.1:${inner.address().port}${request.url.replace("/below/", "/")}`);
    response.writeHead(found.status, { "content-type": found.headers.get("content-type") }).end(Buffer.from(await found.arrayBuffer()));
  });
  await new Promise((done) => outer.listen(0, "127.0.0.1", done));
  try {
    await act(host, { site: `http://127.0.0.1:${outer.address().port}/below/`, serviceWorkers: "allow", expected: [/Failed to load resource/] });
  } finally {
    for (const server of [outer, inner]) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(folder, { recursive: true });
  }
}

const kept = (page) => page.getByText(text("view.trust.offline"), { exact: true }).waitFor({ state: "attached" });
const stored = (page) =>
  page.evaluate(async () => {
    const answers = [];
    for (const name of await caches.keys()) for (const answer of await (await caches.open(name)).matchAll()) answers.push([name, answer.status, answer.url]);
    return answers;
  });

test("the second visit trains without a network", () =>
  onHost((host, options) =>
    withPage(
      "?backend=cpu",
      async (page, open) => {
        await ready(page);
        await kept(page);
        await page.close();
        for (const status of [0, 503]) {
          host.status = status;
          const again = await open("?backend=cpu&distill.temperature=2");
          assert.equal((await ready(again)).values["distill.temperature"], "2");
          await stepTo(again, 1);
          assert.ok((await stored(again)).every(([, answer]) => answer === 200), "no error is kept");
          await again.close();
        }
        const other = await open("?backend=cpu&preset=fashion");
        await ready(other);
        await stepTo(other, 1);
      },
      options,
    ),
  ));

test("a new build is seen at the next visit, and takes the place of the old one", () =>
  onHost((host, options) =>
    withPage(
      "?backend=cpu",
      async (page, open) => {
        const built = (tab) => tab.locator("body").getAttribute("data-build");
        const change = (name, from, to) => writeFileSync(join(host.folder, name), readFileSync(join(host.folder, name), "utf8").replace(from, to));
        const engines = () => host.asked.filter((path) => path.endsWith(".wasm")).length;
        await ready(page);
        await kept(page);
        await page.close();
        const loaded = engines();

        change("index.html", "<body>", `<body data-build="second">`);
        change("sw.js", /"build":"[^"]*"/, `"build":"second"`);
        const online = await open("?backend=cpu");
        // On a machine that is busy enough, the network counts as away.
        for (let tries = 0; tries < 5 && (await built(online)) !== "second"; tries += 1) await online.reload();
        assert.equal(await built(online), "second");
        await ready(online);
        await eventually(online, "the new worker is there", async () => (await navigator.serviceWorker.getRegistration()).waiting !== null);
        assert.equal(engines(), loaded, "an engine that is kept is not loaded again");
        // The new worker waits for the last tab of the old build. From beside the page it is seen when it has taken over.
        const beside = await open("../nothing");
        await online.close();
        const inPlace = async () => {
          const { active, waiting } = await navigator.serviceWorker.getRegistration("/below/");
          return waiting === null && active.state === "activated" && (await caches.keys()).every((name) => name.endsWith("second"));
        };
        await eventually(beside, "the new worker has taken over", inPlace);

        host.status = 0;
        const offline = await open("?backend=cpu");
        assert.equal(await built(offline), "second");
        await ready(offline);
      },
      options,
    ),
  ));
