/** A decision surface as it stands in a file: its picture between its axes. Plain data in, text out. */
import { number } from "../../../i18n/index.svelte";
import { KEY, short, swatchKey, text, type Key, type Look } from "../../picture/frame";
import { colourOf, outlineOf } from "./surface";

/** Room for the values of the axes. */
const LEFT = 26;
const FOOT = 18;
const TICKS = [-1, 0, 1];

export const squareHeight = (width: number): number => width - LEFT + FOOT;

/** `image` makes the address of the picture, which is that wide. */
export function squareSvg(image: (side: number) => string, extent: number, width: number, look: Look): string {
  const side = width - LEFT;
  const at = (value: number): number => ((value + extent) / (2 * extent)) * side;
  return [
    `<g transform="translate(${LEFT} 0)">`,
    `<image width="${short(side)}" height="${short(side)}" href="${image(side)}"/>`,
    `<rect width="${short(side)}" height="${short(side)}" fill="none" stroke="${look.grid}"/>`,
    ...TICKS.map((tick) => [
      text(`x="-5" y="${short(at(-tick))}" dy="0.35em"`, 11, look.muted, number(tick), ` text-anchor="end"`),
      text(`x="${short(at(tick))}" y="${short(side + 14)}"`, 11, look.muted, number(tick), ` text-anchor="middle"`),
    ].join("")),
    "</g>",
  ].join("");
}

/** A class in the legend: its colour, and its shape on it. */
export function classKey(name: string, klass: number, ink: string): Key {
  const colour = `rgb(${colourOf(klass).join(" ")})`;
  const corners = outlineOf(klass, 5).map(([x, y]) => `${short(x + KEY / 2)},${short(y)}`);
  return { name, mark: `${swatchKey(name, colour, 0.5, "none").mark}<polygon points="${corners.join(" ")}" fill="${colour}" stroke="${ink}"/>` };
}
