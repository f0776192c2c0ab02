/** What the networks said of one drawing as training went on. Pure. */
import type { Event, Phase, SampleView } from "../../engine/protocol";
import { softmax } from "../softmax";

export type OpinionEvent = Extract<Event, { type: "opinion" }>;

export interface Heard {
  phase: Phase;
  event: OpinionEvent;
}

/** Cells of a strip: more would be too narrow to tell apart. */
export const MOST = 60;

/**
 * Adds an opinion. A second one of the same step takes the place of the first, and a run that was resumed drops what came after. Where there
 * are too many, every second goes: the strip always reaches from the beginning to now.
 */
export function hear(past: readonly Heard[], next: Heard): Heard[] {
  const students = (one: Heard): boolean => one.phase !== "teacher";
  const before = past.filter((one) => (students(one) === students(next) ? one.event.step < next.event.step : students(next)));
  const all = [...before, next];
  return all.length <= MOST ? all : all.filter((_, at) => at % 2 === 0 || at === all.length - 1);
}

/** How long each opinion stood, in steps; the newest as long as the one before it. */
export function spans(heard: readonly Heard[]): number[] {
  const until = heard.slice(1).map((next, at) => {
    const { phase, event } = heard[at]!;
    const teacherOnly = (one: Phase): boolean => one === "teacher";
    return Math.max(1, next.event.step - (teacherOnly(phase) === teacherOnly(next.phase) ? event.step : 0));
  });
  return heard.map((_, at) => until[at] ?? until.at(-1) ?? 1);
}

/** Cells side by side of one class, or hidden ones. The class stands on them where its name has room. */
export interface Mind {
  klass: number | null;
  width: number;
  cells: { probability: number; width: number }[];
}

/** The cells of a strip, those of one class together; null is a hidden one. */
export function minds(cells: readonly (Cell | null)[], widths: readonly number[]): Mind[] {
  const all: Mind[] = [];
  for (const [at, shown] of cells.entries()) {
    const klass = shown?.klass ?? null;
    const width = widths[at] ?? 1;
    if (all.length === 0 || all.at(-1)!.klass !== klass) all.push({ klass, width: 0, cells: [] });
    const mind = all.at(-1)!;
    mind.width += width;
    mind.cells.push({ probability: shown?.probability ?? 0, width });
  }
  return all;
}

export interface Cell {
  klass: number;
  probability: number;
}

/** What a strip shows of one network's answer at T = 1: the class that was chosen, or else its likeliest. */
export function cellOf({ logits }: SampleView, klass: number | null): Cell {
  const probabilities = softmax(logits);
  const shown = klass ?? probabilities.indexOf(Math.max(...probabilities));
  return { klass: shown, probability: probabilities[shown] ?? 0 };
}
