/** Which of the right answers a network keeps. */
import type { KnownAnswer, Role } from "../../engine/protocol";

/** An answer is kept while it has at least this part of its true probability. */
export const KEPT = 0.5;

export interface Kept {
  role: Role;
  /** Answers that it keeps. */
  kept: number;
  /** Probability that it gives to right answers together. */
  right: number;
}

export function keptBy(role: Role, answers: readonly KnownAnswer[]): Kept {
  const kept = answers.filter((answer) => answer[role] >= KEPT * answer.truth).length;
  return { role, kept, right: answers.reduce((sum, answer) => sum + answer[role], 0) };
}
