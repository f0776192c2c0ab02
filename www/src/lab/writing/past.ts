/** What was read of one prompt as training went on. */
import type { Event, Phase } from "../../engine/protocol";

export type ReadEvent = Extract<Event, { type: "read" }>;

export interface Past {
  phase: Phase;
  event: ReadEvent;
}

/** Readings that are kept: more would not be read. */
const MOST = 6;

/** Adds a reading. Another prompt begins anew; a second reading of the same step takes the place of the first, and a run that was resumed drops what came after. */
export function remember(past: readonly Past[], next: Past): Past[] {
  const students = (one: Past): boolean => one.phase !== "teacher";
  const before = past.filter((one) => one.event.prompt === next.event.prompt && (students(one) === students(next) ? one.event.step < next.event.step : students(next)));
  return [...before, next].slice(-MOST);
}
