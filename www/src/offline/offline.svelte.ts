/** Asks the browser to keep the page, so that it works without a network from the second visit on. Comfort only: nothing depends on it. */

export class Offline {
  /** Everything that the page needs is kept. */
  ready = $state(false);
  private asked = false;

  /** To be called once the engine is there: until then the network has better things to do. Does nothing in development, where files have no hashes. */
  async keep(): Promise<void> {
    if (this.asked || !import.meta.env.PROD || !("serviceWorker" in navigator)) return;
    this.asked = true;
    try {
      const registration = await navigator.serviceWorker.register("./sw.js");
      // Whether there is a new build. Without a network nobody knows, and the old one serves.
      registration.update().catch(() => undefined);
      const { active } = await navigator.serviceWorker.ready;
      active?.postMessage(performance.getEntriesByType("resource").map((entry) => entry.name));
      this.ready = active !== null;
    } catch {
      // A private window, a host without https, a policy: then it needs the network, as ever.
    }
  }
}
