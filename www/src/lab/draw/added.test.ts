import { describe, expect, it } from "vitest";

import { pending, pointAt, readPoints, writePoints } from "./added";

describe("the visitor's own points", () => {
  it("survive the address", () => {
    const points = [pointAt([0.123, -1.4], 3), pointAt([-0.5, 0], 0)];
    expect(points[0]).toEqual({ x: 0.12, y: -1, klass: 3 });
    expect(readPoints(writePoints(points))).toEqual(points);
    expect(readPoints(writePoints([]))).toEqual([]);
  });

  it("wait as long as the run does not know them, each as often as it was placed", () => {
    const [one, other] = [pointAt([0, 0], 1), pointAt([0.5, 0], 1)];
    expect(pending([one, one, other], [one])).toEqual([one, other]);
    expect(pending([one], [one, other]), "a point that was taken away waits for nothing").toEqual([]);
  });

  it.each(["", "1_2", "0_0_0_0", "2_0_0", "0_0_10", "0_0_1.5", "a_0_0", "0_0_1,"])("are refused as %j", (text) => {
    expect(readPoints(text)).toBeNull();
  });
});
