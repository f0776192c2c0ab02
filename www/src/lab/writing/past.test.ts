import { expect, it } from "vitest";

import type { Phase } from "../../engine/protocol";
import { remember, type Past } from "./past";

const reading = (step: number, prompt = 0, phase: Phase = "students"): Past => ({ phase, event: { type: "read", step, prompt, prompts: 140, text: "?", answers: [], writings: [] } });
const after = (...readings: Past[]): number[] => readings.reduce<Past[]>(remember, []).map(({ event }) => event.step);

it("keeps the last readings of one prompt, each step once", () => {
  expect(after(reading(0), reading(10), reading(10), reading(20))).toEqual([0, 10, 20]);
  expect(after(...Array.from({ length: 9 }, (_, step) => reading(step)))).toEqual([3, 4, 5, 6, 7, 8]);
});

it("begins anew with another prompt", () => {
  expect(after(reading(10), reading(10, 1))).toEqual([10]);
});

it("keeps what came before the students began, whatever its step", () => {
  expect(after(reading(200, 0, "teacher"), reading(0), reading(10))).toEqual([200, 0, 10]);
});

it("forgets what came after the place that a run goes on from", () => {
  expect(after(reading(10), reading(20), reading(30), reading(15))).toEqual([10, 15]);
});
