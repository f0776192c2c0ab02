import { describe, expect, it } from "vitest";

import { pointAt, readPoints, writePoints } from "./added";

describe("the visitor's own points", () => {
  it("survive the address", () => {
    const points = [pointAt([0.123, -1.4], 3), pointAt([-0.5, 0], 0)];
    expect(points[0]).toEqual({ x: 0.12, y: -1, klass: 3 });
    expect(readPoints(writePoints(points))).toEqual(points);
    expect(readPoints(writePoints([]))).toEqual([]);
  });

  it.each(["", "1_2", "0_0_0_0", "2_0_0", "0_0_10", "0_0_1.5", "a_0_0", "0_0_1,"])("are refused as %j", (text) => {
    expect(readPoints(text)).toBeNull();
  });
});
