// What uPlot does not draw itself: earlier runs, the teacher's phase, the marks of turned knobs, and the labels at the line ends.

import type uPlot from "uplot";
import type { Role } from "../../../engine/generated/types";
import { ROLES, STUDENTS, type Metric, type RunHistory } from "../../history";
import { SHAPES } from "../../runs/looks";
import type { Overlay } from "../../runs/runs.svelte";
import type { Palette } from "./palette";
import { evenly, lastOf, spread } from "./range";

export const DASHES: Record<Role, number[]> = { teacher: [], alone: [6, 4], distilled: [] };
export const WIDTHS: Record<Role, number> = { teacher: 2, alone: 2, distilled: 3 };
/** Both as attributes of a line in an SVG. */
export const strokeOf = (role: Role): string => `stroke-width="${WIDTHS[role]}" stroke-dasharray="${DASHES[role].join(" ")}"`;

/** Other runs differ by colour, so their roles differ by dash alone. */
export const OVERLAY_DASHES: Record<Role, number[]> = { teacher: [1, 4], alone: [5, 4], distilled: [] };
/** Shapes along a line of another run. */
const OVERLAY_SHAPES = 5;

/** Points of an earlier run that are drawn: it is context, and it is drawn again in every frame. */
const OVERLAY_POINTS = 400;

export interface Scene {
  metric: Metric;
  history: RunHistory;
  overlays: readonly Overlay[];
  colours: Palette;
  /** How much larger than usual everything is written. */
  scale: number;
  /** Text of a mark, and whether marks get a text at all. */
  markText: ((key: string, value: string) => string) | null;
  phaseText: string;
  /** Text at the end of a line. */
  endText: (role: Role, value: number) => string;
}

interface Thinned {
  x: number[];
  y: Record<Role, (number | null)[]>;
}
const thinned = new WeakMap<RunHistory, Map<Metric, Thinned>>();

function thin(history: RunHistory, metric: Metric): Thinned {
  const known = thinned.get(history) ?? new Map<Metric, Thinned>();
  thinned.set(history, known);
  let found = known.get(metric);
  if (!found) {
    const { x, y } = history.series(metric);
    const rows = evenly(x.length, OVERLAY_POINTS);
    const pick = <T>(values: T[]): T[] => rows.map((row) => values[row]!);
    found = { x: pick(x), y: { teacher: pick(y.teacher), alone: pick(y.alone), distilled: pick(y.distilled) } };
    known.set(metric, found);
  }
  return found;
}

/** Runs `draw` with device pixels per written pixel, clipped to the plot. */
function inside(u: uPlot, scale: number, draw: (ctx: CanvasRenderingContext2D, ratio: number) => void): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.textAlign = "left";
  draw(ctx, devicePixelRatio * scale);
  ctx.restore();
}

/** Under the lines: the teacher's phase and the earlier runs. */
export function paintUnder(u: uPlot, { metric, history, overlays, colours, scale, markText, phaseText }: Scene): void {
  inside(u, scale, (ctx, ratio) => {
    const { left, top, height } = u.bbox;
    if (history.teacherSteps > 0) {
      const zero = u.valToPos(0, "x", true);
      ctx.globalAlpha = 0.07;
      ctx.fillStyle = colours.teacher;
      ctx.fillRect(left, top, zero - left, height);
      ctx.globalAlpha = 1;
      ctx.font = `${11 * ratio}px ${colours.font}`;
      if (markText && ctx.measureText(phaseText).width < zero - left - 12 * ratio) {
        ctx.fillStyle = colours.text.teacher;
        ctx.textBaseline = "bottom";
        ctx.fillText(phaseText, left + 6 * ratio, top + height - 6 * ratio);
      }
    }
    for (const overlay of overlays) paintOverlay(u, overlay, metric, colours, ratio);
  });
}

