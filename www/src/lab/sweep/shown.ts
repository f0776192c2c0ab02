/** What a sweep shows of its cells: the gain over the student alone, or one of the distilled student's own measures. */
import { number, points, t } from "../../i18n/index.svelte";
import { excessAt, textMeasure, type Metric } from "../history";
import type { Values } from "../knobs";
import { measure, metricNameIn, unitOf } from "../views/words";
import { interval, type Interval } from "./statistics";
import type { Cell } from "./plan";
import { spread, width } from "./words";

/** In the order in which they are offered. */
const SHOWN = ["gain", "accuracy", "coverage", "excess", "length", "win_rate", "ece", "yes_no_ece", "distinct_2", "agreement", "loss"] as const satisfies readonly ("gain" | Metric)[];
export type Shown = (typeof SHOWN)[number];

/** Seed by seed; the gain in points. */
export function valuesOf(cell: Cell, shown: Shown): number[] {
  if (shown === "gain") return cell.outcomes.map(({ gap }) => 100 * gap);
  return cell.outcomes.flatMap(({ networks }) => {
    const distilled = networks.find(({ role }) => role === "distilled");
    if (distilled === undefined) return [];
    const value = shown === "accuracy" || shown === "loss" || shown === "ece" || shown === "agreement" ? distilled[shown] : textMeasure(distilled, shown);
    return value ?? [];
  });
}

export const intervalOf = (cell: Cell, shown: Shown): Interval | null => interval(valuesOf(cell, shown));

/** How far a cell is from another, over the seeds that both have. */
export function apart(cell: Cell, from: Cell, shown: Shown): Interval | null {
  const [own, other] = [valuesOf(cell, shown), valuesOf(from, shown)];
  return interval(own.slice(0, other.length).map((value, seed) => value - other[seed]!));
}

/** What was measured in any cell. */
export function offered(cells: readonly Cell[]): Shown[] {
  return SHOWN.filter((shown) => cells.some((cell) => valuesOf(cell, shown).length > 0));
}

/** So many fit side by side; a map shows any. */
export const MOST_COLUMNS = 7;

/** Its name in these cells: an error that piles up has it up to some token. */
export function shownName(values: Values, cells: readonly Cell[], shown: Shown): string {
  if (shown === "gain") return t("sweep.shown.gain");
  if (shown !== "excess") return metricNameIn(values, shown);
  const text = cells.flatMap(({ outcomes }) => outcomes.flatMap(({ networks }) => networks.flatMap(({ text }) => text ?? [])))[0];
  return t("view.curves.excess", { tokens: text === undefined ? "" : excessAt(text) });
}

/** A mean without its interval. */
export const figure = (shown: Shown, value: number): string => (shown === "gain" ? points(value) : measure(shown, value));

/** Half the width of an interval, where it has one. */
function half(shown: Shown, value: number): string {
  if (shown === "gain") return width(value);
  return unitOf(shown) === "share" ? width(100 * value) : t("sweep.half", { half: number(value, { maximumSignificantDigits: 2 }) });
}

export const halfOf = (shown: Shown, of: Interval): string => (of.half === null ? "" : half(shown, of.half));

/** A mean with its interval. */
export function told(shown: Shown, of: Interval | null): string {
  if (shown === "gain" || of === null) return spread(of);
  return `${figure(shown, of.mean)} ${halfOf(shown, of)}`.trim();
}

/** A difference with its sign and interval: of shares in points. */
export function difference(shown: Shown, of: Interval): string {
  const unit = shown === "gain" ? "points" : unitOf(shown);
  if (unit !== "nats") return `${points(unit === "share" ? 100 * of.mean : of.mean)} ${halfOf(shown, of)}`.trim();
  return `${number(of.mean, { signDisplay: "exceptZero", maximumFractionDigits: 3 })} ${halfOf(shown, of)}`.trim();
}
