// What the Worker says of the way to its engine: the download, and what comes between.
import { afterEach, expect, it, vi } from "vitest";

import type { FromWorker, ToWorker } from "./protocol";

const init = vi.hoisted(() => vi.fn());
vi.mock("distillery", () => ({ default: init, Engine: { create: () => Promise.resolve({ ready: () => ({ type: "ready", adapter: "CPU" }) }) } }));
vi.mock("distillery/distillery_bg.wasm?url", () => ({ default: "engine.wasm" }));

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

const whole = async (engine: Response): Promise<unknown> => engine.arrayBuffer();

/** Starts a Worker over a network that answers with `response`, from which `compile` makes an engine. Resolves to what it says of the end, and the shares before. */
async function start(response: () => Promise<Response>, compile = whole) {
  const heard: FromWorker[] = [];
  let receive: (event: { data: ToWorker }) => void = () => undefined;
  vi.stubGlobal("__WASM_BYTES__", 4);
  vi.stubGlobal("postMessage", (message: FromWorker) => heard.push(message));
  vi.stubGlobal("addEventListener", (type: string, listener: typeof receive) => type === "message" && (receive = listener));
  vi.stubGlobal("fetch", response);
  init.mockImplementation((how: { module_or_path: Response }) => compile(how.module_or_path));
  await import("./worker");
  receive({ data: { type: "start", wanted: "cpu" } });
  const end = await vi.waitUntil(() => heard.find(({ type }) => type !== "loading"));
  return { shares: heard.flatMap((message) => (message.type === "loading" ? [message.share] : [])), end: end.type === "died" ? end.error.code : end.type };
}

/** A body of so many of its four bytes, which breaks off before the rest. */
function body(bytes: number): Response {
  let given = 0;
  const source = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (given++ < bytes) return controller.enqueue(new Uint8Array(1));
      if (bytes < 4) controller.error(new TypeError("network error"));
      else controller.close();
    },
  });
  return new Response(source);
}

it("tells of a download from its begin to its end", async () => {
  expect(await start(() => Promise.resolve(body(4)))).toEqual({ shares: [0, 0.25, 0.5, 0.75, 1, 1], end: "started" });
});

it("tells the end though there is less than was built", async () => {
  const short = new Response(new Uint8Array(2));
  expect(await start(() => Promise.resolve(short))).toEqual({ shares: [0, 0.5, 1], end: "started" });
});

it.each([
  ["is not there", () => Promise.reject(new TypeError("Failed to fetch"))],
  ["breaks off", () => Promise.resolve(body(2))],
  ["has no engine", () => Promise.resolve(new Response(null, { status: 404 }))],
])("lays it to the network that it %s", async (_, response) => {
  expect((await start(response)).end).toBe("not_loaded");
});

it.each([
  ["at its end", whole],
  ["on the way", async (engine: Response) => engine.body!.getReader().read()],
])("does not lay it to the network that what comes is no engine, seen %s", async (_, read) => {
  const compile = async (engine: Response): Promise<never> => {
    await read(engine);
    throw new WebAssembly.CompileError("no engine");
  };
  expect((await start(() => Promise.resolve(body(4)), compile)).end).toBe("not_started");
});
