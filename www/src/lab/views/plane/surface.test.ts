import { describe, expect, it } from "vitest";
import type { Point, Surface } from "../../../engine/generated/types";
import { meanConfidence, rightShare, sameShare, spots } from "./surface";

// Two cells a side: class 0 above, class 1 below.
const surface: Surface = { role: "teacher", classes: [0, 0, 1, 1], confidence: [255, 255, 51, 51] };
const point = (x: number, y: number, klass: number): Point => ({ x, y, class: klass, labelled: true });

describe("a surface in numbers", () => {
  it("has a mean confidence", () => expect(meanConfidence(surface)).toBeCloseTo(0.6));
  it("compares with another", () => expect(sameShare(surface, { ...surface, classes: [0, 1, 1, 1] })).toBe(0.75));
  it("counts the points in their own region, with y upwards", () => {
    const points = [point(-1, 1, 0), point(1, -1, 1), point(1, 1, 1)];
    expect(rightShare(surface, points, 2, 1.2)).toBeCloseTo(2 / 3);
  });
  it("keeps points on the edge inside", () => expect(rightShare(surface, [point(1.2, -1.2, 1)], 2, 1.2)).toBe(1));
});

it("a surface is read at places of its own, from the top row down", () => {
  const { x, rows } = spots(surface, 2, 1, 2);
  expect(x).toEqual([-0.5, 0.5]);
  expect(rows.map(({ y }) => y)).toEqual([0.5, -0.5]);
  expect(rows.map((row) => row.spots[0])).toEqual([{ class: 0, confidence: 1 }, { class: 1, confidence: 0.2 }]);
});
