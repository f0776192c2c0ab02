/** A reliability diagram, for the page and for a file: how often a network is right against how sure it was; below, in how many cases. Plain data in, text out. */
import type { Bin, Role } from "../../engine/generated/types";
import { number, percent } from "../../i18n/index.svelte";
import { short, text, type Colours } from "../picture/frame";

const LEFT = 36;
const RIGHT = 8;
const TOP = 8;
/** Between diagram and rows: the numbers of the rows stand on their bars. */
const BETWEEN = 34;
const BELOW = 44;
const FOOT = 18;
const TICKS = [0, 0.25, 0.5, 0.75, 1];
/** A mean of fewer rows says little. */
const FEW = 10;

/** With the colour of a gap. */
type DiagramColours = Colours & { bad: string };

const sideOf = (width: number): number => Math.max(0, width - LEFT - RIGHT);
export const diagramHeight = (width: number): number => TOP + sideOf(width) + BETWEEN + BELOW + FOOT;
/** Middle of the axes. */
export const diagramMiddle = (width: number): number => LEFT + sideOf(width) / 2;

export function diagramSvg(role: Role, bins: readonly Bin[], width: number, look: DiagramColours): string {
  const side = sideOf(width);
  const base = side + BETWEEN + BELOW;
  const bar = side / Math.max(1, bins.length);
  const most = Math.max(1, ...bins.map((bin) => bin.rows));
  /** Numbers side by side need so much; the others are in the table. */
  const every = bar < 13 ? 2 : 1;
  const filled = bins.flatMap((bin, index) => (bin.rows > 0 ? [{ ...bin, index, few: bin.rows < FEW }] : []));
  const column = (index: number): string => `x="${short(index * bar + 0.5)}" width="${short(Math.max(1, bar - 1))}"`;
  const y = (share: number): string => short((1 - share) * side);
  return [
    `<g transform="translate(${LEFT} ${TOP})">`,
    ...TICKS.map((tick) => {
      const anchor = tick === 0 ? "start" : tick === 1 ? "end" : "middle";
      return [
        `<path d="M0 ${y(tick)}H${short(side)}" stroke="${look.grid}"/>`,
        text(`x="-5" y="${y(tick)}" dy="0.35em"`, 11, look.muted, percent(tick, 0), ` text-anchor="end"`),
        text(`x="${short(tick * side)}" y="${short(base + 15)}"`, 11, look.muted, percent(tick, 0), ` text-anchor="${anchor}"`),
      ].join("");
    }),
    ...filled.map(({ accuracy, index, few }) => `<rect ${column(index)} y="${y(accuracy)}" height="${short(accuracy * side)}" fill="${look[role]}" fill-opacity="${few ? 0.12 : 0.35}"/>`),
    `<path d="M0 ${short(side)}L${short(side)} 0" stroke="${look.muted}" stroke-width="1.5" stroke-dasharray="4 3"/>`,
    ...filled.map(({ confidence, accuracy, few }) => {
      const x = short(confidence * side);
      return `<g opacity="${few ? 0.45 : 1}"><path d="M${x} ${y(accuracy)}V${y(confidence)}" stroke="${look.bad}" stroke-width="2"/><circle cx="${x}" cy="${y(accuracy)}" r="3.5" fill="${look[role]}" stroke="${look.surface}"/></g>`;
    }),
    ...filled.map(({ rows, index }) => {
      const height = (rows / most) * BELOW;
      const counted = index % every === (bins.length - 1) % every;
      const count = counted ? text(`x="${short((index + 0.5) * bar)}" y="${short(base - height - 3)}"`, 9.5, look.ink, number(rows, { maximumFractionDigits: 0 }), ` text-anchor="middle"`) : "";
      return `<rect ${column(index)} y="${short(base - height)}" height="${short(height)}" fill="${look.ink}" fill-opacity="0.3"/>${count}`;
    }),
    `<path d="M0 ${short(base)}H${short(side)}" stroke="${look.grid}"/>`,
    "</g>",
  ].join("");
}
