/**
 * A lesson: a claim, a prediction, one or two runs that decide, and what to make of them. It is data, so that a teacher can add one; what it
 * claims is checked natively over paired seeds by the same numbers that the page reads off the visitor's run (tests/lessons.rs).
 */
import type { Evaluation, Role } from "../engine/protocol";
import type { Locale } from "../i18n/locale";
import type { PanelId } from "../lab/closer/ids";
import { textMeasure, type Metric } from "../lab/history";
import { presetValues, type Values } from "../lab/knobs";

/** What is read off a finished run, in percent; `gap` is distilled − alone in points. */
export const MEASURES = ["distilled", "alone", "teacher", "gap", "recall", "shifted_recall", "agreement", "ece", "coverage", "excess"] as const;
export type Measure = (typeof MEASURES)[number];

/** Numbers that a text may name in braces. */
export const NUMBERS = ["value", "first", "last", "teacher", "alone", "distilled"] as const;
export type NumberName = (typeof NUMBERS)[number];

/** Texts in one language. `options` and `runs` are as many as the lesson's own. */
export interface LessonTexts {
  title: string;
  claim: string;
  question: string;
  options: string[];
  /** What the runs do. */
  run: string;
  runs: string[];
  /** What to look at meanwhile. */
  watch: string;
  /** What the value of this lesson is called. */
  value: string;
  supported: string;
  otherwise: string;
  why: string;
  /** The formula in words. */
  formula: string;
  fails: string;
  source: string;
}

export interface Lesson extends Record<Locale, LessonTexts> {
  id: string;
  /** Where it stands among the others: from the smallest to the largest. */
  place: number;
  preset: string;
  /** One run, or two whose difference (last − first) is the value. */
  runs: { set: Values; measure: Measure }[];
  watch: { panel: PanelId | null; metric: Metric };
  /** What can be predicted: bands of the value that leave no gap, from below upwards. */
  options: { from?: number; to?: number }[];
  /** The option that our runs support. */
  answer: number;
  /** What the 95 % interval over seeds must show: above 0, below 0, or inside the band of the answer. */
  check: { expect: "positive" | "negative" | "none"; seeds: number };
  formula: string;
  source: { url: string };
}

/** One finished run, in percent. */
export interface Reading {
  teacher: number;
  alone: number;
  distilled: number;
  measure: number;
}

/** The experiment of one run of a lesson. */
export function experiment(lesson: Lesson, run: number, seed: string): Values {
  return { ...presetValues(lesson.preset), ...lesson.runs[run]?.set, seed };
}

const excess = (found: Evaluation | undefined): number | null => (found === undefined ? null : textMeasure(found, "excess"));

const MEASURED: Record<Measure, (of: (role: Role) => Evaluation | undefined) => number | null | undefined> = {
  distilled: (of) => of("distilled")?.accuracy,
  alone: (of) => of("alone")?.accuracy,
  teacher: (of) => of("teacher")?.accuracy,
  gap: (of) => (of("distilled")?.accuracy ?? Number.NaN) - (of("alone")?.accuracy ?? Number.NaN),
  recall: (of) => of("distilled")?.omitted?.recall,
  shifted_recall: (of) => of("distilled")?.omitted?.shifted_recall,
  agreement: (of) => of("distilled")?.agreement,
  ece: (of) => of("distilled")?.ece,
  coverage: (of) => of("distilled")?.text?.coverage,
  excess: (of) => excess(of("distilled")),
};

/** Reads a finished run; null where it lacks what is measured. */
export function read(measure: Measure, networks: readonly Evaluation[]): Reading | null {
  const of = (role: Role): Evaluation | undefined => networks.find((network) => network.role === role);
  const percent = (name: Measure): number => (MEASURED[name](of) ?? Number.NaN) * 100;
  const reading = { teacher: percent("teacher"), alone: percent("alone"), distilled: percent("distilled"), measure: percent(measure) };
  return Object.values(reading).every(Number.isFinite) ? reading : null;
}

/** The value of a lesson's runs: the one measure, or the last less the first. */
export function valueOf(readings: readonly Reading[]): number {
  const [first, last] = [readings[0], readings.at(-1)];
  if (first === undefined || last === undefined) return Number.NaN;
  return readings.length === 1 ? last.measure : last.measure - first.measure;
}

/** The option whose band holds the value. */
export function outcomeOf(lesson: Lesson, value: number): number {
  return lesson.options.findIndex(({ from = -Infinity, to = Infinity }) => value >= from && value < to);
}

/** The native commands that repeat the runs over paired seeds. */
export function commands(lesson: Lesson, seeds: number): string[] {
  return lesson.runs.map(({ set }) => {
    const knobs = Object.entries(set).map(([key, value]) => ` --set ${key}=${value}`);
    return `distillery run ${lesson.preset}${knobs.join("")} --seeds ${seeds} --device cpu`;
  });
}
