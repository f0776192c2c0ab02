/** A classifier made of the engine's weights, and its forward pass (src/model/network.rs): 3×3 convolutions with 2×2 max pools, then dense layers, ReLU between. */
import type { TensorValues } from "./safetensors";

interface Convolution {
  into: number;
  out: number;
  /** `[out, in, 3, 3]`. */
  weight: Float32Array;
  bias: Float32Array;
}

export interface Dense {
  into: number;
  out: number;
  /** `[in, out]`. */
  weight: Float32Array;
  bias: Float32Array;
}

export interface Network {
  convolutions: readonly Convolution[];
  dense: readonly Dense[];
}

/** The maps of a convolution after its ReLU, before its pool. */
interface Maps {
  height: number;
  width: number;
  /** `[channels, height, width]`. */
  values: Float32Array;
}

export interface Answers {
  maps: Maps[];
  /** Of each dense layer: after its ReLU, and of the last one the logits. */
  layers: Float32Array[];
}

/** The network in a file of weights; of an ensemble, whose names begin with a number, the first. */
export function networkOf(tensors: ReadonlyMap<string, TensorValues>): Network {
  const prefix = tensors.has("0.dense.0.weight") ? "0." : "";
  const layers = (kind: string): [TensorValues, TensorValues][] => {
    const found: [TensorValues, TensorValues][] = [];
    for (;;) {
      const name = `${prefix}${kind}.${found.length}`;
      const [weight, bias] = [tensors.get(`${name}.weight`), tensors.get(`${name}.bias`)];
      if (weight === undefined || bias === undefined) return found;
      found.push([weight, bias]);
    }
  };
  const sides = ({ shape }: TensorValues): [number, number] => [shape[0]!, shape[1]!];
  return {
    convolutions: layers("convs").map(([weight, bias]) => ({ out: sides(weight)[0], into: sides(weight)[1], weight: weight.values, bias: bias.values })),
    dense: layers("dense").map(([weight, bias]) => ({ into: sides(weight)[0], out: sides(weight)[1], weight: weight.values, bias: bias.values })),
  };
}

/** Multiplications of one forward pass through the dense layers. */
export const costOf = ({ dense }: Network): number => dense.reduce((sum, { into, out }) => sum + into * out, 0);

/** What every layer answers to an input; `shape` is `[channels, height, width]`, or `[features]`. */
export function forward(network: Network, input: ArrayLike<number>, shape: readonly number[]): Answers {
  const maps: Maps[] = [];
  let now = Float32Array.from(input);
  let [, height = 1, width = 1] = shape;
  for (const convolution of network.convolutions) {
    const map = { height, width, values: convolve(convolution, now, height, width) };
    maps.push(map);
    now = pool(map, convolution.out);
    [height, width] = [pooled(height), pooled(width)];
  }
  const layers: Float32Array[] = [];
  network.dense.forEach((layer, index) => {
    now = multiply(layer, now, index + 1 < network.dense.length);
    layers.push(now);
  });
  return { maps, layers };
}

function multiply({ into, out, weight, bias }: Dense, x: Float32Array, relu: boolean): Float32Array<ArrayBuffer> {
  const y = Float32Array.from(bias);
  for (let i = 0; i < into; i += 1) {
    const value = x[i]!;
    // After a ReLU most are.
    if (value === 0) continue;
    for (let o = 0, at = i * out; o < out; o += 1, at += 1) y[o]! += value * weight[at]!;
  }
  return relu ? y.map((value) => Math.max(0, value)) : y;
}

function convolve({ into, out, weight, bias }: Convolution, x: Float32Array, height: number, width: number): Float32Array {
  const y = new Float32Array(out * height * width);
  const size = height * width;
  for (let o = 0; o < out; o += 1) {
    y.fill(bias[o]!, o * size, (o + 1) * size);
    for (let i = 0; i < into; i += 1) {
      for (let tap = 0; tap < 9; tap += 1) {
        const w = weight[(o * into + i) * 9 + tap]!;
        const [down, right] = [Math.floor(tap / 3) - 1, (tap % 3) - 1];
        for (let row = Math.max(0, -down); row < Math.min(height, height - down); row += 1) {
          const [to, from] = [o * size + row * width, i * size + (row + down) * width + right];
          for (let column = Math.max(0, -right); column < Math.min(width, width - right); column += 1) y[to + column]! += w * x[from + column]!;
        }
      }
    }
  }
  return y.map((value) => Math.max(0, value));
}

/** Side of a map after a 2×2 pool: halved, rounded down, but never to nothing. */
const pooled = (side: number): number => (side > 1 ? Math.floor(side / 2) : side);

function pool({ height, width, values }: Maps, channels: number): Float32Array<ArrayBuffer> {
  const [rows, columns] = [pooled(height), pooled(width)];
  const [tall, wide] = [Math.min(2, height), Math.min(2, width)];
  const out = new Float32Array(channels * rows * columns);
  for (let cell = 0; cell < out.length; cell += 1) {
    const channel = Math.floor(cell / (rows * columns));
    const [row, column] = [Math.floor(cell / columns) % rows, cell % columns];
    let largest = -Infinity;
    for (let y = 0; y < tall; y += 1) {
      for (let x = 0; x < wide; x += 1) largest = Math.max(largest, values[(channel * height + row * tall + y) * width + column * wide + x]!);
    }
    out[cell] = largest;
  }
  return out;
}
