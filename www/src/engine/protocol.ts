/** What the page and the Worker say to each other, around the engine's own commands and replies. */
import type { Command, EngineEvent, Reply } from "./generated/types";

export type * from "./generated/types";

/** Version of experiments, as in `src/spec/experiment.rs`; the engine refuses any other. */
export const VERSION = 1;

export type Backend = "webgpu" | "cpu";
/** `auto` takes WebGPU where there is a real adapter, `webgpu` also where the adapter computes on the CPU. */
export type Wanted = Backend | "auto";

export type Opened = Extract<Reply, { type: "opened" }>;
export type EngineError = Extract<EngineEvent, { type: "error" }>;
export type SelfTest = Omit<Extract<EngineEvent, { type: "self_tested" }>, "type">;

/** Why the CPU backend runs. Each has a text, `cpu.<reason>`. */
export type CpuReason = "asked" | "no_webgpu" | "no_adapter" | "software_adapter" | "self_test" | "failed" | "failed_twice" | "too_slow";

export interface Started {
  backend: Backend;
  adapter: string;
  /** Null on the CPU backend: it is the one that the others are compared with. */
  selfTest: SelfTest | null;
}

export type ToWorker =
  | { type: "start"; wanted: Wanted }
  | { type: "send"; id: number; command: Command }
  /** For tests: destroys the GPU device under the engine. */
  | { type: "lose_device" }
  /** For tests: an exception that nothing catches. */
  | { type: "crash" };

export type FromWorker =
  /** Share of the wasm that has arrived. */
  | { type: "loading"; share: number }
  /** The engine is there and is being compared with the CPU backend. */
  | { type: "testing" }
  | { type: "started"; started: Started }
  /** WebGPU cannot or should not be used here; nothing was loaded. */
  | { type: "no_gpu"; reason: CpuReason }
  /** `ms` is what the engine took; the way to the page and back is not its fault. */
  | { type: "replies"; id: number; replies: Reply[]; ms: number }
  | { type: "died"; error: EngineError };

/** An error of the page's own side, in the engine's form. `code` has a text like those of the engine. */
export function failure(code: string, message: string): EngineError {
  return { type: "error", code, message, key: null, value: null, allowed: null, fatal: true };
}

/** Whether something thrown or sent is an error event. */
function isEngineError(value: unknown): value is EngineError {
  return typeof value === "object" && value !== null && "type" in value && value.type === "error" && "code" in value;
}

/** The error in a thrown value, whatever it is. */
export function asError(thrown: unknown, code: string): EngineError {
  if (isEngineError(thrown)) return thrown;
  return failure(code, thrown instanceof Error ? thrown.message : String(thrown));
}
