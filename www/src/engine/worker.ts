/**
 * The Worker: one device, one engine, one process that can be thrown away. After a panic the state of wasm is undefined, so any failure
 * that is not an answer is reported as `died` and the page starts another Worker.
 */
import init, { Engine } from "distillery";
import wasmUrl from "distillery/distillery_bg.wasm?url";

import { destroyDevices, obstacle, watchDevices } from "./gpu";
import { asError, failure, type Backend, type Command, type EngineError, type FromWorker, type SelfTest, type ToWorker, type Wanted } from "./protocol";

let engine: Engine | null = null;
/** The panic hook writes its message to the console, and then the trap says only `unreachable`. */
let panic: string | null = null;
let dead = false;
/** Ends with the last command that was sent: the engine is lent to one at a time. */
let last = Promise.resolve();

function post(message: FromWorker): void {
  postMessage(message);
}

function die(error: EngineError): void {
  if (dead) return;
  dead = true;
  post({ type: "died", error: panic === null ? error : failure("panic", panic) });
}

const log = console.error.bind(console);
console.error = (...parts: unknown[]) => {
  const text = parts.map(String).join(" ");
  if (text.includes("panicked at")) panic = text.split("\n\nStack:")[0] ?? text;
  log(...parts);
};
addEventListener("error", (event) => die(failure("crashed", event.message)));
addEventListener("unhandledrejection", (event) => die(asError(event.reason, "crashed")));
watchDevices((message) => die(failure("device_lost", message)));

/** Fetches the wasm and tells how much has come, while it is compiled on the way. */
async function load(): Promise<void> {
  let loaded = 0;
  let whole = false;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      loaded += chunk.byteLength;
      post({ type: "loading", share: Math.min(1, loaded / __WASM_BYTES__) });
      controller.enqueue(chunk);
    },
    // Whatever was built: from here on it is the device that is waited for.
    flush() {
      whole = true;
      post({ type: "loading", share: 1 });
    },
  });
  post({ type: "loading", share: 0 });
  try {
    const response = await fetch(wasmUrl);
    if (!response.ok || response.body === null) throw failure("not_loaded", `${response.status} ${wasmUrl}`);
    await init({ module_or_path: new Response(response.body.pipeThrough(counter), { headers: { "content-type": "application/wasm" } }) });
  } catch (thrown) {
    // A line that breaks speaks against no device: the engine can be had for none.
    throw whole || thrown instanceof WebAssembly.CompileError ? thrown : asError(thrown, "not_loaded");
  }
}

async function selfTest(made: Engine): Promise<SelfTest> {
  post({ type: "testing" });
  for (const reply of await made.send({ type: "self_test" })) {
    if (reply.type === "error") throw reply;
    if (reply.type === "self_tested") return reply;
  }
  throw failure("crashed", "the self-test gave no answer");
}

async function start(wanted: Wanted): Promise<void> {
  let backend: Backend = "cpu";
  if (wanted !== "cpu") {
    const reason = await obstacle(wanted === "auto");
    if (reason !== null) return post({ type: "no_gpu", reason });
    backend = "webgpu";
  }
  await load();
  const made = await Engine.create(backend);
  const ready = made.ready();
  const adapter = ready.type === "ready" ? ready.adapter : "";
  const test = backend === "webgpu" ? await selfTest(made) : null;
  engine = made;
  post({ type: "started", started: { backend, adapter, selfTest: test } });
}

async function carryOut(id: number, command: Command): Promise<void> {
  if (engine === null || dead) return;
  const begin = performance.now();
  try {
    const replies = await engine.send(command);
    post({ type: "replies", id, replies, ms: performance.now() - begin });
  } catch (thrown) {
    die(asError(thrown, "crashed"));
  }
}

addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  switch (data.type) {
    case "start":
      start(data.wanted).catch((thrown: unknown) => die(asError(thrown, "not_started")));
      break;
    case "send":
      last = last.then(() => carryOut(data.id, data.command));
      break;
    case "lose_device":
      destroyDevices();
      break;
    case "crash":
      setTimeout(() => {
        throw new Error("crashed on request");
      });
      break;
  }
});
