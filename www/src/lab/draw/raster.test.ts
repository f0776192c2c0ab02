// A drawing becomes a picture like those of the data: where its ink lies and how much of it there is.
import { describe, expect, it } from "vitest";

import { render, type Place, type Stroke } from "./raster";

const line = (...places: Place[]): Stroke => ({ places, rubs: false });
const bar = line([0.8, 0.7], [0.8, 0.95]);
const circle = line(...Array.from({ length: 33 }, (_, i): Place => [0.3 + 0.1 * Math.cos((i * Math.PI) / 16), 0.3 + 0.1 * Math.sin((i * Math.PI) / 16)]));

const digit = (...strokes: Stroke[]): number[] => render(null, strokes, 8, "digits", true);
const share = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const column = (values: number[], x: number): number => values.filter((_, cell) => cell % 8 === x).reduce((sum, value) => sum + value, 0);

describe("render", () => {
  it("has the share of ink that the digits of the data have, wherever and however small one draws", () => {
    for (const strokes of [[bar], [circle], [bar, circle]]) expect(share(digit(...strokes))).toBeCloseTo(0.3, 1);
  });

  it("centres a digit, fills the height and leaves the outer columns free", () => {
    for (const values of [digit(bar), digit(circle)]) {
      expect(Math.max(...values.slice(0, 8))).toBeGreaterThan(0.3);
      expect(Math.max(...values.slice(-8))).toBeGreaterThan(0.3);
      expect(column(values, 0) + column(values, 7)).toBe(0);
      expect(column(values, 3)).toBeCloseTo(column(values, 4), 5);
    }
  });

  it("keeps a zero open and its sides apart", () => {
    const zero = digit(circle);
    expect(zero[3 * 8 + 3]! + zero[4 * 8 + 4]!).toBeLessThan(0.2);
    expect(zero[3 * 8 + 1]! + zero[3 * 8 + 2]!).toBeGreaterThan(0.5);
  });

  it("counts in sixteenths", () => {
    for (const value of digit(circle)) expect(value * 16).toBeCloseTo(Math.round(value * 16), 9);
  });

  it("draws a dot, and nothing where nothing is drawn", () => {
    expect(share(digit(line([0.1, 0.1])))).toBeGreaterThan(0.02);
    expect(share(digit())).toBe(0);
  });

  it("fills the outline of a garment and keeps its proportions", () => {
    const wide = line([0.2, 0.4], [0.6, 0.4], [0.6, 0.6], [0.2, 0.6], [0.2, 0.4]);
    const filled = render(null, [wide], 14, "fashion", true);
    const hollow = render(null, [wide], 14, "fashion", false);
    expect(filled[7 * 14 + 7]).toBeCloseTo(0.7, 1);
    expect(hollow[7 * 14 + 7]).toBe(0);
    expect(share(filled.slice(0, 14 * 2))).toBe(0);
    expect(filled[7 * 14]).toBeGreaterThan(0.3);
  });

  it("draws and rubs in place on a picture", () => {
    const base = Array.from({ length: 64 }, (_, cell) => (cell % 8 === 4 ? 0.5 : 0));
    const drawn = render(base, [line([0.06, 0.06], [0.07, 0.07])], 8, "digits", true);
    expect(drawn[0]).toBeGreaterThan(0.2);
    expect(drawn.slice(8)).toEqual(base.slice(8));
    const rubbed = render(base, [{ places: [[0.5625, 0], [0.5625, 1]], rubs: true }], 8, "digits", true);
    expect(share(rubbed)).toBeLessThan(share(base));
  });
});
