// The wasm package of build.sh, as far as the Worker uses it, so that lint and type check do not need a built wasm.

declare module "distillery" {
  /** Loads the module from a response. */
  export default function init(options: { module_or_path: Response }): Promise<unknown>;

  export class Engine {
    private constructor();
    static create(backend: "webgpu" | "cpu"): Promise<Engine>;
    ready(): import("./generated/types").EngineEvent;
    send(command: import("./generated/types").Command): Promise<import("./generated/types").Reply[]>;
  }
}

declare module "distillery/*.wasm?url" {
  const url: string;
  export default url;
}

declare module "*.safetensors?url" {
  const url: string;
  export default url;
}

/** Size of the wasm, from the build: a compressed response does not say how long it is. */
declare const __WASM_BYTES__: number;
