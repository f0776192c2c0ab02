// What part of the plane a chart shows. The ranges move in jumps, not continuously: a scale that creeps makes every curve look as if it moved.

import type { Role } from "../../../engine/generated/types";
import { ROLES, type Metric, type RunHistory, type Value } from "../../history";

type Range = [number, number];

/** Steps that the x axis shows at least, where the run has as many. */
const FIRST_WINDOW = 1000;

/** The head of a run that the y range does not look at: every network starts at chance, and that climb would squeeze the gap flat. */
const HEAD = 0.15;

/** A run that is still short against its length is shown in a window that doubles. */
export function xRange(history: RunHistory, overlays: readonly RunHistory[]): Range {
  const all = [history, ...overlays];
  const total = Math.max(...all.map((run) => run.studentSteps), 1);
  const reached = Math.max(...all.map((run) => run.end), 0);
  let window = FIRST_WINDOW;
  while (window < reached) window *= 2;
  return [Math.min(0, ...all.map((run) => 0 - run.teacherSteps)), Math.min(total, window)];
}

/** Smallest and largest value of a column from `from` on, or null where there is none. */
function extent(x: readonly number[], y: readonly Value[], from: number): Range | null {
  let low = Infinity;
  let high = -Infinity;
  for (let index = 0; index < x.length; index += 1) {
    const value = y[index];
    if (value == null || x[index]! < from || !Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}

function extents(metric: Metric, runs: readonly RunHistory[], head: number): Range | null {
  const found: Range[] = [];
  for (const run of runs) {
    const { x, y } = run.series(metric);
    const start = run.end <= 0 ? 0 - run.teacherSteps : 0;
    const from = start + head * (run.end - start);
    for (const role of ROLES as Role[]) {
      const range = extent(x, y[role], from);
      if (range) found.push(range);
    }
  }
  if (found.length === 0) return null;
  return [Math.min(...found.map((range) => range[0])), Math.max(...found.map((range) => range[1]))];
}

/** Shares of which more is better. */
const CAPPED: readonly Metric[] = ["accuracy", "agreement", "validity", "unseen", "coverage"];

/** Shares end at 100 % and begin at the tenth below the lowest curve; losses begin at 0; training losses, which differ by T², are on a log scale. */
export function yRange(metric: Metric, history: RunHistory, overlays: readonly RunHistory[]): Range {
  const runs = [history, ...overlays];
  if (metric === "training") {
    const range = extents(metric, runs, 0);
    if (!range) return [0.01, 10];
    const low = 10 ** Math.floor(Math.log10(Math.max(range[0], 1e-6)));
    return [low, Math.max(10 ** Math.ceil(Math.log10(Math.max(range[1], 1e-6))), low * 10)];
  }
  // At first there is nothing but the head.
  const range = extents(metric, runs, HEAD) ?? extents(metric, runs, 0);
  if (CAPPED.includes(metric)) {
    if (!range) return [0, 1];
    const floor = Math.floor((range[0] - 0.01) * 10) / 10;
    return [Math.min(Math.max(floor, 0), 0.9), 1];
  }
  // Noise may take the error that piles up below 0.
  const low = Math.min(0, range?.[0] ?? 0);
  return [low < 0 ? 0 - niceAbove(-low) : 0, niceAbove((range?.[1] ?? 0.45) * 1.05)];
}

/** The next of 1, 1.5, 2, 3, 5, 7 times a power of ten. */
function niceAbove(value: number): number {
  const unit = 10 ** Math.floor(Math.log10(Math.max(value, 1e-6)));
  return ([1, 1.5, 2, 3, 5, 7].find((factor) => factor * unit >= value) ?? 10) * unit;
}

/** Moves labels apart so that neighbours are `gap` away from each other, in their order, within the bounds where they fit. */
export function spread(wanted: readonly number[], gap: number, [low, high]: Range): number[] {
  const order = wanted.map((_, index) => index).sort((a, b) => wanted[a]! - wanted[b]!);
  const placed = [...wanted];
  let floor = low;
  for (const index of order) {
    placed[index] = Math.max(wanted[index]!, floor);
    floor = placed[index]! + gap;
  }
  let ceiling = high;
  for (const index of order.reverse()) {
    placed[index] = Math.min(placed[index]!, ceiling);
    ceiling = placed[index]! - gap;
  }
  return placed;
}

/** Up to `count` row indices, evenly spread, first and last among them. */
export function evenly(length: number, count: number): number[] {
  if (length <= count) return Array.from({ length }, (_, index) => index);
  return Array.from({ length: count }, (_, index) => Math.round((index * (length - 1)) / (count - 1)));
}

/** Up to `count` of the places at which any of these axes has a row, from the first to the last. */
export function steps(axes: readonly (readonly number[])[], count: number): number[] {
  const all = [...new Set(axes.flat())].sort((a, b) => a - b);
  return evenly(all.length, count).map((index) => all[index]!);
}

/** The newest value of a column. */
export function lastOf(values: readonly Value[]): { index: number; value: number } | null {
  for (let index = values.length - 1; index >= 0; index -= 1) {
    const value = values[index];
    if (value != null) return { index, value };
  }
  return null;
}
