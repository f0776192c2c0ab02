/** The visitor's own training points, as the knob `task.added` spells them: `0.5_-0.25_3,0_0.1_1`, or `none`. Pure. */

export interface AddedPoint {
  x: number;
  y: number;
  klass: number;
}

export function readPoints(text: string): AddedPoint[] | null {
  if (text === "none") return [];
  const points = text.split(",").map((part): AddedPoint | null => {
    const pieces = part.trim().split("_");
    const [x, y, klass] = pieces.map((piece) => (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(piece) ? Number(piece) : Number.NaN));
    if (pieces.length !== 3 || x === undefined || y === undefined || klass === undefined) return null;
    const fits = Math.abs(x) <= 1 && Math.abs(y) <= 1 && Number.isInteger(klass) && klass >= 0 && klass < 10;
    return fits ? { x, y, klass } : null;
  });
  return points.every((point) => point !== null) ? points : null;
}

export function writePoints(points: readonly AddedPoint[]): string {
  return points.length === 0 ? "none" : points.map(({ x, y, klass }) => `${x}_${y}_${klass}`).join(",");
}

/** The points of `wanted` that are not among `known` yet. */
export function pending(wanted: readonly AddedPoint[], known: readonly AddedPoint[]): AddedPoint[] {
  const left = known.map((point) => writePoints([point]));
  return wanted.filter((point) => {
    const at = left.indexOf(writePoints([point]));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** A point where the visitor pointed: inside the square of the data, and with no more digits than a pixel is worth. */
export function pointAt([x, y]: readonly [number, number], klass: number): AddedPoint {
  const held = (value: number): number => Number(Math.min(1, Math.max(-1, value)).toFixed(2));
  return { x: held(x), y: held(y), klass };
}