/** Another run: thin lines in one colour, dashed by role, with its shape along the students' lines. */
function paintOverlay(u: uPlot, { history, look }: Overlay, metric: Metric, colours: Palette, ratio: number): void {
  const { ctx } = u;
  const { x, y } = thin(history, metric);
  const at = x.map((step) => u.valToPos(step, "x", true));
  ctx.strokeStyle = ctx.fillStyle = colours.runs[look]!;
  ctx.lineWidth = 1.25 * ratio;
  for (const role of ROLES) {
    ctx.setLineDash(OVERLAY_DASHES[role].map((dash) => dash * ratio));
    ctx.beginPath();
    y[role].forEach((value, index) => {
      if (value !== null) ctx.lineTo(at[index]!, u.valToPos(value, "y", true));
    });
    ctx.stroke();
  }
  ctx.setLineDash([]);
  const shape = new Path2D(SHAPES[look]);
  for (const role of STUDENTS) {
    for (let shown = 0; shown < OVERLAY_SHAPES; shown += 1) {
      // Each look has its own places, so that of two runs that agree both are seen.
      const row = Math.round(((shown + (look + 1) / SHAPES.length) / OVERLAY_SHAPES) * (x.length - 1));
      const value = y[role][row];
      if (value == null) continue;
      ctx.save();
      ctx.translate(at[row]!, u.valToPos(value, "y", true));
      ctx.scale(0.85 * ratio, 0.85 * ratio);
      ctx.fill(shape);
      ctx.restore();
    }
  }
}

/** Rows of mark labels above the plot, where they hide no line, and the height of each. */
const MARK_ROWS = 3;
const MARK_HEIGHT = 15;

/** Room above the plot. */
export const headRoom = ({ history, markText, scale }: Scene): number => (markText && history.marks.length > 0 ? MARK_ROWS * MARK_HEIGHT + 2 : 8) * scale;

/** Where knobs were turned. */
function paintMarks(u: uPlot, { history, colours, scale, markText }: Scene): void {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio * scale;
  const taken: number[] = [];
  const labels: { text: string; x: number; y: number }[] = [];
  ctx.save();
  ctx.font = `600 ${11 * ratio}px ${colours.font}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "bottom";
  ctx.lineWidth = ratio;
  ctx.strokeStyle = colours.muted;
  ctx.setLineDash([2 * ratio, 3 * ratio]);
  for (const mark of history.marks) {
    const x = Math.round(u.valToPos(mark.x, "x", true)) + 0.5;
    let top = bbox.top;
    if (markText) {
      const text = markText(mark.key, mark.value);
      const width = ctx.measureText(text).width;
      // The lowest row in which it hides no older label; a slider that was dragged leaves its lines only.
      for (let row = 0; row < MARK_ROWS; row += 1) {
        if ((taken[row] ?? -Infinity) > x) continue;
        taken[row] = x + width + 10 * ratio;
        top -= row * MARK_HEIGHT * ratio;
        // Near the right end of the chart it stands before its line instead of being cut off.
        const left = Math.min(x + 3 * ratio, ctx.canvas.width - width - 2 * ratio);
        labels.push({ text, x: left, y: top - ratio });
        top -= (MARK_HEIGHT - 3) * ratio;
        break;
      }
    }
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.setLineDash([]);
  for (const { text, x, y } of labels) haloed(ctx, text, x, y, colours.ink, colours.surface, ratio);
  ctx.restore();
}

/** Text that stays readable where a line runs under it. */
function haloed(ctx: CanvasRenderingContext2D, text: string, x: number, y: number, ink: string, halo: string, ratio: number): void {
  ctx.lineWidth = 4 * ratio;
  ctx.lineJoin = "round";
  ctx.strokeStyle = halo;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = ink;
  ctx.fillText(text, x, y);
}

function paintEnds(u: uPlot, { metric, history, colours, scale, endText }: Scene): void {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio * scale;
  const { x, y } = history.series(metric);
  const bottom = bbox.top + bbox.height;
  const ends = ROLES.flatMap((role) => {
    const last = lastOf(y[role]);
    if (!last) return [];
    const at = Math.min(Math.max(u.valToPos(last.value, "y", true), bbox.top), bottom);
    return [{ role, value: last.value, x: u.valToPos(x[last.index]!, "x", true), y: at }];
  });
  const placed = spread(ends.map((end) => end.y), 15 * ratio, [bbox.top, bottom]);
  ctx.save();
  ctx.font = `600 ${12 * ratio}px ${colours.font}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ends.forEach((end, index) => {
    ctx.fillStyle = colours[end.role];
    ctx.beginPath();
    ctx.arc(end.x, end.y, 3.5 * ratio, 0, 2 * Math.PI);
    ctx.fill();
    const left = Math.min(end.x + 9 * ratio, bbox.left + bbox.width + 9 * ratio);
    haloed(ctx, endText(end.role, end.value), left, placed[index]!, colours.text[end.role], colours.surface, ratio);
  });
  ctx.restore();
}

export function paintOver(u: uPlot, scene: Scene): void {
  paintMarks(u, scene);
  paintEnds(u, scene);
}
