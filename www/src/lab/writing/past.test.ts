import { expect, it } from "vitest";

import type { Phase } from "../../engine/protocol";
import { MOST, momentOf, remember, type Past } from "./past";

const reading = (step: number, prompt = 0, phase: Phase = "students"): Past => ({ phase, event: { type: "read", step, prompt, prompts: 140, text: "?", answers: [], writings: [] } });
const after = (...readings: Past[]): number[] => readings.reduce<Past[]>(remember, []).map(({ event }) => event.step);

it("keeps the readings of one prompt, each step once", () => {
  expect(after(reading(0), reading(10), reading(10), reading(20))).toEqual([0, 10, 20]);
});

it("keeps a long run from its beginning to its end, at most so many readings", () => {
  const steps = Array.from({ length: 200 }, (_, step) => step);
  for (const end of [MOST, MOST + 1, 60, 200]) {
    const kept = after(...steps.slice(0, end).map((step) => reading(step)));
    expect([kept[0], kept.at(-1), kept.length <= MOST, kept.length >= MOST / 2]).toEqual([0, end - 1, true, true]);
  }
});

it("tells the students' beginning from the teacher's end", () => {
  expect(momentOf(reading(0))).not.toBe(momentOf(reading(0, 0, "teacher")));
  expect(momentOf(reading(20, 0, "finished")), "the end is a step of the students").toBe(momentOf(reading(20)));
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
