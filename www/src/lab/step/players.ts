/** Who can make a step now, and what stands in the way of the others. Pure. */
import type { Phase } from "../../engine/protocol";

export const PLAYERS = ["teacher", "students", "both"] as const;
export type Player = (typeof PLAYERS)[number];

/** Why a step cannot be made; the text is `step.reason.…`. */
type Reason = "frozen" | "first" | "over" | "stopped";

/** The phase of the step that comes next. The engine tells of the students only with their first step. */
export function coming({ phase, step, steps }: { phase: Phase; step: number; steps: number }): Phase {
  return phase === "teacher" && steps > 0 && step >= steps ? "students" : phase;
}

export interface Standing {
  phase: Phase;
  /** The teacher learns beside the students. */
  moves: boolean;
  /** The run cannot go on: a loss is no number any more. */
  stopped: boolean;
}

export function obstacle(player: Player, { phase, moves, stopped }: Standing): Reason | null {
  if (stopped) return "stopped";
  if (phase === "finished") return "over";
  if (phase === "teacher") return player === "teacher" ? null : "first";
  return player === "students" || moves ? null : "frozen";
}

/** What "step" means in the transport: the step that comes next by itself. */
export function next({ phase, moves }: Standing): Player {
  return phase === "teacher" ? "teacher" : moves ? "both" : "students";
}
