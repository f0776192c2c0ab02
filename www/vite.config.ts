import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

import { katexFonts, koreanFont } from "./vite/fonts";
import { lessonIds } from "./vite/lessons";
import { offline } from "./vite/offline";
import { unbuilt } from "./vite/unbuilt";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const wasm = at("../pkg/distillery_bg.wasm");

export default defineConfig({
  // Works under any path, so that a copy of `dist` can be put anywhere.
  base: "./",
  plugins: [svelte(), katexFonts(), koreanFont(), lessonIds(), offline(), unbuilt(at("../pkg/"))],
  define: {
    __WASM_BYTES__: statSync(wasm, { throwIfNoEntry: false })?.size ?? 1,
  },
  resolve: {
    alias: [
      { find: /^distillery$/, replacement: at("../pkg/distillery.js") },
      { find: /^distillery\//, replacement: at("../pkg/") },
    ],
  },
  worker: { format: "es" },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2023",
    // A font inlined into CSS would be loaded by everybody, a formula or not.
    assetsInlineLimit: 0,
  },
  server: { fs: { allow: [".."] } },
  test: { include: ["src/**/*.test.ts"] },
});
