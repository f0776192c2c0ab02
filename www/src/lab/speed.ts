/** How fast a run plays. */
export const SPEEDS = ["slow", "normal", "full"] as const;
export type Speed = (typeof SPEEDS)[number];

const KEY = "distillery-speed";

/** Slow enough to see single steps. */
const SLOW = 5;
/** Long enough to look at several things, short enough to wait for the end. */
const NORMAL_SECONDS = 10;

/** Steps per second of a run of so many in all. */
export function pace(speed: Speed, steps: number): number {
  if (speed === "full") return Infinity;
  return speed === "slow" ? SLOW : Math.max(SLOW, steps / NORMAL_SECONDS);
}

export function storedSpeed(): Speed {
  try {
    const stored = localStorage.getItem(KEY);
    return SPEEDS.find((speed) => speed === stored) ?? "full";
  } catch {
    // A browser may refuse storage, and where there is no browser there is none.
    return "full";
  }
}

export function storeSpeed(speed: Speed): void {
  try {
    localStorage.setItem(KEY, speed);
  } catch {
    // Then the choice holds for this visit.
  }
}
