import { expect, it } from "vitest";

import { corner, layOut, unitAt } from "./layout";
import { respond } from "./response";
import { likeness, linksOf, rowsOf } from "./rows";
import type { Inside } from "./weights.svelte";

/** Four pixels, two units, three classes. */
const dense = [
  { into: 4, out: 2, weight: Float32Array.of(1, 0, 0, 1, -1, 0, 0, 2), bias: Float32Array.of(0, -1) },
  { into: 2, out: 3, weight: Float32Array.of(5, -1, 0, 0, 2, -3), bias: Float32Array.of(0, 0, 0) },
];
const image: Inside = { network: { convolutions: [], dense }, response: null };

it("a tile of the first layer holds what its unit gives to each pixel", () => {
  const [first, classes] = rowsOf(image, [1, 0.5, 0, 1], [1, 2, 2]);
  expect(first).toMatchObject({ kind: "weights", units: 2, shown: 2 });
  expect([...first!.strips[0]!.values]).toEqual([1, 0, -1, 0, 0, 1, 0, 2]);
  expect([...first!.answers as Float32Array]).toEqual([1, 1.5]);
  expect(classes!.kind).toBe("classes");
  expect(Array.from(classes!.answers).reduce((a, b) => a + b, 0), "probabilities").toBeCloseTo(1);
});

it("the strongest link comes first, and those of one unit are its own", () => {
  const rows = rowsOf(image, null, [1, 2, 2]);
  expect(rows[1]!.links[0]).toEqual({ from: 0, to: 0, weight: 5 });
  expect(linksOf(rows, 0, 1).below.map(({ from, to, weight }) => [from, to, weight])).toEqual([[1, 2, -3], [1, 1, 2], [1, 0, 0]]);
  expect(linksOf(rows, 1, 1).above.map(({ weight }) => weight), "from the row above").toEqual([2, -1]);
});

it("on the plane a tile's top row is the top of the plane", () => {
  // The first unit answers y, the second −x.
  const network = { convolutions: [], dense: [{ into: 2, out: 2, weight: Float32Array.of(0, -1, 1, 0), bias: Float32Array.of(0, 0) }, { ...dense[1]!, into: 2 }] };
  const { side, layers } = respond(network);
  const at = (unit: number, row: number, column: number): number => layers[0]![(unit * side + row) * side + column]!;
  expect(at(0, 0, 0)).toBeGreaterThan(1);
  expect(at(0, side - 1, 0), "below 0, after the ReLU").toBe(0);
  expect(at(1, 0, 0)).toBeGreaterThan(1);
  expect(at(1, 0, side - 1)).toBe(0);
});

it("the cosine of two first layers is unit by unit", () => {
  const other: Inside = { response: null, network: { convolutions: [], dense: [{ ...dense[0]!, weight: Float32Array.of(1, 0, 0, -1, -1, 0, 0, -2) }, dense[1]!] } };
  const [first, second] = likeness(image, other)!;
  expect(first).toBeCloseTo(1);
  expect(second).toBeCloseTo(-1);
  expect(likeness(image, undefined)).toBeNull();
});

for (const width of [290, 840]) {
  it(`at ${width} pixels every unit lies within the drawing and is found where it lies`, () => {
    for (const units of [8, 16, 64, 256]) {
      const wide = { into: 4, out: units, weight: new Float32Array(4 * units), bias: new Float32Array(units) };
      const rows = rowsOf({ network: { convolutions: [], dense: [wide, { into: units, out: 10, weight: new Float32Array(10 * units), bias: new Float32Array(10) }] }, response: null }, null, [1, 2, 2]);
      const layout = layOut(rows, width, 20);
      rows.forEach((row, index) => {
        const place = layout.places[index]!;
        expect(place.side, `${units} units can be seen`).toBeGreaterThanOrEqual(14);
        for (let unit = 0; unit < row.shown; unit += 1) {
          const { x, y } = corner(place, unit);
          expect(x >= 0 && x + place.side <= width && y + place.line <= layout.height, `unit ${unit} of ${units}`).toBe(true);
          expect(unitAt(layout, rows, x + place.side / 2, y + 2)).toEqual({ row: index, unit });
        }
      });
    }
  });
}
