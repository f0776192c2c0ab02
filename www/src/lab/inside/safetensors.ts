/** Reads the tensors of a safetensors file: 8 bytes with the length of a JSON header, the header, the values. Only F32, which is what the engine writes. */

export interface TensorValues {
  shape: readonly number[];
  /** Row by row. */
  values: Float32Array;
}

interface Entry {
  dtype: string;
  shape: number[];
  /** From and to, counted from the end of the header. */
  data_offsets: [number, number];
}

/** Every tensor by its name. Throws where the file is none. */
export function readTensors(bytes: Uint8Array): Map<string, TensorValues> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) throw new Error("not a safetensors file: it has no header");
  const begin = 8 + Number(view.getBigUint64(0, true));
  if (begin > bytes.length) throw new Error("not a safetensors file: its header is longer than the file");
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, begin))) as Record<string, Entry>;
  const tensors = new Map<string, TensorValues>();
  for (const [name, { dtype, shape, data_offsets: offsets }] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    if (dtype !== "F32") throw new Error(`tensor \`${name}\` is of type ${dtype}, not F32`);
    const [from, to] = [begin + offsets[0], begin + offsets[1]];
    if (to > bytes.length || to - from !== 4 * shape.reduce((product, side) => product * side, 1)) throw new Error(`tensor \`${name}\` does not fit into the file`);
    // A copy: a header of any length leaves the values where no Float32Array may begin.
    tensors.set(name, { shape, values: new Float32Array(bytes.slice(from, to).buffer) });
  }
  return tensors;
}
