/** What each access level shows of the teacher's answer on one row. Pure. */
import { softmax } from "../softmax";

export const LEVELS = ["labels", "top_k", "logits", "hidden"] as const;
export type Level = (typeof LEVELS)[number];

export function levelOf(text: string | undefined): Level {
  return LEVELS.find((level) => level === text) ?? "hidden";
}

/** Whether a student with `access` may see what `level` stands for. The full logits contain the top k, and those the answer. */
export function open(level: Level, access: Level): boolean {
  return LEVELS.indexOf(level) <= LEVELS.indexOf(access);
}

/** Out of so many a student knows the top k, or all: with one left, that one can be worked out. */
export const knownOf = (k: number, of: number): number => (k + 1 < of ? k : of);

export interface Told {
  klass: number;
  logit: number;
  /** At T = 1. */
  probability: number;
  /** The student gets the number as it is; otherwise it gets an even share of what is left. */
  told: boolean;
  /** What the student has to go by, at T = 1. */
  seen: number;
  /** The same at the temperature of the comparison; a bare answer has none. */
  target: number;
}

/** softmax(log p / T). */
function tempered(p: readonly number[], temperature: number): number[] {
  // From the largest down: a power of a tiny number would vanish.
  const largest = Math.max(...p);
  const powers = p.map((value) => (value / largest) ** (1 / temperature));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** The teacher's distribution at T = 1 and what a student sees of it, likeliest class first. */
export function told(logits: readonly number[], access: Level, k: number, temperature: number): Told[] {
  const probabilities = softmax(logits);
  const rows = logits
    .map((logit, klass) => ({ klass, logit, probability: probabilities[klass]! }))
    .sort((a, b) => b.probability - a.probability);
  const known = access === "labels" ? 1 : access === "top_k" ? knownOf(k, rows.length) : rows.length;
  const left = rows.slice(known).reduce((total, row) => total + row.probability, 0);
  if (access === "labels") return rows.map((row, place) => ({ ...row, told: place === 0, seen: Number(place === 0), target: Number(place === 0) }));
  const seen = rows.map((row, place) => (place < known ? row.probability : left / (rows.length - known)));
  const targets = tempered(seen, temperature);
  return rows.map((row, place) => ({ ...row, told: place < known, seen: seen[place]!, target: targets[place]! }));
}

/** A token that was written, with the likeliest others, likeliest first. */
export interface Token {
  probability: number;
  others: readonly (readonly [string, number])[];
}

export interface ToldToken {
  /** Its own probability. */
  own: boolean;
  /** So many of the others, with theirs. */
  others: number;
}

/** What a student sees of the distribution that a token was drawn from, beside the token itself. */
export function toldOfToken({ probability, others }: Token, access: Level, k: number): ToldToken {
  if (access === "labels") return { own: false, others: 0 };
  if (access !== "top_k") return { own: true, others: others.length };
  const own = others.filter(([, other]) => other > probability).length < k;
  return { own, others: Math.min(others.length, own ? k - 1 : k) };
}
