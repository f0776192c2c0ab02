/** The one sentence that says what the run shows, as a key and its numbers. Worded by sign and size of the gap, never by hope. */
import type { Evaluation, Phase, Role, Summary } from "../engine/protocol";
import { counted, isEncoder, isText } from "./task";

export interface Sentence {
  key: string;
  /** Shares of one are shown as percentages, `gap` as points. */
  shares: Record<string, number>;
  numbers: Record<string, number>;
}

export interface Standing {
  summary: Summary;
  phase: Phase;
  step: number;
  networks: Evaluation[];
}

type Size = "much_better" | "better" | "same" | "worse" | "much_worse";

/**
 * How large a gap is beside the chance that lies in a test set of that many rows. The standard error treats the two students' mistakes as
 * independent, which overstates it: they see the same batches. So "much" is never said too early. Of text the rows are no sample, or their tokens
 * are many: there it is a yardstick for the chance that lies in the seed.
 */
export function sizeOf(alone: number, distilled: number, rows: number): Size {
  const gap = distilled - alone;
  const error = Math.sqrt((alone * (1 - alone) + distilled * (1 - distilled)) / Math.max(1, rows));
  const size = Math.abs(gap) / Math.max(error, 1e-9);
  if (size < 1) return "same";
  if (gap > 0) return size < 2 ? "better" : "much_better";
  return size < 2 ? "worse" : "much_worse";
}

function accuracies(networks: Evaluation[]): Partial<Record<Role, number>> {
  return Object.fromEntries(networks.map((network) => [network.role, network.accuracy]));
}

function parameters(summary: Summary, role: Role): number {
  return summary.networks.find((network) => network.role === role)?.parameters ?? 0;
}

/** What right answers are a share of decides the words. */
const FAMILY = { examples: "verdict", probability: "verdict.answers", tokens: "verdict.tokens", masks: "verdict.masks", labels: "verdict" };

/** The test examples that accuracy counts: of those whose answers are written, each network answers so many. */
function tests({ values, test_rows }: Summary): number {
  const written = counted(values) === "examples" && isText(values);
  return written ? Math.min(test_rows, Number(values["text.samples"] ?? test_rows)) : test_rows;
}

/** The sentence before, during and after a run. */
export function sentence({ summary, phase, step, networks }: Standing): Sentence {
  const family = FAMILY[counted(summary.values)];
  const student = parameters(summary, "distilled");
  const numbers = {
    labels: summary.labelled_rows,
    rows: summary.train_rows,
    test: tests(summary),
    step,
    steps: phase === "teacher" ? summary.teacher_steps : summary.student_steps,
    smaller: Math.round(parameters(summary, "teacher") / Math.max(1, student)),
  };
  const { teacher, alone, distilled } = accuracies(networks);
  if (phase === "teacher" && step > 0) return { key: `${family}.teacher`, shares: { teacher: teacher ?? 0 }, numbers };
  if (teacher === undefined || alone === undefined || distilled === undefined || (step === 0 && phase !== "finished")) {
    return { key: summary.teacher_steps > 0 ? `${family}.before.live` : `${family}.before`, shares: {}, numbers };
  }
  const size = sizeOf(alone, distilled, tests(summary));
  return {
    key: `${family}.${phase === "finished" ? "after" : "during"}.${size}`,
    shares: { teacher, alone, distilled },
    numbers: { ...numbers, gap: Math.abs(distilled - alone) * 100 },
  };
}

export const GUESSES = ["alone", "distilled", "same"] as const;
/** Which student somebody expects ahead at the end. */
export type Guess = (typeof GUESSES)[number];

/** Which it was; null before the end. */
export function came({ summary, phase, networks }: Standing): Guess | null {
  const { alone, distilled } = accuracies(networks);
  if (phase !== "finished" || alone === undefined || distilled === undefined) return null;
  const size = sizeOf(alone, distilled, tests(summary));
  return size === "same" ? "same" : distilled > alone ? "distilled" : "alone";
}

/** How far to trust it, where test rows were counted and the gap is large: a smaller one says so itself. */
export function measuredSentence(standing: Standing): Sentence | null {
  const { key, numbers } = sentence(standing);
  return /^verdict\.after\.much/.test(key) ? { key: "verdict.measured", shares: {}, numbers } : null;
}

/** The sentence of a run whose numbers are finite no more: what was measured before says nothing. */
export function stoppedSentence({ step }: Standing): Sentence {
  return { key: "verdict.stopped", shares: {}, numbers: { step } };
}

/** A second sentence when a class was kept from the students. */
export function omittedSentence({ phase, networks }: Standing): Sentence | null {
  const omitted = networks.find((network) => network.role === "distilled")?.omitted;
  const alone = networks.find((network) => network.role === "alone")?.omitted;
  if (!omitted || !alone || phase === "teacher") return null;
  return {
    key: "verdict.omitted",
    shares: { recall: omitted.recall, shifted: omitted.shifted_recall, alone: alone.recall },
    numbers: { class: omitted.class },
  };
}

/** A second sentence when the fine-tuning before and after a method takes all steps. */
export function idleSentence({ summary: { values } }: Standing): Sentence | null {
  const [steps, first, last] = ["train.steps", "text.sft_steps", "text.tune_steps"].map((key) => Number(values[key] ?? 0)) as [number, number, number];
  const idle = isText(values) && !isEncoder(values) && values["text.method"] !== "sft" && first + last >= steps;
  return idle ? { key: "verdict.idle", shares: {}, numbers: { steps, tuned: first + last } } : null;
}
