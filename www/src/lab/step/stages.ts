// One step of the distilled student as stages, and what is computed from the engine's account of it.

import type { Event, Pull } from "../../engine/generated/types";
import { terms } from "../views/formula/classes";
import { valued, type Valued } from "../views/formula/formula";

export type Dissected = Extract<Event, { type: "dissected" }>;

/** In the order in which the data passes. */
export const STAGES = ["batch", "logits", "teacher", "student", "loss", "gradients", "update"] as const;

/** The terms of the loss with the weights of this very step: a knob may have been turned since. */
export function lossTerms({ alpha, scale, losses }: Dissected, values: Record<string, string>): Valued[] {
  const weights = { hard: [alpha], soft: scale === 1 ? [1 - alpha] : [1 - alpha, scale] };
  return terms(values).map((term) => valued(term.part === "hard" || term.part === "soft" ? { ...term, weights: weights[term.part] } : term, losses));
}

export interface Point {
  x: number;
  y: number;
}

/** The pulls as arrows from one point. */
interface Arrows {
  from: Point;
  hard: Point;
  soft: Point;
  /** Their sum; null where hints or attention transfer pull out of the plane of the two. */
  sum: Point | null;
}

/** A pull beside the two halves of less than this share of the whole does not show. */
const NEGLIGIBLE = 0.01;

/**
 * The two halves of the gradient in the plane that they span, at their true angle and with lengths in proportion, in a box of that size with
 * y down. Null where nothing pulls.
 */
export function arrows({ hard, soft, cosine, features, total }: Pull, width: number, height: number): Arrows | null {
  if (hard === 0 && soft === 0) return null;
  const sine = Math.sqrt(Math.max(0, 1 - cosine ** 2));
  const a = { x: hard, y: 0 };
  const b = { x: soft * cosine, y: soft * sine };
  const sum = features <= NEGLIGIBLE * total ? { x: a.x + b.x, y: a.y + b.y } : null;
  const points = [{ x: 0, y: 0 }, a, b, ...(sum === null ? [] : [sum])];
  const range = (of: (point: Point) => number): [number, number] => [Math.min(...points.map(of)), Math.max(...points.map(of))];
  const [left, right] = range(({ x }) => x);
  const [low, high] = range(({ y }) => y);
  const unit = Math.min(width / Math.max(right - left, Number.MIN_VALUE), height / Math.max(high - low, Number.MIN_VALUE));
  const dx = (width - unit * (right - left)) / 2;
  const dy = (height - unit * (high - low)) / 2;
  const place = ({ x, y }: Point): Point => ({ x: dx + (x - left) * unit, y: height - dy - (y - low) * unit });
  return { from: place({ x: 0, y: 0 }), hard: place(a), soft: place(b), sum: sum && place(sum) };
}

/** What the angle between the halves means: less than 45°, more than 135°, or between. */
export function concord({ hard, soft, cosine }: Pull): "alone" | "same" | "across" | "against" {
  if (hard === 0 || soft === 0) return "alone";
  return cosine > Math.SQRT1_2 ? "same" : cosine >= -Math.SQRT1_2 ? "across" : "against";
}

export const degrees = (cosine: number): number => (Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI;
