import { expect, it } from "vitest";

import type { SampleView } from "../../engine/generated/types";
import { soften } from "./soften";

const view = (role: SampleView["role"], logits: number[]): SampleView => ({ role, logits, probabilities: [], entropy: 0, kl: 0 });

it("gives probabilities, entropy and KL of known logits", () => {
  const [teacher, student] = soften([view("teacher", [2 * Math.log(3), 0]), view("distilled", [0, 0])], 2) as [SampleView, SampleView];
  expect(teacher.probabilities[0]).toBeCloseTo(0.75, 12);
  expect(teacher.entropy).toBeCloseTo(-0.75 * Math.log(0.75) - 0.25 * Math.log(0.25), 12);
  expect(teacher.kl).toBeCloseTo(0, 12);
  expect(student.entropy).toBeCloseTo(Math.log(2), 12);
  expect(student.kl).toBeCloseTo(0.75 * Math.log(1.5) + 0.25 * Math.log(0.5), 12);
});

it("is finite where logits are large", () => {
  const [only] = soften([view("teacher", [4000, -4000])], 1) as [SampleView];
  expect([only.probabilities, only.entropy]).toEqual([[1, 0], 0]);
});
