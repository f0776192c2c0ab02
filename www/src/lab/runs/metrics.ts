/** `metrics.jsonl` of the native program: every event of a run, one per line. What comes from a file is believed only after a look at it. */
import type { Event } from "../../engine/protocol";
import { RunHistory } from "../history";

/** What is wrong with a line. Each has a text, `error.metrics_<flaw>`. */
type Flaw = "json" | "event" | "start";

interface Metrics {
  runs: RunHistory[];
  /** The line that a killed program left half written; what stands before it holds. */
  torn: number | null;
}
export type Read = Metrics | { flaw: Flaw; line: number };

/** Events that a curve is made of, and what else such a file may hold. */
const SILENT = ["started", "sample", "plane", "studied", "calibrated", "opinion", "dissected", "read"];
/** Lines are read in portions of so many milliseconds: a long file must not hold the page up. */
const PORTION_MS = 12;

type Loose = Record<string, unknown>;
const isObject = (value: unknown): value is Loose => typeof value === "object" && value !== null && !Array.isArray(value);
const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isNumberOrNull = (value: unknown): boolean => value == null || isNumber(value);
const isRole = (value: unknown): boolean => value === "teacher" || value === "alone" || value === "distilled";
const each = (value: unknown, test: (item: Loose) => boolean): boolean => Array.isArray(value) && value.every((item) => isObject(item) && test(item));

/** Whether the parts are there that the page reads of a run it did not open. */
export function isSummary(value: unknown): boolean {
  if (!isObject(value) || !isObject(value.values)) return false;
  const texts = typeof value.preset === "string" && typeof value.command === "string" && Object.values(value.values).every((one) => typeof one === "string");
  return texts && isNumber(value.teacher_steps) && isNumber(value.student_steps);
}

function isOmitted(value: unknown): boolean {
  return value == null || (isObject(value) && isNumberOrNull(value.recall) && isNumberOrNull(value.shifted_recall));
}

function isEncoder(value: unknown): boolean {
  return value == null || (isObject(value) && ["forward_kl", "cosine", "similarity", "macro_f1"].every((part) => isNumberOrNull(value[part])));
}

function isText(value: unknown): boolean {
  if (value == null) return true;
  if (!isObject(value) || !Array.isArray(value.excess) || !value.excess.every(isNumberOrNull)) return false;
  return ["validity", "unseen", "coverage", "yes_no_ece", "forward_kl", "reverse_kl", "length", "distinct_2", "rouge_l", "win_rate", "preferred", "own_share", "excess_at"].every((part) => isNumberOrNull(value[part]));
}

/** Whether the parts are there that the curves need. */
function isEvent(value: Loose): boolean {
  const placed = (value.phase === "teacher" || value.phase === "students" || value.phase === "finished") && isNumber(value.step);
  switch (value.type) {
    case "opened":
      return isSummary(value.summary);
    case "changed":
      return isNumber(value.step) && typeof value.key === "string" && typeof value.value === "string" && isSummary(value.summary);
    case "progress":
      // A loss that is no number any more is written as null.
      return placed && isNumber(value.lr) && each(value.losses, (loss) => isRole(loss.role) && ["total", "hard", "soft", "hint", "attention"].every((part) => isNumberOrNull(loss[part])));
    case "evaluated":
      return placed && each(value.networks, (network) => isRole(network.role) && ["accuracy", "loss", "ece", "agreement"].every((part) => isNumberOrNull(network[part])) && isNumber(network.accuracy) && isOmitted(network.omitted) && isText(network.text) && isEncoder(network.encoder));
    case "finished":
      return true;
    default:
      return typeof value.type === "string" && SILENT.includes(value.type);
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

export async function readMetrics(text: string): Promise<Read> {
  const lines = text.split("\n");
  // What stands behind the last line break is nothing, or a torn line.
  const rest = lines.pop()!.trim();
  if (rest !== "") lines.push(rest);
  const runs: RunHistory[] = [];
  let pause = performance.now() + PORTION_MS;
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const value = parse(line);
    if (value === undefined && index === lines.length - 1 && rest !== "" && runs.length > 0) return { runs, torn: index + 1 };
    if (value === undefined) return { flaw: "json", line: index + 1 };
    if (!isObject(value) || !isEvent(value)) return { flaw: "event", line: index + 1 };
    if (value.type === "opened") runs.push(new RunHistory());
    const run = runs.at(-1);
    if (run === undefined && !SILENT.includes(String(value.type))) return { flaw: "start", line: index + 1 };
    if (run !== undefined && !SILENT.includes(String(value.type))) run.push(value as unknown as Event);
    if (performance.now() < pause) continue;
    await new Promise((resolve) => setTimeout(resolve));
    pause = performance.now() + PORTION_MS;
  }
  return runs.length > 0 ? { runs, torn: null } : { flaw: "start", line: 1 };
}
