/** Draws the rows of a network. */
import type { Role } from "../../engine/generated/types";
import { rgb, type Palette } from "../views/curves/palette";
import { BAR, corner, type Choice, type Layout, type Place } from "./layout";
import { linksOf, type Link, type Row, type Strip } from "./rows";

export interface Picture {
  role: Role;
  rows: readonly Row[];
  layout: Layout;
  chosen: Choice | null;
  /** Above the rows. */
  headings: readonly string[];
  /** Below the last one; `upright` where they are wider than their place. */
  classes: readonly string[];
  upright: boolean;
}

export const FONT = 12;

export function paint(ctx: CanvasRenderingContext2D, colours: Palette, picture: Picture): void {
  const { rows, layout, chosen } = picture;
  const { places } = layout;
  if (chosen === null) rows.forEach((row, index) => links(ctx, colours, row.links, places[index - 1], places[index]!));
  rows.forEach((row, index) => {
    if (row.kind === "classes") classes(ctx, colours, picture, row, places[index]!);
    else units(ctx, colours, row, places[index]!);
  });
  if (chosen !== null) {
    const { above, below } = linksOf(rows, chosen.row, chosen.unit);
    links(ctx, colours, above, places[chosen.row - 1], places[chosen.row]!, true);
    links(ctx, colours, below, places[chosen.row], places[chosen.row + 1]!, true);
    frame(ctx, colours, places[chosen.row]!, chosen.unit, rows[chosen.row]!);
  }
  headings(ctx, colours, picture);
}

/** The pictures of all units side by side as they are drawn, a pixel per value: two colours by sign, opacity by size. */
function sheet({ height, width, values, scale }: Strip, units: number, columns: number, colours: Palette): OffscreenCanvas {
  const lines = Math.ceil(units / columns);
  const canvas = new OffscreenCanvas(columns * width, lines * height);
  const ctx = canvas.getContext("2d")!;
  const image = ctx.createImageData(canvas.width, canvas.height);
  const [plus, minus] = [rgb(colours.plus), rgb(colours.minus)];
  for (let unit = 0; unit < units; unit += 1) {
    const [left, top] = [(unit % columns) * width, Math.floor(unit / columns) * height];
    for (let cell = 0; cell < height * width; cell += 1) {
      const value = values[unit * height * width + cell]!;
      const at = 4 * ((top + Math.floor(cell / width)) * canvas.width + left + (cell % width));
      const colour = value < 0 ? minus : plus;
      for (let channel = 0; channel < 3; channel += 1) image.data[at + channel] = colour[channel]!;
      image.data[at + 3] = scale === 0 ? 0 : 255 * Math.min(1, Math.abs(value) / scale);
    }
  }
  ctx.putImageData(image, 0, 0);
  return canvas;
}

function strips(ctx: CanvasRenderingContext2D, colours: Palette, row: Row, place: Place): void {
  ctx.imageSmoothingEnabled = false;
  ctx.strokeStyle = colours.line;
  row.strips.forEach((strip, level) => {
    const { height, width } = strip;
    const pictures = sheet(strip, row.shown, place.columns, colours);
    for (let unit = 0; unit < row.shown; unit += 1) {
      const { x, y } = corner(place, unit);
      const top = y + level * place.side;
      ctx.drawImage(pictures, (unit % place.columns) * width, Math.floor(unit / place.columns) * height, width, height, x, top, place.side, place.side);
      ctx.strokeRect(x + 0.5, top + 0.5, place.side - 1, place.side - 1);
    }
  });
}

function units(ctx: CanvasRenderingContext2D, colours: Palette, row: Row, place: Place): void {
  strips(ctx, colours, row, place);
  if (row.kind === "answers") return;
  const most = Math.max(...Array.from(row.answers), 0);
  if (most === 0) return;
  ctx.fillStyle = colours.ink;
  for (let unit = 0; unit < row.shown; unit += 1) {
    const { x, y } = corner(place, unit);
    ctx.fillRect(x, y + row.strips.length * place.side + 1, (Math.max(0, row.answers[unit]!) / most) * place.side, BAR);
  }
}

