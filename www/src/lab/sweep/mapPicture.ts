/** The map of a sweep as an SVG file: what its cells show as plain data in, text out. */
import { BOTTOM, frame, legend, RIGHT, short, swatchKey, text, TOP, type Framed } from "../picture/frame";

interface MapCell {
  /** What stands in it, and below that in small type. */
  figure: string;
  spread: string;
  /** The interval leaves out zero. */
  decided: boolean;
  colour: string;
  /** Strength of the colour, 0 to 1. */
  tint: number;
}

export interface MapPicture extends Framed {
  /** Names of the knobs, and their values. */
  across: { name: string; values: readonly string[] };
  down: { name: string; values: readonly string[] };
  /** Row by row. */
  cells: readonly MapCell[];
  legend: readonly (Pick<MapCell, "colour" | "tint"> & { name: string })[];
}

/** The first column, for the values of the rows. */
const HEAD = 200;
const ROW = 56;
const GAP = 4;
/** A map of two columns need not be as wide as the page. */
const WIDEST = 150;

export function mapSvg(picture: MapPicture): string {
  const { across, down, cells, ink, muted, grid } = picture;
  const wide = Math.min(WIDEST, (RIGHT - HEAD) / across.values.length);
  const first = TOP + 50;
  const legendAt = first + down.values.length * ROW + 28;
  const names = legend(picture.legend.map(({ name, colour, tint }) => swatchKey(name, colour, tint, grid)), legendAt, ink);
  const height = legendAt + names.height + 8 + BOTTOM;
  const middle = (column: number): string => short(HEAD + (column + 0.5) * wide - GAP / 2);
  return frame(picture, height, [
    text(`x="${short(HEAD + (across.values.length * wide - GAP) / 2)}" y="${TOP + 12}"`, 14, ink, across.name, ` text-anchor="middle"`),
    text(`x="${HEAD - 12}" y="${TOP + 38}"`, 14, ink, down.name, ` text-anchor="end"`),
    ...across.values.map((value, column) => text(`x="${middle(column)}" y="${TOP + 38}"`, 14, muted, value, ` text-anchor="middle"`)),
    ...down.values.map((value, row) => text(`x="${HEAD - 12}" y="${first + row * ROW + 31}"`, 14, muted, value, ` text-anchor="end" font-weight="600"`)),
    ...cells.map((cell, index) => {
      const [column, row] = [index % across.values.length, Math.floor(index / across.values.length)];
      const top = first + row * ROW;
      const alone = cell.spread === "";
      return [
        `<rect x="${short(HEAD + column * wide)}" y="${top}" width="${short(wide - GAP)}" height="${ROW - GAP}" rx="4" fill="${cell.colour}" fill-opacity="${short(cell.tint)}" stroke="${grid}"/>`,
        text(`x="${middle(column)}" y="${top + (alone ? 32 : 24)}"`, 16, ink, cell.figure, ` text-anchor="middle"${cell.decided ? ` font-weight="700"` : ""}`),
        alone ? "" : text(`x="${middle(column)}" y="${top + 42}"`, 12, ink, cell.spread, ` text-anchor="middle"`),
      ].join("");
    }),
    ...names.body,
  ]);
}
