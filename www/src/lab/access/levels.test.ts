import { describe, expect, it } from "vitest";

import { open, told } from "./levels";

const LOGITS = [0, 2, -1, 1];

describe("access levels", () => {
  it("contain one another", () => {
    expect(open("labels", "top_k")).toBe(true);
    expect(open("logits", "top_k")).toBe(false);
    expect(open("hidden", "hidden")).toBe(true);
  });

  it("share what the top k leaves evenly, as the loss does", () => {
    const rows = told(LOGITS, "top_k", 2, 1);
    expect(rows.map(({ klass }) => klass)).toEqual([1, 3, 0, 2]);
    expect(rows.map((row) => row.told)).toEqual([true, true, false, false]);
    expect(rows[2]!.seen).toBeCloseTo((rows[2]!.probability + rows[3]!.probability) / 2);
    expect(rows.reduce((sum, row) => sum + row.seen, 0)).toBeCloseTo(1);
  });

  it("soften the target with the temperature", () => {
    const [hot, cold] = [told(LOGITS, "logits", 3, 4), told(LOGITS, "logits", 3, 1)];
    expect(cold.map(({ target }) => target)).toEqual(cold.map(({ seen }) => expect.closeTo(seen, 9)));
    expect(hot[0]!.target / hot[3]!.target).toBeCloseTo(Math.exp(3 / 4));
  });

  it("hide nothing when one class at most is left: it can be worked out", () => {
    expect(told(LOGITS, "top_k", 3, 4).every((row) => row.told)).toBe(true);
  });

  it("leave a bare answer without any probability", () => {
    expect(told(LOGITS, "labels", 3, 4).map(({ seen }) => seen)).toEqual([1, 0, 0, 0]);
  });
});
