/** Small charts beside each other as an SVG file, each under its name and over its words. Plain data in, text out. */
import type { Role } from "../../engine/generated/types";
import { strokeOf } from "../views/curves/paint";
import { BOTTOM, frame, legend, lines, RIGHT, short, text, TOP, type Framed, type Key } from "./frame";

interface Panel {
  name: string;
  /** The network whose line stands before the name. */
  role: Role | null;
  /** Its chart, as wide as told; null where the visitor is not let see it. */
  draw: ((width: number) => string) | null;
  /** What it shows, in words; may be empty. */
  words: string;
}

export interface PanelPicture extends Framed, Record<Role, string> {
  panels: readonly Panel[];
  /** So many stand side by side. */
  columns: number;
  /** Height of a chart of that width. */
  height: (width: number) => number;
  /** Names of the axes. */
  x: string;
  y: string;
  keys: readonly Key[];
}

/** Where the first chart begins, beside the name of its axis, and how far apart they are. */
const FIRST = 44;
const GAP = 24;
/** Room for the name of a panel, for that of its axis, and for a line of its words. */
const HEAD = 32;
const AXIS = 22;
const LINE = 17;

export function panelsSvg(picture: PanelPicture): string {
  const { columns, panels, ink, muted, grid } = picture;
  const wide = (RIGHT - FIRST - GAP * (columns - 1)) / columns;
  const high = picture.height(wide);
  const names = legend(picture.keys, TOP, ink);
  const rows = Array.from({ length: Math.ceil(panels.length / columns) }, (_, row) => panels.slice(row * columns, (row + 1) * columns));
  const body: string[] = [];
  let top = TOP + names.height;
  for (const row of rows) {
    const words = row.map(({ words: all }) => (all === "" ? [] : lines(all, 13, wide)));
    body.push(text(`transform="translate(24 ${short(top + HEAD + high / 2)}) rotate(-90)"`, 13, muted, picture.y, ` text-anchor="middle"`));
    row.forEach(({ name, role, draw }, index) => {
      const line = role === null ? "" : `<path d="M0 17h26" fill="none" stroke="${picture[role]}" ${strokeOf(role)}/>`;
      const chart = draw === null ? `<rect x="1" y="1" width="${short(wide - 2)}" height="${short(high - 2)}" fill="none" stroke="${grid}" stroke-dasharray="6 5"/>` : draw(wide);
      body.push(
        `<g transform="translate(${short(FIRST + index * (wide + GAP))} ${short(top)})">`,
        `${line}${text(`x="${role === null ? 0 : 34}" y="22"`, 15, ink, name, ` font-weight="600"`)}`,
        `<g transform="translate(0 ${HEAD})">${chart}</g>`,
        draw === null ? "" : text(`x="${short(wide / 2)}" y="${short(HEAD + high + 14)}"`, 13, muted, picture.x, ` text-anchor="middle"`),
        ...words[index]!.map((part, at) => text(`x="0" y="${short(HEAD + high + AXIS + (at + 1) * LINE - 3)}"`, 13, ink, part)),
        "</g>",
      );
    });
    top += HEAD + high + AXIS + Math.max(...words.map((all) => all.length)) * LINE + 12;
  }
  return frame(picture, Math.ceil(top) + 16 + BOTTOM, [...names.body, ...body]);
}
