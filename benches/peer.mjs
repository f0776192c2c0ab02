// Distillery as an engine of protocol.mjs: the fixed workloads W1 (MLP), W2 (decoder) and W3 (CNN) that TensorFlow.js, jax-js and PyTorch also train.
// The benchmarks copy it into pkg/, beside distillery.js.
import init, { Peer } from "./distillery.js";

const BACKENDS = { wasm: "cpu", webgpu: "webgpu" };

export function make(backend) {
  let peer;
  return {
    async init() {
      await init();
      peer = await Peer.create(BACKENDS[backend]);
      return `distillery ${backend}, ${peer.adapter()}`;
    },
    async create(workload) {
      const model = peer.workload(workload);
      return {
        step: (k) => model.step(k),
        read: (loss) => loss.read(),
        drop: (loss) => loss.free(),
      };
    },
  };
}
