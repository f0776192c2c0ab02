/** Curves as an SVG file: what the chart shows as plain data in, text out. */
import { BOTTOM, frame, KEY, LEFT, legend, lengthOf, lineKey, RIGHT, short, text, TOP, type Framed } from "./frame";

interface Axis {
  label: string;
  range: readonly [number, number];
  log?: boolean;
  /** A value as text at the axis. */
  text: (value: number) => string;
}

export interface Line {
  name: string;
  colour: string;
  width: number;
  dash?: readonly number[];
  /** Path of a mark around 0, 0 that the line carries, and where between two of them its first one lies. */
  shape?: { path: string; phase: number };
  /** Null is a gap. */
  x: readonly number[];
  y: readonly (number | null)[];
}

export interface Picture extends Framed {
  x: Axis;
  y: Axis;
  lines: readonly Line[];
  /** Places on the x axis with a word to each. */
  marks: readonly { x: number; text: string }[];
}

const HEIGHT = 600;

/** Round values within a range, some six of them; powers of ten on a log scale. */
export function ticks([low, high]: readonly [number, number], log = false): number[] {
  if (log) {
    const first = Math.ceil(Math.log10(low) - 1e-9);
    return Array.from({ length: Math.floor(Math.log10(high) + 1e-9) - first + 1 }, (_, index) => 10 ** (first + index));
  }
  const rough = (high - low) / 6;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5].find((factor) => factor * unit >= rough * 0.999) ?? 10) * unit;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** Where a value lies between two ends. */
function scale({ range: [low, high], log = false }: Axis, from: number, to: number): (value: number) => number {
  const bend = log ? Math.log10 : (value: number) => value;
  return (value) => from + ((bend(value) - bend(low)) / (bend(high) - bend(low))) * (to - from);
}

/** The line as a path, broken at gaps and where a log scale has no place. */
function path(line: Line, toX: (value: number) => number, toY: (value: number) => number): string {
  let pen = "M";
  return line.x
    .map((x, index) => {
      const value = line.y[index];
      const y = value == null ? NaN : toY(value);
      if (!Number.isFinite(y)) {
        // A measure that comes more seldom than the axis has steps is no gap.
        return "";
      }
      const part = `${pen}${short(toX(x))} ${short(y)}`;
      pen = "L";
      return part;
    })
    .join("");
}

export function svg(picture: Picture): string {
  const { x, y, ink, muted, grid } = picture;
  // What the chart is about comes first, though it is drawn last.
  const order = [...picture.lines.filter((line) => line.shape === undefined), ...picture.lines.filter((line) => line.shape !== undefined)];
  const names = legend(
    order.map(({ name, colour, width, dash, shape }) => {
      const key = lineKey(name, colour, width, dash);
      return shape === undefined ? key : { name, mark: `${key.mark}<path d="${shape.path}" fill="${colour}" transform="translate(${KEY / 2} 0)"/>` };
    }),
    TOP,
    ink,
  );
  const top = TOP + names.height + (picture.marks.length > 0 ? 22 : 6);
  const bottom = HEIGHT - BOTTOM - 46;
  const [toX, toY] = [scale(x, LEFT, RIGHT), scale(y, bottom, top)];

  const stroke = ({ colour, width, dash = [] }: Line): string => `fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round" stroke-dasharray="${dash.join(" ")}"`;
  const shapes = (line: Line): string =>
    line.shape === undefined
      ? ""
      : [0, 1, 2, 3, 4]
          .map((shown) => Math.round(((shown + line.shape!.phase) / 5) * (line.x.length - 1)))
          .flatMap((row) => {
            const value = line.y[row];
            return value == null ? [] : [`<path d="${line.shape!.path}" fill="${line.colour}" transform="translate(${short(toX(line.x[row]!))} ${short(toY(value))})"/>`];
          })
          .join("");

  return frame(picture, HEIGHT, [
    ...names.body,
    ...ticks(y.range, y.log).map((value) => `<path d="M${LEFT} ${short(toY(value))}H${RIGHT}" stroke="${grid}"/>${text(`x="${LEFT - 8}" y="${short(toY(value) + 5)}"`, 14, muted, y.text(value), ` text-anchor="end"`)}`),
    ...ticks(x.range).map((value) => `<path d="M${short(toX(value))} ${top}V${bottom}" stroke="${grid}"/>${text(`x="${short(toX(value))}" y="${bottom + 20}"`, 14, muted, x.text(value), ` text-anchor="middle"`)}`),
    text(`x="${(LEFT + RIGHT) / 2}" y="${bottom + 42}"`, 14, muted, x.label, ` text-anchor="middle"`),
    text(`transform="translate(22 ${(top + bottom) / 2}) rotate(-90)"`, 14, muted, y.label, ` text-anchor="middle"`),
    `<clipPath id="plot"><rect x="${LEFT}" y="${top}" width="${RIGHT - LEFT + 6}" height="${bottom - top}"/></clipPath><g clip-path="url(#plot)">`,
    ...picture.lines.map((line) => `<path d="${path(line, toX, toY)}" ${stroke(line)}/>${shapes(line)}`),
    "</g>",
    ...picture.marks.map((mark) => {
      const at = toX(mark.x);
      const anchor = at > RIGHT - lengthOf(mark.text, 13) ? "end" : "start";
      return `<path d="M${short(at)} ${top - 6}V${bottom}" stroke="${muted}" stroke-dasharray="2 3"/>${text(`x="${short(at)}" y="${top - 9}"`, 13, ink, mark.text, ` text-anchor="${anchor}"`)}`;
    }),
  ]);
}
