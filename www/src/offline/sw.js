/**
 * The service worker: after the first visit the page works without a network. `vite/offline.ts` puts `BUILT` before it: the hash of the build,
 * the assets that everybody needs, and those that are kept once they were used.
 *
 * Each build has a cache of its own, so that a page and its assets are always of one build. The worker of a new build waits until no tab of the
 * old one is open: such a tab starts its engine anew after a crash. (With `skipWaiting`, Chromium 156 let a navigation hang that came while the
 * workers changed places.) The new page itself is seen at once, for the page comes from the network first.
 */
/* global BUILT */

// Several copies of the page may lie on one host.
const FAMILY = `distillery ${self.registration.scope} `;
const OWN = FAMILY + BUILT.build;
const url = (path) => new URL(path, self.registration.scope).href;
const PAGE = url("./");
const ASSETS = new Set([...BUILT.first, ...BUILT.onUse].map(url));
/** A network that does not answer for so long is as good as none. */
const PATIENCE_MS = 8_000;

const ours = async () => (await caches.keys()).filter((name) => name.startsWith(FAMILY));

/** Puts an answer into the cache of this build, which reads it to its end. Errors never get there. */
async function keep(address, response) {
  if (response.status !== 200) throw new Error(`${response.status} ${address}`);
  await (await caches.open(OWN)).put(address, response);
}

/** An asset of any build that is kept: its name says what it holds. */
async function kept(address) {
  for (const name of await ours()) {
    const found = await (await caches.open(name)).match(address);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function install() {
  await keep(PAGE, await fetch(PAGE, { cache: "no-cache" }));
  await Promise.all(BUILT.first.map(url).map(async (address) => keep(address, (await kept(address)) ?? (await fetch(address)))));
}

async function activate() {
  await Promise.all((await ours()).filter((name) => name !== OWN).map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** The newest page there is: a new build is seen at the next visit. */
async function page(request) {
  const own = await (await caches.open(OWN)).match(PAGE);
  const network = fetch(request);
  if (own === undefined) return network;
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, own));
  const good = network.then((response) => (response.status < 500 ? response : own)).catch(() => own);
  return Promise.race([good, late]);
}

async function asset(address, event) {
  const found = await kept(address);
  if (found !== undefined) return found;
  const response = await fetch(address);
  // The page need not wait for the cache.
  if (ASSETS.has(address)) event.waitUntil(keep(address, response.clone()).catch(() => undefined));
  return response;
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const [address] = request.url.split(/[?#]/);
  if (request.mode === "navigate" && (address === PAGE || address === url("index.html"))) event.respondWith(page(request));
  else if (address.startsWith(url("assets/"))) event.respondWith(asset(address, event));
});
/** The page tells what it had loaded before this worker was there. */
self.addEventListener("message", (event) => {
  const used = event.data.filter((address) => ASSETS.has(address));
  event.waitUntil(Promise.allSettled(used.map(async (address) => (await kept(address)) ?? keep(address, await fetch(address)))));
});