function classes(ctx: CanvasRenderingContext2D, colours: Palette, { role, classes: names, upright }: Picture, row: Row, place: Place): void {
  strips(ctx, colours, row, place);
  ctx.font = `${FONT}px ${colours.font}`;
  ctx.textBaseline = "middle";
  names.forEach((name, unit) => {
    const { x, y } = corner(place, unit);
    if (row.strips.length === 0) bar(ctx, colours, { x, y, side: place.side, height: place.height }, row.answers[unit] ?? 0, colours[role]);
    ctx.fillStyle = colours.muted;
    const middle = x + place.side / 2;
    ctx.save();
    ctx.translate(middle, y + place.height + 5);
    if (upright) ctx.rotate(-Math.PI / 2);
    ctx.textAlign = upright ? "right" : "center";
    ctx.fillText(name, 0, upright ? 0 : FONT / 2 + 1);
    ctx.restore();
  });
}

/** How likely a class is. */
function bar(ctx: CanvasRenderingContext2D, colours: Palette, { x, y, side, height }: { x: number; y: number; side: number; height: number }, share: number, colour: string): void {
  ctx.fillStyle = colours.surface;
  ctx.fillRect(x, y, side, height);
  ctx.fillStyle = colour;
  ctx.fillRect(x, y + (1 - share) * height, side, share * height);
  ctx.strokeStyle = colours.line;
  ctx.strokeRect(x + 0.5, y + 0.5, side - 1, height - 1);
}

/**
 * Curves from units to those below: colour by sign, width and opacity by size. They begin and end at the edges of the rows, so that they run over no
 * unit; those of a chosen unit, which are few, at the units themselves.
 */
function links(ctx: CanvasRenderingContext2D, colours: Palette, all: readonly Link[], above: Place | undefined, below: Place, own = false): void {
  if (above === undefined) return;
  const most = Math.max(...all.map(({ weight }) => Math.abs(weight)), Number.MIN_VALUE);
  for (const { from, to, weight } of all) {
    const [start, end] = [corner(above, from), corner(below, to)];
    const [x, right] = [start.x + above.side / 2, end.x + below.side / 2];
    const [y, bottom] = own ? [start.y + above.line - 2, end.y] : [above.y + above.height - 2, below.y];
    const share = Math.abs(weight) / most;
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.bezierCurveTo(x, (y + bottom) / 2, right, (y + bottom) / 2, right, bottom);
    ctx.strokeStyle = weight < 0 ? colours.minus : colours.plus;
    ctx.globalAlpha = 0.08 + 0.82 * share * share;
    ctx.lineWidth = 0.5 + 2.5 * share;
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
  ctx.lineWidth = 1;
}

function frame(ctx: CanvasRenderingContext2D, colours: Palette, place: Place, unit: number, row: Row): void {
  const { x, y } = corner(place, unit);
  ctx.strokeStyle = colours.ink;
  ctx.lineWidth = 2;
  ctx.strokeRect(x - 1, y - 1, place.side + 2, Math.max(1, row.strips.length) * place.side + 2);
  ctx.lineWidth = 1;
}

/** With a rim: links may run behind them. */
function headings(ctx: CanvasRenderingContext2D, colours: Palette, { headings: texts, layout }: Picture): void {
  ctx.font = `${FONT}px ${colours.font}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  ctx.lineWidth = 5;
  ctx.strokeStyle = colours.surface;
  ctx.fillStyle = colours.muted;
  texts.forEach((text, index) => {
    const y = layout.places[index]!.y - 11;
    ctx.strokeText(text, 0, y);
    ctx.fillText(text, 0, y);
  });
  ctx.lineWidth = 1;
}
