/** What a sweep varies: knobs and their values, read from what the visitor writes. */
import { findKnob, normalise, type Values } from "../knobs";

export interface Axis {
  key: string;
  values: readonly string[];
}

/** Knobs that a map may have along a side, with values worth trying. T and α first: they are the pair that is asked for. */
export const AXES: readonly Axis[] = [
  { key: "distill.temperature", values: ["1", "2", "4", "8", "16"] },
  { key: "distill.alpha", values: ["0", "0.1", "0.3", "0.6", "1"] },
  { key: "student.widths", values: ["4", "8", "16", "32", "64"] },
  { key: "task.labels_per_class", values: ["2", "5", "10", "20", "50"] },
  { key: "task.label_noise", values: ["0", "0.1", "0.2", "0.4", "0.6"] },
];

/** Widths of the teacher along the capacity curve: from smaller than the student to the usual one. */
export const CAPACITY: Axis = { key: "teacher.widths", values: ["8", "16", "32", "64", "128", "256"] };
/** The teacher of the curve is trained for it: the one that is ready-made has one size only. */
export const CAPACITY_FIXED: Values = { "teacher.source": "live", "teacher.kind": "mlp", "teacher.schedule": "first" };

/** What the lesson on the capacity gap uses: its teachers learn for longer, and the largest has two layers. */
export const CAPACITY_LESSON = {
  preset: "first-light",
  set: { "teacher.source": "live", "teacher.steps": "1000" },
  widths: ["32", "64", "128", "256", "256,256"],
  /** One seed would not tell the teachers apart. */
  seeds: 5,
} as const;

/** More rows or columns could be read no more. */
export const MAX_VALUES = 8;

/** Values as one writes them: `1 2 4`, or with commas where a value has none of its own. */
export function writeValues({ values }: Axis): string {
  return values.join("  ");
}

/** Reads values; null where one is none of the knob's, or there are none or too many. */
export function readValues(key: string, text: string): Axis | null {
  const knob = findKnob(key);
  if (knob === undefined) return null;
  const parts = text.split(knob.kind.type === "widths" ? /\s+/ : /[\s,]+/).map((part) => part.replace(/,$/, ""));
  const values = parts.filter((part) => part !== "").map((part) => normalise(knob.kind, part));
  if (values.length === 0 || values.length > MAX_VALUES || values.some((value) => value === null)) return null;
  return { key, values: [...new Set(values as string[])] };
}
