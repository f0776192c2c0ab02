/** The charts of the capacity gap as SVG, for the page and for a file: networks along one axis of knob values, with intervals. Plain data in, text out. */
import type { Role } from "../../engine/generated/types";
import { BOTTOM, frame, LEFT, legend, lineKey, RIGHT, short, text, TOP, type Colours, type Framed } from "../picture/frame";
import { DASHES, WIDTHS, strokeOf } from "../views/curves/paint";
import { ticks } from "./scale";
import type { Interval } from "./statistics";

export interface NetworkLine {
  role: Role;
  name: string;
  /** By place on the axis; null where nothing was measured yet. */
  places: readonly (Interval | null)[];
}

export interface Chart {
  title: string;
  lines: readonly NetworkLine[];
  /** The axis goes through zero, which is drawn stronger. */
  zero: boolean;
  /** What cannot be outdone: no accuracy is above 100 %. */
  least: number;
  most: number;
  write: (value: number) => string;
}

export interface AxisOf {
  name: string;
  values: readonly string[];
}

export interface CapacityPicture extends Framed, Record<Role, string> {
  axis: AxisOf;
  charts: readonly Chart[];
}

/** Room above the plot and left of it, for the values. */
const ABOVE = 8;
const BESIDE = 52;
const AFTER = 12;
/** Pixels between the marks of two networks. */
const APART = 9;
/** Room below the plot, for the values of the axis and for its name. */
const VALUES = 26;
const NAME = 18;

export const chartHeight = (plot: number, named: boolean): number => ABOVE + plot + VALUES + (named ? NAME : 0);

const ends = ({ mean, half }: Interval, { least, most }: Chart): [number, number] => [Math.max(least, mean - (half ?? 0)), Math.min(most, mean + (half ?? 0))];
const measured = ({ places }: NetworkLine): { index: number; of: Interval }[] => places.flatMap((of, index) => (of === null ? [] : [{ index, of }]));

export const isEmpty = (chart: Chart): boolean => chart.lines.every((line) => measured(line).length === 0);

/** One chart, as wide as told and `plot` high between its axes, with the name of the axis below the last one. */
export function chartSvg(chart: Chart, axis: AxisOf, named: boolean, width: number, plot: number, look: Colours): string {
  const { lines, zero, write } = chart;
  const all = lines.flatMap((line) => measured(line).flatMap(({ of }) => ends(of, chart)));
  const marks = ticks(Math.min(...all, ...(zero ? [0] : [])), Math.max(...all, ...(zero ? [0] : [])));
  const [low, high] = [marks[0]!, marks.at(-1)!];
  const y = (value: number): string => short(ABOVE + (1 - (value - low) / (high - low)) * plot);
  const x = (index: number): number => BESIDE + ((index + 0.5) * (width - BESIDE - AFTER)) / axis.values.length;
  const middle = ` text-anchor="middle"`;
  return [
    // A shift of a third of the letters' height does what `dominant-baseline` does, which not every program for SVG knows.
    ...marks.map((mark) => `<path d="M${BESIDE} ${y(mark)}H${width - AFTER}" stroke="${zero && mark === 0 ? look.ink : look.grid}"/>${text(`x="${BESIDE - 8}" y="${y(mark)}" dy="0.35em"`, 12, look.muted, write(mark), ` text-anchor="end"`)}`),
    ...axis.values.map((value, index) => text(`x="${short(x(index))}" y="${ABOVE + plot + 18}"`, 12, look.muted, value, middle)),
    named ? text(`x="${short((BESIDE + width - AFTER) / 2)}" y="${ABOVE + plot + 38}"`, 12, look.muted, axis.name, middle) : "",
    ...lines.map((line, side) => {
      const places = measured(line);
      const points = places.map(({ index, of }) => `${short(x(index))},${y(of.mean)}`).join(" ");
      const bars = places.flatMap(({ index, of }) => {
        const [bottom, top] = ends(of, chart).map(y);
        const at = x(index);
        return of.half === null ? [] : [`M${short(at)} ${bottom}V${top}M${short(at - 3)} ${bottom}h6M${short(at - 3)} ${top}h6`];
      });
      // Beside each other: intervals at one place would hide each other.
      return [
        `<g transform="translate(${(side - (lines.length - 1) / 2) * APART})" fill="none" stroke="${look[line.role]}">`,
        `<polyline points="${points}" ${strokeOf(line.role)}/>`,
        `<path d="${bars.join("")}" stroke-width="1.5"/>`,
        ...places.map(({ index, of }) => `<circle cx="${short(x(index))}" cy="${y(of.mean)}" r="4" fill="${look[line.role]}" stroke="${look.surface}"/>`),
        "</g>",
      ].join("");
    }),
  ].join("");
}

/** Height of a plot in the file. */
const PLOT = 190;
const CHART = chartHeight(PLOT, false) + 40;

export function capacitySvg(picture: CapacityPicture): string {
  const { axis, ink } = picture;
  const charts = picture.charts.filter((chart) => !isEmpty(chart));
  const networks = picture.charts.at(-1)?.lines ?? [];
  const names = legend(networks.map(({ name, role }) => lineKey(name, picture[role], WIDTHS[role], DASHES[role])), TOP, ink);
  const first = TOP + names.height + 4;
  return frame(picture, first + charts.length * CHART + NAME + 20 + BOTTOM, [
    ...names.body,
    ...charts.flatMap((chart, index) => {
      const top = first + index * CHART;
      return [text(`x="${LEFT}" y="${top + 22}"`, 15, ink, chart.title, ` font-weight="600"`), `<g transform="translate(${LEFT - BESIDE} ${top + 30})">${chartSvg(chart, axis, index === charts.length - 1, RIGHT - LEFT + BESIDE, PLOT, picture)}</g>`];
    }),
  ]);
}
