import { describe, expect, it } from "vitest";

import type { Pull } from "../../engine/generated/types";
import { presetValues } from "../knobs";
import { arrows, concord, degrees, lossTerms, type Dissected } from "./stages";

const pull = (parts: Partial<Pull>): Pull => ({ name: "", hard: 3, soft: 4, features: 0, total: 5, cosine: 0, weights: 1, update: 1, ...parts });

describe("arrows", () => {
  it("keep lengths in proportion and the true angle, and end in the box", () => {
    const found = arrows(pull({ cosine: Math.cos(2), soft: 6 }), 200, 100)!;
    const way = (end: { x: number; y: number }): [number, number] => [end.x - found.from.x, found.from.y - end.y];
    const [[hx, hy], [sx, sy]] = [way(found.hard), way(found.soft)];
    expect(Math.hypot(sx, sy) / Math.hypot(hx, hy)).toBeCloseTo(2);
    expect(Math.atan2(sy, sx) - Math.atan2(hy, hx)).toBeCloseTo(2);
    for (const { x, y } of [found.from, found.hard, found.soft, found.sum!]) {
      expect(x).toBeGreaterThanOrEqual(-1e-9);
      expect(x).toBeLessThanOrEqual(200 + 1e-9);
      expect(y).toBeGreaterThanOrEqual(-1e-9);
      expect(y).toBeLessThanOrEqual(100 + 1e-9);
    }
  });

  it("are none where nothing pulls, and have no sum where something else pulls", () => {
    expect(arrows(pull({ hard: 0, soft: 0, total: 0 }), 10, 10)).toBeNull();
    expect(arrows(pull({ features: 2 }), 10, 10)?.sum).toBeNull();
    expect(arrows(pull({ hard: 0 }), 10, 10)?.hard).toEqual(arrows(pull({ hard: 0 }), 10, 10)?.from);
  });
});

it("the angle has a word, unless there is only one pull", () => {
  expect([0.9, 0, -0.9].map((cosine) => concord(pull({ cosine })))).toEqual(["same", "across", "against"]);
  expect(concord(pull({ hard: 0 }))).toBe("alone");
  expect(degrees(0)).toBeCloseTo(90);
});

it("the loss is the sum of its terms with the weights of the step, not of the controls", () => {
  const losses = { role: "distilled", total: 0.5 * 2 + 0.5 * 9 * 0.1, hard: 2, soft: 0.1, hint: null, attention: null } as const;
  const step = { alpha: 0.5, scale: 9, temperature: 3, losses } as unknown as Dissected;
  const terms = lossTerms(step, presetValues("first-light"));
  expect(terms.map(({ weights }) => weights)).toEqual([[0.5], [0.5, 9]]);
  expect(terms.reduce((sum, term) => sum + term.contribution!, 0)).toBeCloseTo(losses.total);
  expect(lossTerms({ ...step, scale: 1 }, presetValues("first-light"))[1]!.weights).toEqual([0.5]);
});
