/** The knob table as the page needs it: reading and writing values as text, ranges, slider positions, what depends on what. */
import nativeChoices from "../engine/generated/native_choices.json";
import nativePresets from "../engine/generated/native_presets.json";
import presetRows from "../engine/generated/presets.json";
import knobRows from "../engine/generated/knobs.json";
import type { Knob, Kind } from "../engine/protocol";
import { readPoints, writePoints } from "./draw/added";

export type Values = Record<string, string>;
export type Row = Knob & { default: string };
export interface Preset {
  id: string;
  values: Values;
}

// The files are generated from the same Rust types as `Knob`; JSON modules have wider types.
export const KNOBS = knobRows as unknown as Row[];
export const PRESETS = presetRows as unknown as Preset[];
/** Presets of the native program alone: they need a model of the visitor's own. */
export const NATIVE_PRESETS: readonly string[] = nativePresets;
export const FIRST_PRESET = PRESETS[0]!.id;

const BY_KEY = new Map(KNOBS.map((knob) => [knob.key, knob]));

/** What only the native program can choose, some of it only `beside` another knob's value. */
const NATIVE_CHOICES = nativeChoices as { key: string; value: string; beside: string[] | null }[];

/** Whether only the native program can make a choice beside these values. */
function native(chosen: string, option: string, values: Values): boolean {
  return NATIVE_CHOICES.some(({ key, value, beside }) => key === chosen && value === option && (beside === null || values[beside[0]!] === beside[1]));
}

/** The choices to offer beside these values: what the page can do, and what is chosen already, however it came. */
export function offered(knob: Row, values: Values): readonly string[] {
  if (knob.kind.type !== "choice") return [];
  return knob.kind.options.filter((option) => option === values[knob.key] || !native(knob.key, option, values));
}

export function findKnob(key: string): Row | undefined {
  return BY_KEY.get(key);
}

export function findPreset(id: string): Preset | undefined {
  return PRESETS.find((preset) => preset.id === id);
}

/** The values that a preset stands for. */
export function presetValues(id: string): Values {
  return { ...(findPreset(id) ?? PRESETS[0]!).values };
}

/** The knob that was probably meant: one whose last part begins alike, of the same section where there is one. */
export function nearest(key: string): string | null {
  const last = key.split(".").at(-1) ?? key;
  const alike = (name: string) => name.startsWith(last.slice(0, 4)) && last.length >= 3;
  const found = KNOBS.filter((knob) => alike(knob.key.split(".").at(-1) ?? ""));
  const section = key.slice(0, key.length - last.length);
  return (found.find((knob) => knob.key.startsWith(section)) ?? found[0])?.key ?? null;
}

function parseNumber(text: string): number | null {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : null;
}

function parseInteger(text: string): number | null {
  return /^[+-]?\d+$/.test(text) ? Number(text) : null;
}

/** The value in one spelling, or null where it is none of this kind or out of range. */
export function normalise(kind: Kind, text: string): string | null {
  const trimmed = text.trim();
  switch (kind.type) {
    case "choice":
      return kind.options.includes(trimmed) ? trimmed : null;
    case "bool":
      return trimmed === "true" || trimmed === "false" ? trimmed : null;
    case "int":
    case "float": {
      const value = kind.type === "int" ? parseInteger(trimmed) : parseNumber(trimmed);
      return value !== null && value >= kind.min && value <= kind.max ? String(value) : null;
    }
    case "points": {
      const points = readPoints(trimmed);
      return points !== null && points.length <= kind.max_len ? writePoints(points) : null;
    }
    case "widths": {
      if (trimmed === "none") return "none";
      const widths = trimmed.split(",").map((width) => parseInteger(width.trim()));
      const fits = widths.length <= kind.max_len && widths.every((width) => width !== null && width >= kind.min && width <= kind.max);
      return fits ? widths.join(",") : null;
    }
  }
}

/** Whether two texts mean the same value: the engine writes `4.0` where a person writes `4`. */
export function same(knob: Row, a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a === b || (normalise(knob.kind, a) ?? a) === (normalise(knob.kind, b) ?? b);
}

/** Whether the knob means anything beside these values. */
export function applies(knob: Row, values: Values): boolean {
  return unmet(knob, values).length === 0;
}

