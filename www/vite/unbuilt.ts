import type { Plugin } from "vite";

/** The engine as it is to unit tests: something to put another in the place of. They come before it is built. */
export function unbuilt(pkg: string): Plugin {
  return {
    name: "unbuilt",
    enforce: "pre",
    apply: () => process.env["VITEST"] !== undefined,
    resolveId: (id) => (id.startsWith(pkg) ? `\0${id}` : undefined),
    load: (id) => (id.startsWith(`\0${pkg}`) ? "export {};" : undefined),
  };
}
