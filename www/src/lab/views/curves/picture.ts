/** A chart of curves as a picture for a file: as on the page, without what only a page needs. */
import { number, t } from "../../../i18n/index.svelte";
import type { Role } from "../../../engine/generated/types";
import { spaced, type Metric, type RunHistory } from "../../history";
import type { Line, Picture } from "../../picture/curves";
import { ofRun } from "../../picture/run";
import { SHAPES } from "../../runs/looks";
import type { Overlay } from "../../runs/runs.svelte";
import { knobMark, measure, metricName, roleName, unitOf } from "../words";
import { DASHES, OVERLAY_DASHES, WIDTHS } from "./paint";
import type { FileLook } from "./palette";
import { lastOf, xRange, yRange } from "./range";

const MOST_POINTS = 1_000;

export const axisValue = (metric: Metric, value: number): string =>
  unitOf(metric) === "share" ? number(value, { style: "percent", maximumFractionDigits: 1 }) : number(value, { maximumSignificantDigits: 3 });

/** How the line of another run looks: by its colour, its dash and the shape that it carries. */
export const carried = (look: FileLook, other: number, role: Role): Pick<Line, "colour" | "width" | "dash" | "shape"> => ({ colour: look.runs[other]!, width: 1.5, dash: OVERLAY_DASHES[role], shape: { path: SHAPES[other]!, phase: (other + 1) / SHAPES.length } });

export function picture(metric: Metric, roles: readonly Role[], history: RunHistory, overlays: readonly Overlay[], look: FileLook): Picture {
  const earlier = overlays.map((overlay) => overlay.history);
  const line = (run: RunHistory, role: Role, drawn: Pick<Line, "colour" | "width" | "dash" | "shape">, name: string): Line => {
    const { x, y } = run.series(metric);
    const rows = spaced(x.length, MOST_POINTS);
    return { name, ...drawn, x: rows.map((row) => x[row]!), y: rows.map((row) => y[role][row] ?? null) };
  };
  const ended = (role: Role): string => {
    const last = lastOf(history.series(metric).y[role]);
    return last === null ? roleName(role) : t("view.curves.end", { role: roleName(role), value: measure(metric, last.value) });
  };
  const others = overlays.flatMap((overlay) =>
    roles
      .filter((role) => role !== "teacher")
      .map((role) => line(overlay.history, role, carried(look, overlay.look, role), t("picture.other", { run: overlay.name, role: roleName(role) }))),
  );
  return {
    ...look,
    ...ofRun(metricName(metric, history), history.summary),
    x: { label: t("view.curves.step"), range: xRange(history, earlier), text: (value) => number(value) },
    y: { label: metricName(metric, history), range: yRange(metric, history, earlier), log: metric === "training", text: (value) => axisValue(metric, value) },
    lines: [...others, ...roles.map((role) => line(history, role, { colour: look[role], width: WIDTHS[role], dash: DASHES[role] }, ended(role)))],
    marks: history.marks.map(({ x, key, value }) => ({ x, text: knobMark(key, value) })),
  };
}
