import { describe, expect, it } from "vitest";

import type { Study } from "../../engine/generated/types";
import { hatching, likenessOfNothing, loudest, share, strength, wrongScale } from "./matrix";
import { matrixSvg } from "./matrixSvg";

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

  it("draw the right classes only where they are on the scale", () => {
    expect(A.map((value, index) => Number(strength(value, index, 3, 0.4, false).toFixed(3)))).toEqual([0, 0.2, 0.05, 0.25, 0, 0.25, 0, 0.5, 0]);
    expect(strength(0.9, 0, 3, 0.2, true)).toBe(1);
    expect(strength(0.1, 1, 3, 0, false)).toBe(0);
  });

  it("stand in a file with their names, their cells and what is hidden of them", () => {
    const look = { ink: "black", muted: "grey", grid: "silver", surface: "white", font: "sans-serif", accent: "blue" };
    const told = [1, 0.2, 1, 1, 1, 1, 0, 1, 1];
    const text = matrixSvg({ matrix: A, told, classes: ["ankle <boot>", "bag", "coat"], scale: 0.2, diagonal: false }, 280, look);
    expect(text.match(/>ankle &#60;boot&#62;</g)).toHaveLength(2);
    expect(text.match(/fill="blue"/g)).toHaveLength(9);
    for (const part of [">90%<", ">80%<"]) expect(text).toContain(part);
    expect(hatching(told, 3, 10).match(/l10 -10/g)).toHaveLength(2);
    expect(hatching(null, 3, 10)).toBe("");
    expect(text).not.toMatch(/NaN|undefined|var\(/);
  });
});
