/** One fit as it stands in a file: the teacher's density, the student's line over it, and their axis. Plain data in, text out. */
import { number } from "../../i18n/index.svelte";
import { ticks } from "../picture/curves";
import { short, text, type Colours } from "../picture/frame";
import { WIDTHS } from "../views/curves/paint";
import { HEIGHT, path } from "./curve";

/** Room for the values of the axis. */
const FOOT = 20;
export const FIT_HEIGHT = HEIGHT + FOOT;
/** How strong the teacher's area is, as on the page. */
export const AREA = 0.3;

export function fitSvg(grid: readonly number[], target: readonly number[], mass: readonly number[], top: number, width: number, look: Colours): string {
  const [low, high] = [grid[0]!, grid.at(-1)!];
  return [
    ...ticks([low, high]).map((value) => text(`x="${short(((value - low) / (high - low)) * width)}" y="${HEIGHT + 15}"`, 11, look.muted, number(value), ` text-anchor="middle"`)),
    `<path d="${path(target, top, true, width)}" fill="${look.teacher}" fill-opacity="${AREA}"/>`,
    `<path d="M0 ${HEIGHT}H${short(width)}" stroke="${look.muted}"/>`,
    // A needle is cut off at the top of its chart.
    `<svg width="${short(width)}" height="${HEIGHT}"><path d="${path(mass, top, false, width)}" fill="none" stroke="${look.distilled}" stroke-width="${WIDTHS.distilled}"/></svg>`,
  ].join("");
}
