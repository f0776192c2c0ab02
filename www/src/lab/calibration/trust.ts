// How far a network's confidence can be trusted, from its reliability diagram.

import type { Bin } from "../../engine/generated/types";

export interface Trust {
  rows: number;
  /** Mean probability of its answers. */
  confidence: number;
  /** Share of them that are right. */
  accuracy: number;
  verdict: "over" | "under" | "fair";
}

/** So many standard errors of the accuracy may be chance. */
const CHANCE = 2;

/**
 * Confidence against accuracy over all rows. If the confidence were right, the number of right answers would be a sum of draws with these
 * probabilities; a gap within two standard errors of it says nothing. The bins' means stand for their rows, which hides little of the
 * variance.
 */
export function trust(bins: readonly Bin[]): Trust {
  const rows = bins.reduce((sum, bin) => sum + bin.rows, 0);
  const mean = (of: (bin: Bin) => number): number => bins.reduce((sum, bin) => sum + of(bin) * bin.rows, 0) / Math.max(1, rows);
  const confidence = mean((bin) => bin.confidence);
  const accuracy = mean((bin) => bin.accuracy);
  const error = Math.sqrt(mean((bin) => bin.confidence * (1 - bin.confidence)) / Math.max(1, rows));
  const gap = confidence - accuracy;
  return { rows, confidence, accuracy, verdict: Math.abs(gap) <= CHANCE * error ? "fair" : gap > 0 ? "over" : "under" };
}
