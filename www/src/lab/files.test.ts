// What is refused before it is read.
import { expect, it, vi } from "vitest";

import { MAX_BYTES, MAX_METRICS, take } from "./files";
import type { Lab } from "./lab.svelte";

function visitor() {
  const said: string[] = [];
  const lab = { notices: { fail: ({ code, value }: { code: string; value: string }) => said.push(`${code} ${value}`), say: vi.fn() }, intake: { experiment: vi.fn(), tensors: vi.fn() } };
  return { lab: lab as unknown as Lab, opened: lab.intake, said };
}

/** Of a size, without the bytes. */
const file = (name: string, size: number) => ({ name, size, text: vi.fn(() => Promise.resolve("{}")), arrayBuffer: vi.fn(() => Promise.resolve(new ArrayBuffer(8))) });

it.each([
  ["checkpoint.safetensors", MAX_BYTES],
  ["experiment.json", MAX_BYTES],
  ["metrics.jsonl", MAX_METRICS],
])("%s that is larger than any that the page takes is refused by name, and not read", async (name, most) => {
  const { lab, opened, said } = visitor();
  const large = file(name, most + 1);
  await take(lab, large as unknown as File);
  expect(said).toEqual([`file_size ${name}`]);
  expect([large.text, large.arrayBuffer, opened.experiment, opened.tensors].flatMap(({ mock }) => mock.calls)).toEqual([]);
});

it("a file of the largest size is read", async () => {
  const { lab, opened, said } = visitor();
  await take(lab, file("checkpoint.safetensors", MAX_BYTES) as unknown as File);
  expect([opened.tensors.mock.calls.length, said]).toEqual([1, []]);
});
