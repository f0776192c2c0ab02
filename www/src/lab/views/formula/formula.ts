/** What a student minimises, in symbols: terms of which each is weights × a value that the engine measures. */
import type { LossParts } from "../../../engine/generated/types";

/** A text of the catalogues with what is put into it. */
export interface Note {
  key: string;
  params?: Record<string, string | number>;
  alert?: boolean;
}

export interface Term {
  /** Which of the engine's numbers is its value. */
  part: "hard" | "soft" | "hint" | "attention";
  tex: string;
  /** Numbers whose product is the weight; none where the engine's number has its weight in it. */
  weights: number[];
  /** Key of its name in a few words, and what is put into it. */
  name: string;
  params?: Note["params"];
}

/** A kind of step: not every step of a run over text learns by the same terms. */
export interface Case {
  id: string;
  /** When it is made; null where there is no other. */
  when: Note | null;
  terms: Term[];
}

export interface Formula {
  /** Of the distilled student, in the order in which they come. */
  cases: Case[];
  /** Id of the case whose step this was. */
  caseOf: (step: number, parts: LossParts) => string;
  /** The loss of the student alone. */
  alone: Term;
  /** In symbols, what the terms left open. */
  definitions: string[];
  notes: Note[];
}

export interface Valued extends Term {
  /** Before its weight; null until such a step was made. */
  value: number | null;
  contribution: number | null;
}

/** A term with its number. */
export function valued(term: Term, parts: LossParts | undefined): Valued {
  const value = parts?.[term.part] ?? null;
  return { ...term, value, contribution: value === null ? null : term.weights.reduce((product, weight) => product * weight, value) };
}
