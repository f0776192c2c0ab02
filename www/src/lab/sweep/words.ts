// How the sweeps write their axes and figures.
import { has, number, percent, points, t } from "../../i18n/index.svelte";
import { knobName, valueName } from "../errors";
import type { Values } from "../knobs";
import { knobMark } from "../views/words";
import { interval, type Interval } from "./statistics";
import type { Framed } from "../picture/frame";
import { command } from "../url";
import { ABLATION, DOOR, isList, knobsOf } from "./axes";
import type { Cell, Plan } from "./plan";

export const axisName = (key: string): string => (isList(key) ? t(`sweep.${key}`) : knobName(key));

export function placeValue(key: string, value: string): string {
  if (key === DOOR) return t(`access.text.${value}`);
  if (key === ABLATION) return t(`sweep.ablation.${value}`);
  return key === "distill.divergence" && has(`view.divergence.${value}`) ? t(`view.divergence.${value}`) : valueName(key, value);
}

export function width(value: number): string {
  return t("sweep.half", { half: number(value, { minimumFractionDigits: 1, maximumFractionDigits: 1 }) });
}

/** A mean with its interval: `+4.8 ± 1.2`. */
export function spread(of: Interval | null): string {
  if (of === null) return "–";
  return of.half === null ? points(of.mean) : `${points(of.mean)} ${width(of.half)}`;
}

/** A mean accuracy with its interval: `92.6% ± 1.2`. */
export function accuracy(of: Interval | null): string {
  if (of === null) return "–";
  return of.half === null ? percent(of.mean) : `${percent(of.mean)} ${width(100 * of.half)}`;
}

export const accuracyOf = (cell: Cell, role: "teacher" | "alone" | "distilled"): Interval | null => interval(cell.outcomes.map((outcome) => outcome[role]));

/** The knobs of a cell: `T = 4, α = 0.1`, `Label noise 0.2`. */
export function placeName(at: Values): string {
  return Object.entries(at)
    .map(([key, value]) => {
      if (isList(key)) return placeValue(key, value);
      return has(`view.mark.${key}`) ? knobMark(key, value) : t("sweep.place", { knob: axisName(key), value: placeValue(key, value) });
    })
    .join(t("change.and"));
}

/** A time in whole seconds, or in minutes where it is long. */
export function duration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  const [value, unit] = seconds < 120 ? [seconds, "second"] : [Math.round(seconds / 60), "minute"];
  return number(value, { style: "unit", unit, unitDisplay: "short" });
}

/** What a picture of a sweep says around its drawing. */
export function framed(chart: string, plan: Plan): Pick<Framed, "title" | "note" | "caption"> {
  const swept = [plan.across, plan.down].flatMap((axis) => (axis === null ? [] : knobsOf(axis, plan.values)));
  const values = { ...plan.values, ...Object.fromEntries(swept.map((key) => [key, "…"])) };
  return {
    title: t("picture.title", { chart, preset: t(`preset.${plan.preset}`) }),
    note: t(plan.seeds > 1 ? "sweep.picture.seeds" : "sweep.picture.seed", { seeds: plan.seeds }),
    caption: `${command(plan.preset, values)} --seeds ${plan.seeds}`,
  };
}