/** What the knob needs and does not find in these values. */
export function unmet(knob: Row, values: Values): Row["needs"] {
  const missing = (needs: Row["needs"]): Row["needs"] => needs.filter(([key, allowed]) => !allowed.includes(values[key] ?? ""));
  return knob.or_needs.length > 0 && missing(knob.or_needs).length === 0 ? [] : missing(knob.needs);
}

export interface Difference {
  key: string;
  from: string;
  to: string;
}

/** What turns `from` into `to`, without knobs that mean nothing on either side. */
export function differences(from: Values, to: Values): Difference[] {
  return KNOBS.flatMap((knob) => {
    const [a, b] = [from[knob.key], to[knob.key]];
    if (a === undefined || b === undefined || same(knob, a, b)) return [];
    return applies(knob, from) || applies(knob, to) ? [{ key: knob.key, from: a, to: b }] : [];
  });
}

/** What leads from one experiment to another: where the preset is another one, its name says most of it. */
export interface Change {
  /** The presets before and after, where they differ. */
  presets: readonly [string, string] | null;
  /** What else differs: from the experiment before, or from the preset. */
  knobs: Difference[];
}

export interface Experiment {
  preset: string;
  values: Values;
}

export function change(from: Experiment, to: Experiment): Change {
  if (from.preset === to.preset) return { presets: null, knobs: differences(from.values, to.values) };
  return { presets: [from.preset, to.preset], knobs: differences(presetValues(to.preset), to.values) };
}

/** How a slider spreads its range: evenly, by factors, or by factors with a place for 0, of counts and of small numbers. */
type Scale = "linear" | "log" | "log0" | "small0";

/** Null where a slider would be no help: a seed has no neighbourhood. */
export function scaleOf(kind: Kind): Scale | null {
  if (kind.type !== "int" && kind.type !== "float") return null;
  if (kind.log) return kind.min === 0 ? "small0" : "log";
  if (kind.max - kind.min > 1_000_000) return null;
  return kind.min === 0 && kind.max >= 100 ? "log0" : "linear";
}

/** Places of a slider with a logarithmic scale. */
export const LOG_STEPS = 200;

/** What stands beside 0 on a slider of small numbers: the least learning rate. */
const LEAST = 1e-8;

const bend = {
  linear: { to: (v: number) => v, from: (p: number) => p },
  log: { to: Math.log, from: Math.exp },
  log0: { to: Math.log1p, from: Math.expm1 },
  small0: { to: (v: number) => Math.log(Math.max(v, LEAST)), from: Math.exp },
};

/** Two digits are as much as a slider can promise. */
function rounded(value: number): number {
  return Number(value.toPrecision(2));
}

/** Where a value lies on its slider, 0 to 1. */
export function position(kind: Extract<Kind, { min: number }>, value: number): number {
  const { to } = bend[scaleOf(kind) ?? "linear"];
  return (to(value) - to(kind.min)) / (to(kind.max) - to(kind.min));
}

/** The value at a place of the slider. */
export function valueAt(kind: Extract<Kind, { min: number }>, place: number): number {
  const scale = scaleOf(kind) ?? "linear";
  const { to, from } = bend[scale];
  const raw = from(to(kind.min) + place * (to(kind.max) - to(kind.min)));
  if (place <= 0) return kind.min;
  if (place >= 1) return kind.max;
  const value = kind.type === "int" ? Math.round(scale === "linear" || raw < 100 ? raw : rounded(raw)) : rounded(raw);
  return Math.min(kind.max, Math.max(kind.min, value));
}

/**
 * The value after a slider moved from `old` to `place`. A place is often narrower than the second digit: then it is the next value in that
 * direction, so that an arrow key never stands still.
 */
export function slideTo(kind: Extract<Kind, { min: number }>, old: number, place: number): number {
  const value = valueAt(kind, place);
  const way = Math.sign(place - position(kind, old));
  if (value !== old || way === 0 || place <= 0 || place >= 1) return value;
  const unit = kind.type === "int" && old < 100 ? 1 : 10 ** (Math.floor(Math.log10(Math.abs(old) || 1)) - 1);
  return Math.min(kind.max, Math.max(kind.min, Number((old + way * unit).toPrecision(3))));
}
