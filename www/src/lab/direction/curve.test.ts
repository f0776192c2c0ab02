import { describe, expect, it } from "vitest";

import { HEIGHT, WIDTH, ceiling, path, verdict, stretches } from "./curve";

describe("the curves of the direction panel", () => {
  it("run from edge to edge and stand on the ground where they are filled", () => {
    const closed = path([0, 0.5, 1], 1, true);
    expect(closed.startsWith(`M0.0 ${HEIGHT}.0`)).toBe(true);
    expect(closed).toContain(`L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`);
    expect(path([0, 1], 1, false)).not.toContain("Z");
  });

  it("are not flattened by a needle", () => {
    expect(ceiling([0.1, 0.2], [[0.9]])).toBeCloseTo(0.4);
    expect(ceiling([0.1, 0.2], [[0.3]])).toBeCloseTo(0.3);
  });

  it("are named by the modes that hold mass", () => {
    const target = [0.58, 0.04, 0.38];
    expect(verdict([0.4, 0.3, 0.3], target)).toBe("covers");
    expect(verdict([0.98, 0.02, 0], target)).toBe("left");
    expect(verdict([0, 0.02, 0.98], target)).toBe("right");
    expect(verdict([0.05, 0.9, 0.05], target)).toBe("between");
  });
});

it("a curve in stretches loses no probability", () => {
  const made = stretches([-2, -1, 0, 1, 2], [0.1, 0.2, 0.4, 0.2, 0.1], 3);
  expect(made.map(({ middle }) => middle)).toEqual([-1.5, 0.5, 2]);
  expect(made.map(({ share }) => share.toFixed(2))).toEqual(["0.30", "0.60", "0.10"]);
});
