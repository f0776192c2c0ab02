/**
 * The service worker: after the first visit the page works without a network. `vite/offline.ts` puts `BUILT` before it: the hash of the build,
 * the assets that everybody needs, and those that are kept once they were used.
 *
 * Each build has a cache of its own, so that a page and its assets are always of one build. The cache of the build before stays until the next
 * one: a tab of it may still be open, and starts its Worker anew after a crash.
 */
/* global BUILT */

// Several copies of the page may lie on one host.
const FAMILY = `distillery ${self.registration.scope} `;
const OWN = FAMILY + BUILT.build;
const url = (path) => new URL(path, self.registration.scope).href;
const PAGE = url("./");
const ASSETS = new Set([...BUILT.first, ...BUILT.onUse].map(url));
/** A network that does not answer for so long is as good as none. */
const PATIENCE_MS = 4_000;

const ours = async () => (await caches.keys()).filter((name) => name.startsWith(FAMILY));

/** Keeps an answer that is whole and good. */
async function keep(address, response) {
  if (response.status === 200 && !response.redirected) await (await caches.open(OWN)).put(address, response.clone());
  return response;
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
  const page = await fetch(PAGE, { cache: "no-cache" });
  if (page.status !== 200) throw new Error(`${page.status} ${PAGE}`);
  await keep(PAGE, page);
  await Promise.all(
    BUILT.first.map(async (path) => {
      const response = (await kept(url(path))) ?? (await fetch(url(path)));
      if (response.status !== 200) throw new Error(`${response.status} ${path}`);
      await keep(url(path), response);
    }),
  );
  await self.skipWaiting();
}

async function activate() {
  // The order of `keys` is that of their making.
  const others = (await ours()).filter((name) => name !== OWN);
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
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

const asset = async (address) => (await kept(address)) ?? keep(address, await fetch(address));

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const [address] = request.url.split(/[?#]/);
  if (request.mode === "navigate" && (address === PAGE || address === url("index.html"))) event.respondWith(page(request));
  else if (ASSETS.has(address)) event.respondWith(asset(address));
});
/** The page tells what it had loaded before this worker was there. */
self.addEventListener("message", (event) => {
  const used = event.data.filter((address) => ASSETS.has(address));
  event.waitUntil(Promise.allSettled(used.map(asset)));
});
