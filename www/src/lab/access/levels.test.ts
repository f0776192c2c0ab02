import { describe, expect, it } from "vitest";

import { open, told, toldOfToken } from "./levels";

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

  it("tell of a written token what is among the k likeliest", () => {
    const others = [["cat", 0.5], ["dog", 0.2]] as const;
    const token = { probability: 0.3, others };
    expect(toldOfToken(token, "logits", 1)).toEqual({ own: true, others: 2 });
    expect(toldOfToken(token, "top_k", 1), "another is likelier").toEqual({ own: false, others: 1 });
    expect(toldOfToken(token, "top_k", 2), "with the likelier one").toEqual({ own: true, others: 1 });
    expect(toldOfToken({ ...token, probability: 0.6 }, "top_k", 1), "it is the likeliest").toEqual({ own: true, others: 0 });
    expect(toldOfToken(token, "labels", 3)).toEqual({ own: false, others: 0 });
  });

  it("leave a bare answer without any probability", () => {
    expect(told(LOGITS, "labels", 3, 4).map(({ seen }) => seen)).toEqual([1, 0, 0, 0]);
  });
});
