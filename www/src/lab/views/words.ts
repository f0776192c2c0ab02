// Words that several views share, so that a knob or a class has one name wherever it is shown.

import { exact, has, number, percent, t } from "../../i18n/index.svelte";
import type { Phase, Role } from "../../engine/generated/types";
import type { Metric, RunHistory } from "../history";
import type { Values } from "../knobs";
import { counted } from "../task";

export const roleName = (role: Role): string => t(`view.role.${role}`);

/** A moment of a run: the teacher's steps are counted apart. */
export const atStep = (phase: Phase, step: number): string => t(phase === "teacher" ? "view.curves.at_teacher_step" : "view.curves.at_step", { step: number(step) });

/** Name of a class from its id: `t_shirt`, `class_3`, `7`. */
export function className(id: string): string {
  if (has(`view.class.${id}`)) return t(`view.class.${id}`);
  const ordinal = /^class_(\d+)$/.exec(id)?.[1];
  return ordinal === undefined ? id : t("view.class.ordinal", { number: ordinal });
}

/** A live knob with its value, short enough for a mark on a chart: `T = 8`. */
export function knobMark(key: string, value: string): string {
  if (key === "distill.divergence") return t(`view.divergence.${value}`);
  if (has(`option.${key}.${value}`)) return t(`option.${key}.${value}`);
  if (value === "true" || value === "false") return t(`view.mark.${key}.${value}`);
  const text = has(`view.mark.${key}`) ? `view.mark.${key}` : "view.mark.other";
  return t(text, { key, value: plain(value) });
}

/** A number that came as text, as the language writes it; other text as it is. */
export function plain(text: string): string {
  const value = Number(text);
  return text.trim() === "" || Number.isNaN(value) ? text : exact(value);
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** `3.2 × 10⁻⁶`. */
export function scientific(value: number): string {
  if (value === 0) return number(0);
  const [mantissa = "0", exponent = "0"] = value.toExponential(1).split("e");
  const power = exponent.replace("+", "").replace("-", "⁻").replace(/\d/g, (digit) => SUPERSCRIPTS[Number(digit)]!);
  return t("view.scientific", { mantissa: Number(mantissa), power });
}

/** Below this a row of zeros would have to be counted. */
const TINY = 1e-3;

/** A loss, a weight or what they make together, with three digits. */
export function quantity(value: number, options: Intl.NumberFormatOptions = {}): string {
  if (value !== 0 && Math.abs(value) < TINY) return scientific(value);
  return number(value, { maximumSignificantDigits: 3, ...options });
}

const NATS: readonly Metric[] = ["training", "loss", "forward_kl", "reverse_kl"];

/** What a measure is measured in. */
export function unitOf(metric: Metric): "nats" | "tokens" | "share" {
  return NATS.includes(metric) ? "nats" : metric === "length" ? "tokens" : "share";
}

/** A share as a percentage, a loss with the digits that tell runs apart. */
export function measure(metric: Metric, value: number): string {
  const unit = unitOf(metric);
  if (unit === "tokens") return number(value, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return unit === "nats" ? quantity(value, { minimumSignificantDigits: 3 }) : percent(value);
}

/** A measure's name; what counts as right differs by task. */
export const metricName = (metric: Metric, history: RunHistory): string => metricNameIn(history.summary?.values ?? {}, metric);

export function metricNameIn(values: Values, metric: Metric): string {
  const own = `view.curves.${metric}.${counted(values)}`;
  return t(has(own) ? own : `view.curves.${metric}`);
}

/** Entropy in words: how many equally likely classes would be as uncertain. */
export function certainty(entropy: number): string {
  const equal = Math.exp(entropy);
  if (equal < 1.1) return t("view.sample.sure");
  return t("view.sample.between", { classes: number(equal, { minimumFractionDigits: 1, maximumFractionDigits: 1 }) });
}
