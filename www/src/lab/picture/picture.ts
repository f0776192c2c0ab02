/** A chart as an SVG file: what it shows as plain data in, text out. For documents and slides, so that it says by itself what it is and which command repeats it. */

export interface Axis {
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

export interface Picture {
  title: string;
  x: Axis;
  y: Axis;
  lines: readonly Line[];
  /** Places on the x axis with a word to each. */
  marks: readonly { x: number; text: string }[];
  /** What repeats it. */
  caption: string;
  ink: string;
  muted: string;
  grid: string;
  surface: string;
  font: string;
}

export const WIDTH = 960;
export const HEIGHT = 600;
const LEFT = 84;
const RIGHT = WIDTH - 28;
/** Rough width of a letter against the size of its font; CJK letters count twice. */
const LETTER = 0.56;

const escape = (text: string): string => text.replace(/[&<>"]/g, (letter) => `&#${letter.codePointAt(0)};`);
const short = (value: number): string => String(Math.round(value * 100) / 100);
const lengthOf = (text: string, size: number): number => [...text].reduce((sum, letter) => sum + (letter > "\u1100" ? 1 : LETTER), 0) * size;

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

/** Places of the legend's entries, in as many rows as they need. */
function legend(lines: readonly Line[]): { line: Line; x: number; row: number }[] {
  let x = LEFT;
  let row = 0;
  // What the chart is about comes first, though it is drawn last.
  const order = [...lines.filter((line) => line.shape === undefined), ...lines.filter((line) => line.shape !== undefined)];
  return order.map((line) => {
    const width = 44 + lengthOf(line.name, 15) + 24;
    if (x > LEFT && x + width > RIGHT) {
      x = LEFT;
      row += 1;
    }
    const place = { line, x, row };
    x += width;
    return place;
  });
}

export function svg(picture: Picture): string {
  const { x, y, ink, muted, grid } = picture;
  const entries = legend(picture.lines);
  const rows = (entries.at(-1)?.row ?? 0) + 1;
  const top = 62 + rows * 24 + (picture.marks.length > 0 ? 22 : 6);
  const bottom = HEIGHT - 96;
  const [toX, toY] = [scale(x, LEFT, RIGHT), scale(y, bottom, top)];
  const text = (at: string, size: number, fill: string, words: string, more = ""): string => `<text ${at} font-size="${size}" fill="${fill}"${more}>${escape(words)}</text>`;

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

  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="${escape(picture.font)}">`,
    `<title>${escape(picture.title)}</title><desc>${escape(picture.caption)}</desc>`,
    `<rect width="100%" height="100%" fill="${picture.surface}"/>`,
    text(`x="${LEFT}" y="38"`, 22, ink, picture.title, ` font-weight="600"`),
    ...entries.map(({ line, x: left, row }) => {
      const height = 66 + row * 24;
      const mark = line.shape === undefined ? "" : `<path d="${line.shape.path}" fill="${line.colour}" transform="translate(${left + 18} ${height - 5})"/>`;
      return `<path d="M${left} ${height - 5}h36" ${stroke(line)}/>${mark}${text(`x="${left + 44}" y="${height}"`, 15, ink, line.name)}`;
    }),
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
    // A command of many settings goes on in a second line.
    ...wrap(picture.caption, (RIGHT - LEFT) / (13 * 0.62)).map((line, row) => text(`x="${LEFT}" y="${HEIGHT - 30 + row * 17}"`, 13, muted, line, ` font-family="ui-monospace, monospace"`)),
    "</svg>",
    "",
  ].join("\n");
}

/** At most two lines; what is longer is shown to be. */
function wrap(text: string, letters: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.length - 1;
    if (lines[last] !== "" && lines[last]!.length + 1 + word.length > letters) lines.push(word);
    else lines[last] = lines[last] === "" ? word : `${lines[last]} ${word}`;
  }
  return lines.length <= 2 ? lines : [lines[0]!, `${lines[1]} …`];
}
