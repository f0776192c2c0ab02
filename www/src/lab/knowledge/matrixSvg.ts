/** A class-similarity matrix as it stands in a file: the page draws its own on a canvas, which is faster. Plain data in, text out. */
import { percent } from "../../i18n/index.svelte";
import { lengthOf, short, text, type Look } from "../picture/frame";
import { hatching, share, strength } from "./matrix";

interface MatrixOf {
  matrix: readonly number[];
  /** Share of the rows in which a cell is told; null where nothing is hidden. */
  told: readonly number[] | null;
  /** Names of the classes. */
  classes: readonly string[];
  /** The share that is drawn in full colour. */
  scale: number;
  /** The diagonal is on the scale, too; otherwise it is outlined, with its share. */
  diagonal: boolean;
}

type MatrixColours = Look & { accent: string };

const FONT = 11;
/** A cell narrower than this has no room for a number. */
const ROOM = 22;

/** Room for the names, which stand upright above the columns. */
const namesOf = (classes: readonly string[]): number => Math.max(0, ...classes.map((name) => lengthOf(name, FONT))) + 8;
/** It is as high as it is wide, with the names. */
export function matrixSvg({ matrix, told, classes, scale, diagonal }: MatrixOf, width: number, look: MatrixColours): string {
  const edge = namesOf(classes);
  const cell = (width - edge) / Math.max(1, classes.length);
  const middle = (index: number): string => short((index + 0.5) * cell);
  return [
    `<g transform="translate(${short(edge)} ${short(edge)})">`,
    ...classes.map((name, index) => [
      text(`x="-6" y="${middle(index)}" dy="0.35em"`, FONT, look.ink, name, ` text-anchor="end"`),
      text(`transform="translate(${middle(index)} -6) rotate(-90)" dy="0.35em"`, FONT, look.ink, name),
    ].join("")),
    ...matrix.map((value, index) => {
      const [x, y] = [(index % classes.length) * cell, Math.floor(index / classes.length) * cell];
      return `<rect x="${short(x)}" y="${short(y)}" width="${short(cell)}" height="${short(cell)}" fill="${look.accent}" fill-opacity="${short(strength(value, index, classes.length, scale, diagonal))}" stroke="${look.grid}"/>`;
    }),
    `<path d="${hatching(told, classes.length, cell)}" fill="none" stroke="${look.muted}"/>`,
    ...classes.map((_, index) => {
      if (diagonal) return "";
      const box = `<rect x="${short(index * cell + 1)}" y="${short(index * cell + 1)}" width="${short(cell - 2)}" height="${short(cell - 2)}" fill="none" stroke="${look.muted}" stroke-dasharray="2 2"/>`;
      const right = percent(share(matrix, classes.length, { label: index, said: index }), 0);
      return cell < ROOM ? box : `${box}${text(`x="${middle(index)}" y="${middle(index)}" dy="0.35em"`, 9, look.muted, right, ` text-anchor="middle"`)}`;
    }),
    "</g>",
  ].join("");
}
