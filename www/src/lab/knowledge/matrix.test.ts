import { describe, expect, it } from "vitest";

import type { Study } from "../../engine/generated/types";
import { likenessOfNothing, loudest, share, wrongScale } from "./matrix";

const A = [0.9, 0.08, 0.02, 0.1, 0.8, 0.1, 0.0, 0.2, 0.8];
const B = [0.4, 0.3, 0.3, 0.1, 0.5, 0.4, 0.3, 0.3, 0.4];
const study = (similarity: number[]): Study => ({ role: "teacher", similarity, seen: null, likeness: null, entropy: 0, confusions: [] });

describe("class-similarity matrices", () => {
  it("look for the loudest class off the diagonal only", () => {
    expect(loudest(A, 3)).toEqual({ label: 2, said: 1 });
    expect(share(A, 3, { label: 2, said: 1 })).toBe(0.2);
    expect(loudest([1], 1)).toBeNull();
  });

  it("say how alike no pattern at all would be", () => {
    expect(likenessOfNothing([0.8, 0.1, 0.1, 0.2, 0.6, 0.2, 0.1, 0.1, 0.8], 3)).toBeCloseTo(1);
    // All on one of two wrong classes: cos 45°.
    expect(likenessOfNothing([0.9, 0.1, 0, 0.1, 0.9, 0, 0.1, 0, 0.9], 3)).toBeCloseTo(Math.SQRT1_2);
    expect(likenessOfNothing([1, 0, 0, 1], 2)).toBe(0);
  });

  it("share one scale, whichever has the largest wrong share", () => {
    expect(wrongScale([study(A), study(B)], 3)).toBe(0.4);
  });
});
