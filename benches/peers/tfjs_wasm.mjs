// TensorFlow.js on its WebAssembly backend, whose program lies beside the page. Threads need an isolated page; with two asked for on two cores,
// version 4.22 took one.
import { getThreadsCount, setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";

import { make as makeOn } from "./tfjs.mjs";

export function make(backend) {
  const engine = makeOn(backend);
  return {
    ...engine,
    async init() {
      setWasmPaths("/");
      if (crossOriginIsolated) setThreadsCount(navigator.hardwareConcurrency);
      const info = await engine.init();
      return `${info}, threads: ${getThreadsCount()}`;
    },
  };
}
