/** How fast a run plays. */
export const SPEEDS = ["slow", "normal", "full"] as const;
type Speed = (typeof SPEEDS)[number];

const KEY = "distillery-speed";

/** Slow enough to see single steps. */
const SLOW = 5;
/** Long enough to look at several things, short enough to wait for the end. */
const NORMAL_SECONDS = 10;

function stored(): Speed {
  try {
    const found = localStorage.getItem(KEY);
    return SPEEDS.find((speed) => speed === found) ?? "full";
  } catch {
    // A browser may refuse storage, and where there is no browser there is none.
    return "full";
  }
}

/**
 * The speed that the visitor chose, now or on an earlier visit. A lesson makes several runs, for which nobody should wait because of what they
 * chose elsewhere: it plays at full speed unless they choose another in it.
 */
export class Tempo {
  private current = $state(stored());
  private inLesson = $state.raw<{ lesson: string; speed: Speed } | null>(null);

  constructor(private readonly lesson: () => string | null) {}

  get speed(): Speed {
    const lesson = this.lesson();
    if (lesson === null) return this.current;
    return this.inLesson?.lesson === lesson ? this.inLesson.speed : "full";
  }

  set speed(next: Speed) {
    const lesson = this.lesson();
    if (lesson !== null) {
      this.inLesson = { lesson, speed: next };
      return;
    }
    this.current = next;
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // Then the choice holds for this visit.
    }
  }

  /** Not every step that the engine could make is made. */
  get held(): boolean {
    return this.speed !== "full";
  }

  /** Steps a second at most, in a run of so many in all. */
  pace(steps: number): number {
    if (!this.held) return Infinity;
    return this.speed === "slow" ? SLOW : Math.max(SLOW, steps / NORMAL_SECONDS);
  }
}
