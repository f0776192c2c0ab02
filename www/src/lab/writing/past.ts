/** What was read of one prompt as training went on. */
import type { Event, Phase } from "../../engine/protocol";

export type ReadEvent = Extract<Event, { type: "read" }>;

export interface Past {
  phase: Phase;
  event: ReadEvent;
}

/** Readings that are kept: more would not be looked at. */
export const MOST = 24;

/** Names a reading among those of its prompt. */
export const momentOf = ({ phase, event }: Past): string => `${phase === "teacher" ? "teacher" : "students"} ${event.step}`;

/** Adds a reading; past `MOST`, every second one stays, the first and the newest always. Another prompt begins anew; a second reading of the same step takes the place of the first, and a run that was resumed drops what came after. */
export function remember(past: readonly Past[], next: Past): Past[] {
  const students = (one: Past): boolean => one.phase !== "teacher";
  const before = past.filter((one) => one.event.prompt === next.event.prompt && (students(one) === students(next) ? one.event.step < next.event.step : students(next)));
  const all = [...before, next];
  return all.length <= MOST ? all : all.filter((_, index) => index % 2 === 0 || index === all.length - 1);
}
