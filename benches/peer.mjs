// Distillery as an engine of the peer benchmark: the fixed workloads W1 (MLP), W2 (decoder) and W3 (CNN) that TensorFlow.js, jax-js and PyTorch also train.
// Lies beside distillery.js when it is used: copy it into pkg/ and name that folder to the benchmark.
import init, { Peer } from './distillery.js';

const BACKENDS = { wasm: 'cpu', webgpu: 'webgpu' };

export function make(backend) {
  let peer;
  return {
    name: `distillery:${backend}`,
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
        dispose: () => model.free(),
      };
    },
  };
}
