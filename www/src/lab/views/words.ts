// Words that several views share, so that a knob or a class has one name wherever it is shown.

import { has, number, percent, t } from "../../i18n/index.svelte";
import type { Role } from "../../engine/generated/types";
import type { Metric } from "../history";

export const roleName = (role: Role): string => t(`view.role.${role}`);

/** Name of a class from its id: `t_shirt`, `class_3`, `7`. */
export function className(id: string): string {
  if (has(`view.class.${id}`)) return t(`view.class.${id}`);
  const ordinal = /^class_(\d+)$/.exec(id)?.[1];
  return ordinal === undefined ? id : t("view.class.ordinal", { number: ordinal });
}

/** A live knob with its value, short enough for a mark on a chart: `T = 8`. */
export function knobMark(key: string, value: string): string {
  if (key === "distill.divergence") return t(`view.divergence.${value}`);
  if (value === "true" || value === "false") return t(`view.mark.${key}.${value}`);
  const text = has(`view.mark.${key}`) ? `view.mark.${key}` : "view.mark.other";
  return t(text, { key, value: plain(value) });
}

/** A number that came as text, as the language writes it; other text as it is. */
export function plain(text: string): string {
  const value = Number(text);
  return text.trim() === "" || Number.isNaN(value) ? text : number(value, { maximumSignificantDigits: 6 });
}

/** A share as a percentage, a loss with the digits that tell runs apart. */
export function measure(metric: Metric, value: number): string {
  return metric === "training" || metric === "loss" ? number(value, { minimumSignificantDigits: 3, maximumSignificantDigits: 3 }) : percent(value);
}
