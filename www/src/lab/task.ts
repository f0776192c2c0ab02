/** What a run is about, as far as views and words differ by it. */
import { differences, findKnob, type Values } from "./knobs";

const CLASSES: readonly string[] = findKnob("task.labels_per_class")!.needs[0]![1];

/** Whether transformers learn a text, rather than classifiers their classes. */
export function isText(values: Values): boolean {
  const task = values["task.name"];
  return task !== undefined && !CLASSES.includes(task);
}

/** Whether the networks of a text read both ways: they fill in, and do not write. */
export function isEncoder(values: Values): boolean {
  return isText(values) && values["teacher.kind"] === "encoder";
}

/** Whether those encoders name the labels of texts. */
export function isLabelled(values: Values): boolean {
  return isEncoder(values) && values["encoder.objective"] === "classes";
}

/** What makes other data of it: on these the curves have nothing to do with each other. */
const DATA = ["task.name", "task.shape", "task.classes"];

/** Whether two experiments are about the same data. */
export function sameData(one: Values, other: Values): boolean {
  return counted(one) === counted(other) && differences(one, other).every(({ key }) => !DATA.includes(key));
}

/**
 * What a share of right answers is a share of: of the test examples; of a network's probability, where every right answer is known; of the
 * tokens of a text, where there is nothing to be right about but the next one; of the masked tokens, for
 * encoders, or of the labels.
 */
type Counted = "examples" | "probability" | "tokens" | "masks" | "labels";

export function counted(values: Values): Counted {
  const task = values["task.name"] ?? "";
  if (isEncoder(values)) return isLabelled(values) ? "labels" : "masks";
  if (task === "grammar") return "probability";
  return task === "names" || task === "novel" ? "tokens" : "examples";
}
