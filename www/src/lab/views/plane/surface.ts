// Painting a decision surface, and the few numbers that say the same to someone who does not see it.

import type { Point, Surface } from "../../../engine/generated/types";

/** Half the side of the square that is drawn; the points lie within. */
export const EXTENT = 1.2;

/** Class colours: Okabe-Ito without black, then three that stay apart from them. Text never depends on them: shapes repeat the class. */
export const CLASS_COLOURS: readonly [number, number, number][] = [
  [0, 114, 178],
  [230, 159, 0],
  [0, 158, 115],
  [204, 121, 167],
  [86, 180, 233],
  [213, 94, 0],
  [240, 228, 66],
  [117, 76, 168],
  [140, 140, 140],
  [130, 90, 50],
];

/** Least and full opacity of a region: a class is seen where the network is unsure, too. */
const FAINT = 0.16;
const FULL = 0.72;

export const colourOf = (klass: number): readonly [number, number, number] => CLASS_COLOURS[klass % CLASS_COLOURS.length]!;

/** RGBA pixels, `resolution`² of them: class as hue, confidence as opacity. `classes` tells what confidence chance is. */
export function paintSurface(surface: Surface, resolution: number, classes: number): ImageData {
  const image = new ImageData(resolution, resolution);
  const chance = 255 / Math.max(classes, 2);
  for (let cell = 0; cell < resolution * resolution; cell += 1) {
    const [red, green, blue] = colourOf(surface.classes[cell] ?? 0);
    const sure = Math.max(0, ((surface.confidence[cell] ?? 0) - chance) / (255 - chance));
    image.data.set([red, green, blue, Math.round(255 * (FAINT + (FULL - FAINT) * sure))], cell * 4);
  }
  return image;
}

/** The same answers, without how sure they are. */
export function certain(surface: Surface): Surface {
  return { ...surface, confidence: surface.confidence.map(() => 255) };
}

/** Mean confidence over the square, 0 to 1. */
export function meanConfidence(surface: Surface): number {
  let sum = 0;
  for (const confidence of surface.confidence) sum += confidence;
  return sum / (255 * Math.max(1, surface.confidence.length));
}

export interface Spot {
  class: number;
  /** 0 to 1. */
  confidence: number;
}

/** The answers at `side`² evenly spread places, from the top row down, and the coordinates of rows and columns. */
export function spots(surface: Surface, resolution: number, extent: number, side: number): { x: number[]; rows: { y: number; spots: Spot[] }[] } {
  const places = Array.from({ length: side }, (_, index) => Math.min(resolution - 1, Math.floor(((index + 0.5) * resolution) / side)));
  const at = (cell: number): number => ((2 * (cell + 0.5)) / resolution - 1) * extent;
  return {
    x: places.map(at),
    rows: places.map((row) => ({ y: -at(row), spots: places.map((column) => ({ class: surface.classes[row * resolution + column] ?? 0, confidence: (surface.confidence[row * resolution + column] ?? 0) / 255 })) })),
  };
}

/** Share of the square on which two networks say the same. */
export function sameShare(one: Surface, other: Surface): number {
  let same = 0;
  for (let cell = 0; cell < one.classes.length; cell += 1) if (one.classes[cell] === other.classes[cell]) same += 1;
  return same / Math.max(1, one.classes.length);
}

/** Share of the points that lie in a region of their own class. */
export function rightShare(surface: Surface, points: readonly Point[], resolution: number, extent: number): number {
  let right = 0;
  for (const point of points) {
    const column = Math.floor(((point.x + extent) / (2 * extent)) * resolution);
    const row = Math.floor(((extent - point.y) / (2 * extent)) * resolution);
    const clamp = (at: number): number => Math.min(Math.max(at, 0), resolution - 1);
    if (surface.classes[clamp(row) * resolution + clamp(column)] === point.class) right += 1;
  }
  return right / Math.max(1, points.length);
}

/** The outline of a point of that class around (0, 0), `size` wide. Six shapes; with the colours they tell more classes apart than there are. */
export function tracePoint(ctx: CanvasRenderingContext2D, klass: number, x: number, y: number, size: number): void {
  ctx.beginPath();
  const corners: Record<number, number[]> = { 1: [45, 135, 225, 315], 2: [90, 210, 330], 3: [0, 90, 180, 270], 4: [270, 30, 150], 5: [0, 60, 120, 180, 240, 300] };
  const angles = corners[klass % 6];
  if (!angles) {
    ctx.arc(x, y, size * 0.9, 0, 2 * Math.PI);
    return;
  }
  for (const angle of angles) {
    const radians = (angle * Math.PI) / 180;
    ctx.lineTo(x + size * 1.15 * Math.cos(radians), y - size * 1.15 * Math.sin(radians));
  }
  ctx.closePath();
}
