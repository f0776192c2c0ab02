/** Advances a run again and again, each time with as many steps as fit into about one sixth of a second. */

/** Long enough that the round trip does not count, short enough that a turned knob acts at once. */
const TARGET_MS = 150;
const MAX_STEPS = 5_000;

/** Steps of the next call, after one of `steps` took `ms`. Shader compilation makes single calls slow, so a change is at most twofold. */
export function nextSteps(steps: number, ms: number): number {
  const factor = Math.min(2, Math.max(0.5, TARGET_MS / Math.max(ms, 0.1)));
  return Math.min(MAX_STEPS, Math.max(1, Math.round(steps * factor)));
}

export class Pump {
  private steps = 10;
  private running = false;

  /** `advance` makes that many steps and says whether to go on. */
  constructor(
    private readonly advance: (steps: number) => Promise<boolean>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Runs until `advance` says no. A second call while it runs does nothing. */
  async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    try {
      for (;;) {
        const begin = this.now();
        const further = await this.advance(this.steps);
        this.steps = nextSteps(this.steps, this.now() - begin);
        if (!further) return;
      }
    } finally {
      this.running = false;
    }
  }
}
