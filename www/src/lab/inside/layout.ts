/** Where on a drawing the units of a network stand. In pixels of the page, from the top left. */
import type { Row } from "./rows";

/** A unit is drawn no smaller than this and no larger. */
const SMALLEST = 26;
const LARGEST = 56;
/** But smaller where it would take more lines than these. */
const LINES = 10;
const TINY = 15;
/** One without a picture needs less. */
const DOT = 14;
const BETWEEN = 3;
/** The bar below a picture that says what the unit answers. */
export const BAR = 4;
/** Between two rows: for a heading, and for links. */
const HEADING = 22;
const LINKED = 74;
/** Of the bars of the classes. */
const CLASS = 40;

export interface Place {
  /** Top of the row, below its heading. */
  y: number;
  columns: number;
  /** From one unit to the next, and the side of its picture. */
  pitch: number;
  side: number;
  /** Height of one line of units. */
  line: number;
  height: number;
}

export interface Layout {
  places: Place[];
  height: number;
}

/** `names`: room for the names of the classes. */
export function layOut(rows: readonly Row[], width: number, names: number): Layout {
  let y = 0;
  const places = rows.map((row) => {
    y += row.links.length > 0 ? LINKED : HEADING;
    const place = row.kind === "classes" ? classes(row, width, y) : units(row, width, y);
    y += place.height;
    return place;
  });
  return { places, height: y + names };
}

function units(row: Row, width: number, y: number): Place {
  const dots = row.kind === "answers";
  const fit = (least: number): number => Math.max(1, Math.floor(width / (least + BETWEEN)));
  const most = dots ? fit(DOT) : row.shown > LINES * fit(SMALLEST) ? fit(TINY) : fit(SMALLEST);
  // Lines of one length.
  const columns = Math.ceil(row.shown / Math.ceil(row.shown / most));
  const side = Math.min(dots ? DOT : LARGEST, Math.floor(width / columns) - BETWEEN);
  const line = Math.max(1, row.strips.length) * side + (dots ? BETWEEN : BAR + 2 * BETWEEN);
  return { y, columns, pitch: width / columns, side, line, height: line * Math.ceil(row.shown / columns) };
}

function classes(row: Row, width: number, y: number): Place {
  const pitch = width / Math.max(1, row.shown);
  const side = row.strips.length > 0 ? Math.min(LARGEST, Math.floor(pitch) - BETWEEN) : Math.floor(pitch) - BETWEEN;
  const height = row.strips.length > 0 ? side : CLASS;
  return { y, columns: row.shown, pitch, side, line: height, height };
}

/** Top left of a unit. */
export function corner({ y, columns, pitch, side, line }: Place, unit: number): { x: number; y: number } {
  return { x: (unit % columns) * pitch + (pitch - side) / 2, y: y + Math.floor(unit / columns) * line };
}

export interface Choice {
  row: number;
  unit: number;
}

/** The unit at a point. */
export function unitAt({ places }: Layout, rows: readonly Row[], x: number, y: number): Choice | null {
  const row = places.findIndex((place) => y >= place.y && y < place.y + place.height);
  const place = places[row];
  if (place === undefined || x < 0 || x >= place.pitch * place.columns) return null;
  const unit = Math.floor((y - place.y) / place.line) * place.columns + Math.floor(x / place.pitch);
  return unit < rows[row]!.shown ? { row, unit } : null;
}
