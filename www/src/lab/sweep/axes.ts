/**
 * What a sweep varies: knobs and their values, read from what the visitor writes, or one of two lists: the pieces of a method, each left out
 * in turn, and the doors through which a student sees a teacher of text.
 */
import { DOORS, wayTo, type Door } from "../access/doors";
import { applies, findKnob, normalise, type Values } from "../knobs";
import { isEncoder, isText } from "../task";

export interface Axis {
  /** A knob, or a list: `ABLATION` or `DOOR`. */
  key: string;
  values: readonly string[];
}

/** The axis whose places are the whole method, and the method without one of its pieces. */
export const ABLATION = "ablation";
/** The axis of what the student may see of its teacher. */
export const DOOR = "door";
/** Methods for which every door is another one: the others need the teacher's probabilities of the student's own text. */
const BEHIND_DOORS: readonly string[] = ["token_kd", "seq_kd", "sft"];

/** What leaves each piece out: of MiniLLM, those whose worth its paper shows (Gu et al. 2023, section 3.4). */
const PIECES: readonly { id: string; without: Values }[] = [
  { id: "whole", without: {} },
  { id: "single_step", without: { "text.single_step": "false" } },
  { id: "teacher_mix", without: { "text.teacher_mix": "0" } },
  { id: "length_norm", without: { "text.length_norm": "false" } },
];

/** Knobs that a map may have along a side, with values worth trying. T and α first: they are the pair that is asked for. */
const AXES: readonly Axis[] = [
  { key: "distill.temperature", values: ["1", "2", "4", "8", "16"] },
  { key: "distill.alpha", values: ["0", "0.1", "0.3", "0.6", "1"] },
  { key: "student.widths", values: ["4", "8", "16", "32", "64"] },
  { key: "task.labels_per_class", values: ["2", "5", "10", "20", "50"] },
  { key: "task.label_noise", values: ["0", "0.1", "0.2", "0.4", "0.6"] },
];

/** The same over text. The two temperatures first: sampling's says what is written, distillation's what is compared. */
const TEXT_AXES: readonly Axis[] = [
  { key: "text.sampling_temperature", values: ["0.5", "1", "1.5"] },
  { key: "distill.temperature", values: ["1", "3"] },
  { key: "text.student_share", values: ["0", "0.5", "1"] },
  { key: "distill.divergence", values: ["forward_kl", "jsd_continuous", "reverse_kl"] },
  { key: "distill.alpha", values: ["0", "0.3", "1"] },
  { key: "text.teacher_mix", values: ["0", "0.2", "0.5"] },
  { key: "text.preference_beta", values: ["0.1", "0.5", "2"] },
  { key: "student.dim", values: ["8", "16", "24"] },
];

/** What a short run over text is: that of the lessons. */
export const SHORT: Values = { "train.lr": "0.003", "train.steps": "400", "text.sft_steps": "100", "text.samples": "64" };

/** What can be swept in an experiment, likeliest wish first, by knobs that are `shown`. */
export function axesOf(values: Values, shown: (knob: string) => boolean = () => true): readonly Axis[] {
  const usable = (key: string): boolean => shown(key) && applies(findKnob(key)!, values);
  if (!isText(values)) return AXES.filter(({ key }) => shown(key));
  const pieces = PIECES.filter(({ without }) => Object.keys(without).every(usable)).map(({ id }) => id);
  const knobs = isEncoder(values) ? [] : TEXT_AXES.filter(({ key }) => usable(key));
  const open = ["text.method", "distill.access", "distill.hint_weight"].every(shown) && BEHIND_DOORS.includes(values["text.method"] ?? "");
  const doors = !isEncoder(values) && open ? [{ key: DOOR, values: DOORS }] : [];
  return [...(pieces.length > 1 ? [{ key: ABLATION, values: pieces }] : []), ...knobs, ...doors];
}

/** Whether the places of an axis are listed, and not written by the visitor. */
export const isList = (key: string): boolean => key === ABLATION || key === DOOR;

/** The box that a knob's values are written in: over text other values are worth trying. */
export const boxOf = (key: string, values: Values): string => (isText(values) ? `text ${key}` : key);

/** What stands in every box at first. */
export const BOXES: Readonly<Record<string, string>> = Object.fromEntries([
  ...AXES.map((axis) => [axis.key, writeValues(axis)]),
  ...TEXT_AXES.map((axis) => [`text ${axis.key}`, writeValues(axis)]),
]);

/** The knobs that a place of an axis sets in an experiment. */
export function setsOf(key: string, value: string, values: Values): Values {
  if (key === DOOR) return wayTo(value as Door, values);
  return key === ABLATION ? (PIECES.find(({ id }) => id === value)?.without ?? {}) : { [key]: value };
}

/** All knobs that an axis sets somewhere. */
export const knobsOf = ({ key, values: places }: Axis, values: Values): string[] => [...new Set(places.flatMap((place) => Object.keys(setsOf(key, place, values))))];

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
