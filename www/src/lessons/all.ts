/** Every lesson, in a chunk of its own: the page is usable before their texts arrive. */
import recorded from "./recorded.json";
import { LESSON_IDS } from "./ids";
import type { Lesson } from "./lesson";

const FILES = import.meta.glob<Omit<Lesson, "id">>("./content/*.json", { eager: true, import: "default" });

export const LESSONS: readonly Lesson[] = LESSON_IDS.map((id) => ({ ...FILES[`./content/${id}.json`]!, id }));

/** What the native test measured over seeds when it last wrote it down; a lesson of one's own may have none. */
export interface Recorded {
  seeds: number;
  mean: number;
  low: number;
  high: number;
}

export const RECORDED: Partial<Record<string, Recorded>> = recorded;
