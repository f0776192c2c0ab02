// Painting a decision surface, and the few numbers that say the same to someone who does not see it.

import type { Point, Surface } from "../../../engine/generated/types";

/** Half the side of the square that is drawn; the points lie within. */
export const EXTENT = 1.2;

/** Class colours: Okabe-Ito without black, then three that stay apart from them. Text never depends on them: shapes repeat the class. */
const CLASS_COLOURS: readonly [number, number, number][] = [
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
function paintSurface(surface: Surface, resolution: number, classes: number): ImageData {
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

interface Spot {
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

/** Directions of the corners of a point, by class. */
const CORNERS: Record<number, number[]> = { 1: [45, 135, 225, 315], 2: [90, 210, 330], 3: [0, 90, 180, 270], 4: [270, 30, 150], 5: [0, 60, 120, 180, 240, 300] };
/** So many corners are a circle at that size. */
const ROUND = Array.from({ length: 24 }, (_, index) => index * 15);

/** The outline of a point of that class around (0, 0), `size` wide. Six shapes; with the colours they tell more classes apart than there are. */
export function outlineOf(klass: number, size: number): [x: number, y: number][] {
  const corners = CORNERS[klass % 6];
  const radius = size * (corners === undefined ? 0.9 : 1.15);
  return (corners ?? ROUND).map((angle) => {
    const radians = (angle * Math.PI) / 180;
    return [radius * Math.cos(radians), -radius * Math.sin(radians)];
  });
}

export interface Scene {
  surface: Surface;
  points: readonly Point[];
  resolution: number;
  extent: number;
  classes: number;
}

/** Radius of a labelled point and of one that the students have no label of, as shares of the side: many points must not hide the surface. */
const LABELLED = 1 / 70;
const SILENT = 1 / 220;

/** Draws a surface with the points on it: `side` pixels of the page, `ratio` pixels of the device each. */
export function paintSquare(canvas: HTMLCanvasElement, { surface, points, resolution, extent, classes }: Scene, side: number, ratio: number, colours: { ink: string; surface: string }): void {
  const ctx = canvas.getContext("2d")!;
  const size = Math.round(side * ratio);
  if (canvas.width !== size || canvas.height !== size) canvas.width = canvas.height = size;
  ctx.fillStyle = colours.surface;
  ctx.fillRect(0, 0, size, size);
  const cells = new OffscreenCanvas(resolution, resolution);
  cells.getContext("2d")!.putImageData(paintSurface(surface, resolution, classes), 0, 0);
  ctx.imageSmoothingEnabled = false;
  ctx.drawImage(cells, 0, 0, size, size);
  const at = (value: number): number => ((value + extent) / (2 * extent)) * size;
  ctx.lineWidth = (side < 200 ? 1 : 1.4) * ratio;
  for (const point of points) {
    if (point.labelled) continue;
    ctx.fillStyle = colours.ink;
    ctx.globalAlpha = 0.45;
    ctx.beginPath();
    ctx.arc(at(point.x), at(-point.y), Math.max(1, SILENT * side) * ratio, 0, 2 * Math.PI);
    ctx.fill();
  }
  ctx.globalAlpha = 1;
  for (const point of points) {
    if (!point.labelled) continue;
    ctx.fillStyle = `rgb(${colourOf(point.class).join(" ")})`;
    ctx.strokeStyle = colours.ink;
    ctx.beginPath();
    for (const [x, y] of outlineOf(point.class, Math.min(5, Math.max(2.4, LABELLED * side)) * ratio)) ctx.lineTo(at(point.x) + x, at(-point.y) + y);
    ctx.closePath();
    ctx.fill();
    ctx.stroke();
  }
}
