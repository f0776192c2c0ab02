/** The networks' opinions over time as an SVG file: a strip each. Plain data in, text out. */
import type { Role } from "../../engine/generated/types";
import { BOTTOM, frame, LEFT, legend, lengthOf, RIGHT, short, text, TOP, type Framed, type Key } from "../picture/frame";
import { strokeOf } from "../views/curves/paint";
import type { Mind } from "./trail";
import { colourOf } from "../views/plane/surface";

interface StoryPicture extends Framed, Record<Role, string> {
  strips: readonly { role: Role; name: string; minds: readonly Mind[]; /** What it says now. */ last: string }[];
  /** The names of the classes stand on the strips. */
  named: boolean;
  classes: readonly string[];
  keys: readonly Key[];
  /** The first moment and the last. */
  from: string;
  to: string;
}

/** Room for the names of the networks, and for what they say now. */
const NAMES = 170;
const NOW = 150;
const STRIP = 34;
const APART = 14;

export function storySvg(picture: StoryPicture): string {
  const { strips, named, classes, ink, muted, grid } = picture;
  const keys = legend(picture.keys, TOP, ink);
  const first = TOP + keys.height + 12;
  const [left, right] = [LEFT + NAMES, RIGHT - NOW];
  const end = first + strips.length * (STRIP + APART);
  return frame(picture, end + 34 + BOTTOM, [
    ...keys.body,
    ...strips.map(({ role, name, minds, last }, index) => {
      const top = first + index * (STRIP + APART);
      const unit = (right - left) / minds.reduce((sum, { width }) => sum + width, 0);
      let x = left;
      const boxes = minds.map(({ klass, width, cells }) => {
        const begin = x;
        const colour = klass === null ? "none" : `rgb(${colourOf(klass).join(" ")})`;
        const own = cells.map((cell) => {
          const box = `<rect x="${short(x)}" y="${top}" width="${short(cell.width * unit)}" height="${STRIP}" fill="${colour}" fill-opacity="${short(cell.probability)}"/>`;
          x += cell.width * unit;
          return box;
        });
        const label = klass === null ? "" : (classes[klass] ?? "");
        const fits = named && lengthOf(label, 13) + 8 < width * unit;
        return `${own.join("")}${fits ? text(`x="${short(begin + 4)}" y="${top + 22}"`, 13, ink, label, ` font-weight="600" paint-order="stroke" stroke="${picture.surface}" stroke-width="3" stroke-opacity="0.7"`) : ""}`;
      });
      return [
        `<path d="M${LEFT} ${top + STRIP / 2}h26" fill="none" stroke="${picture[role]}" ${strokeOf(role)}/>`,
        text(`x="${LEFT + 34}" y="${top + 22}"`, 14, ink, name),
        ...boxes,
        `<rect x="${left}" y="${top}" width="${right - left}" height="${STRIP}" fill="none" stroke="${grid}"/>`,
        text(`x="${right + 10}" y="${top + 22}"`, 13, ink, last),
      ].join("");
    }),
    text(`x="${left}" y="${end + 6}"`, 13, muted, picture.from),
    text(`x="${right}" y="${end + 6}"`, 13, muted, picture.to, ` text-anchor="end"`),
  ]);
}
