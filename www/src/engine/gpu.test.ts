// Which adapters are worth starting WebGPU for.
import { afterEach, expect, it, vi } from "vitest";

import { obstacle } from "./gpu";

afterEach(() => vi.unstubAllGlobals());

const adapter = (isFallbackAdapter: boolean) => ({ requestAdapter: () => Promise.resolve({ info: { isFallbackAdapter } }) });

it.each([
  ["a real adapter", adapter(false), null, null],
  ["an adapter that computes on the CPU", adapter(true), "software_adapter", null],
  ["no WebGPU", undefined, "no_webgpu", "no_webgpu"],
  ["no adapter", { requestAdapter: () => Promise.resolve(null) }, "no_adapter", "no_adapter"],
  ["a browser that throws", { requestAdapter: () => Promise.reject(new Error("blocked")) }, "no_adapter", "no_adapter"],
])("%s", async (_, gpu, byItself, asked) => {
  vi.stubGlobal("navigator", { gpu });
  expect([await obstacle(true), await obstacle(false)], "by itself, and asked for by the address").toEqual([byItself, asked]);
});
