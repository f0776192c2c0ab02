/** The numbers of a lesson as its texts name them. */
import { percent, points, t } from "../i18n/index.svelte";
import { valueOf, type Lesson, type Measure, type NumberName, type Reading } from "./lesson";

/** The value of a lesson with its unit: a difference in points, or a share. */
export function amount(lesson: Lesson, value: number): string {
  const share = lesson.runs.length === 1 && lesson.runs[0]!.measure !== "gap";
  return share ? percent(value / 100) : t("lesson.points", { value: points(value) });
}

function measured(measure: Measure, value: number): string {
  return measure === "gap" ? points(value) : percent(value / 100);
}

export function numbersOf(lesson: Lesson, readings: readonly Reading[]): Record<NumberName, string> {
  const [first, last] = [readings[0]!, readings.at(-1)!];
  const measure = lesson.runs.at(-1)!.measure;
  const value = valueOf(readings);
  return {
    // A single measure that is no difference is a share.
    value: readings.length === 1 ? measured(measure, value) : points(value),
    first: measured(lesson.runs[0]!.measure, first.measure),
    last: measured(measure, last.measure),
    teacher: percent(last.teacher / 100),
    alone: percent(last.alone / 100),
    distilled: percent(last.distilled / 100),
  };
}
