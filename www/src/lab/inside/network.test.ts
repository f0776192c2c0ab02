// Against PyTorch (tests/reference/classifier.py).
import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { forward, networkOf } from "./network";
import { readTensors } from "./safetensors";

interface Case {
  shape: number[];
  input: number[];
  maps: number[][];
  layers: number[][];
  file: string;
}
const reference = JSON.parse(readFileSync(new URL("../../../../tests/reference/classifier.json", import.meta.url), "utf8")) as Record<"mlp" | "cnn", Case>;
const bytesOf = (one: Case): Uint8Array => Uint8Array.from(Buffer.from(one.file, "base64"));

describe("a network that is read from its weights", () => {
  for (const kind of ["mlp", "cnn"] as const) {
    it(`answers as in PyTorch: ${kind}`, () => {
      const one = reference[kind];
      const answers = forward(networkOf(readTensors(bytesOf(one))), one.input, one.shape);
      const near = (values: number[]): unknown[] => values.map((value) => expect.closeTo(value, 4) as unknown);
      expect(answers.maps.map(({ values }) => [...values])).toEqual(one.maps.map(near));
      expect(answers.layers.map((layer) => [...layer])).toEqual(one.layers.map(near));
    });
  }

  it("is the first of an ensemble", () => {
    const tensors = readTensors(bytesOf(reference.mlp));
    const both = new Map([...tensors].flatMap(([name, values]) => [[`0.${name}`, values], [`1.${name}`, { ...values, values: values.values.map(() => 0) }]] as const));
    expect(networkOf(both)).toEqual(networkOf(tensors));
  });
});

describe("a file that is no safetensors", () => {
  it("is refused", () => {
    const bytes = bytesOf(reference.mlp);
    expect(() => readTensors(bytes.slice(0, 4))).toThrow("no header");
    expect(() => readTensors(bytes.slice(0, 20))).toThrow("longer than the file");
    expect(() => readTensors(bytes.slice(0, -1))).toThrow("does not fit");
  });
});
