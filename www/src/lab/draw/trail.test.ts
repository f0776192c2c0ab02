import { describe, expect, it } from "vitest";

import type { Phase } from "../../engine/protocol";
import { cellOf, hear, MOST, spans, type Heard } from "./trail";

const heard = (step: number, phase: Phase = "students"): Heard => ({ phase, event: { type: "opinion", step, temperature: 4, views: [] } });
const after = (...all: Heard[]): number[] => all.reduce<Heard[]>(hear, []).map(({ event }) => event.step);

describe("what was heard of a drawing", () => {
  it("has each step once, the teacher's own before the students'", () => {
    expect(after(heard(0, "teacher"), heard(30, "teacher"), heard(0), heard(10), heard(10))).toEqual([0, 30, 0, 10]);
    expect(after(heard(10), heard(20), heard(15)), "a run that was resumed").toEqual([10, 15]);
  });

  it("is thinned from the beginning to now", () => {
    const steps = after(...Array.from({ length: 5 * MOST }, (_, step) => heard(step)));
    expect(steps.length).toBeLessThanOrEqual(MOST);
    expect([steps[0], steps.at(-1)]).toEqual([0, 5 * MOST - 1]);
  });
});

it("an opinion is as wide as it stood", () => {
  expect(spans([])).toEqual([]);
  expect(spans([heard(5)])).toEqual([1]);
  expect(spans([heard(0, "teacher"), heard(30, "teacher"), heard(0), heard(25), heard(26)])).toEqual([30, 1, 25, 1, 1]);
});

it("a cell shows the likeliest class, or the one that was chosen", () => {
  const view = { role: "alone", logits: [0, Math.log(3)], probabilities: [], entropy: 0, kl: 0 } as const;
  expect(cellOf({ ...view, logits: [...view.logits], probabilities: [] }, null)).toEqual({ klass: 1, probability: expect.closeTo(0.75) });
  expect(cellOf({ ...view, logits: [...view.logits], probabilities: [] }, 0).probability).toBeCloseTo(0.25);
});
