/** What each door shows of a teacher of text, token by token. Pure. */
import type { WrittenToken } from "../../engine/protocol";
import type { Values } from "../knobs";
import { knownOf } from "./levels";

/** From shut to open: the data alone; what the teacher writes; its likeliest tokens with their probabilities; all probabilities; its hidden layer too. */
export const DOORS = ["data", "samples", "top_k", "logits", "hidden"] as const;
export type Door = (typeof DOORS)[number];

/** The hint's weight behind the last door: of weight 1 it costs the grammar's student a third of its right answers (README). */
const HINT = "0.1";

const hints = (values: Values): boolean => Number(values["distill.hint_weight"] ?? 0) > 0;

/** The door that an experiment stands at. An open hidden layer that no hint looks at counts for nothing. */
export function doorOf(values: Values): Door {
  if (values["text.method"] === "sft") return "data";
  if (values["text.method"] === "seq_kd" || values["distill.access"] === "labels") return "samples";
  if (values["distill.access"] === "top_k") return "top_k";
  return values["distill.access"] === "hidden" && values["text.method"] === "token_kd" && hints(values) ? "hidden" : "logits";
}

/** What needs all of the teacher's probabilities: ULD puts them in order, the others ask about any text that was sampled. */
const NEED_ALL = ["uld", "minillm", "dpkd", "distillm2"];

/** What leads through a door from where an experiment stands: a method that can do with less stays. */
export function wayTo(door: Door, values: Values): Values {
  if (door === "hidden") return { "text.method": "token_kd", "distill.access": door, "distill.hint_weight": hints(values) ? values["distill.hint_weight"]! : HINT };
  const shut: Values = hints(values) ? { "distill.hint_weight": "0" } : {};
  if (door === "data") return { "text.method": "sft", ...shut };
  if (door === "samples") return { "text.method": "seq_kd", "distill.access": "labels", ...shut };
  const without = door === "top_k" ? ["sft", "seq_kd", ...NEED_ALL] : ["sft", "seq_kd"];
  const method = without.includes(values["text.method"] ?? "") ? { "text.method": "token_kd" } : {};
  return { ...method, "distill.access": door, ...shut };
}

interface Passed {
  text: string;
  /** The teacher's probability. */
  probability: number;
  /** The student is told it. */
  told: boolean;
  /** What it has to go by; null where it has nothing of the teacher. */
  target: number | null;
}

/** The tokens that are known to the page, likeliest first, and the others together. */
interface Through {
  tokens: Passed[];
  rest: { count: number; probability: number; told: number; target: number | null };
}

/** One token that the teacher wrote, out of a vocabulary of `vocab`, through a door; of the top k the rest shares evenly what is left. */
export function through(door: Door, written: WrittenToken, k: number, vocab: number): Through {
  const all: [string, number][] = [[written.text, written.probability], ...written.others];
  const listed = all.sort(([, a], [, b]) => b - a);
  const sum = (of: readonly (readonly [string, number])[]): number => of.reduce((total, [, probability]) => total + probability, 0);
  const count = Math.max(0, vocab - listed.length);
  const known = door === "top_k" ? knownOf(k, vocab) : door === "logits" || door === "hidden" ? vocab : 0;
  const even = known < vocab ? Math.max(0, 1 - sum(listed.slice(0, known))) / (vocab - known) : 0;
  const target = (text: string, probability: number, at: number): number | null => {
    if (door === "data") return null;
    if (door === "samples") return Number(text === written.text);
    return at < known ? probability : even;
  };
  const tokens = listed.map(([text, probability], at) => ({ text, probability, told: door === "samples" ? text === written.text : at < known, target: target(text, probability, at) }));
  const told = Math.min(count, Math.max(0, known - listed.length));
  const together = tokens.reduce((total, token) => total + (token.target ?? 0), 0);
  return { tokens, rest: { count, probability: Math.max(0, 1 - sum(listed)), told, target: door === "data" ? null : Math.max(0, 1 - together) } };
}
