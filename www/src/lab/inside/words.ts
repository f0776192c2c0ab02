/** Rows and units of a network in words. */
import { number, t } from "../../i18n/index.svelte";
import type { Choice } from "./layout";
import { linksFrom, type Row } from "./rows";

/** Of the units of a row those that answer the example at all. */
export function answering({ answers }: Row): number {
  return Array.from(answers).filter((answer) => answer > 0).length;
}

/** What a row shows, and of how many. */
export function headingOf({ kind, units, shown }: Row): string {
  const text = t(`inside.row.${kind}`, { units: number(units) });
  return shown < units ? t("inside.row.first", { row: text, shown: number(shown) }) : text;
}

/** So many names say what a unit is for. */
const NAMED = 2;

/** What a unit speaks for and against most strongly, in the row below. */
export function spokenFor(rows: readonly Row[], { row, unit }: Choice, classes: readonly string[]): { pro: string; contra: string } {
  const below = rows[row + 1];
  if (below === undefined || below.dense === null) return { pro: "–", contra: "–" };
  const links = linksFrom(below, unit).sort((a, b) => b.weight - a.weight);
  const name = (to: number): string => (below.kind === "classes" ? (classes[to] ?? "") : t("inside.unit.name", { unit: to + 1 }));
  const list = (some: typeof links): string => some.map(({ to, weight }) => `${name(to)} (${number(weight, { maximumFractionDigits: 2, signDisplay: "exceptZero" })})`).join(", ") || "–";
  return {
    pro: list(links.filter(({ weight }) => weight > 0).slice(0, NAMED)),
    contra: list(
      links
        .filter(({ weight }) => weight < 0)
        .slice(-NAMED)
        .reverse(),
    ),
  };
}
