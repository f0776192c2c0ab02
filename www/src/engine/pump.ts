/**
 * Advances a run again and again, each time with as many steps as the engine makes in about a tenth of a second, or with as many as a pace
 * allows. What waits is the page, never the Worker: a turned knob or a question is answered at once at any pace.
 */

/** Long enough that the round trip does not count, short enough that a turned knob acts at once. */
const TARGET_MS = 100;
const MAX_STEPS = 5_000;

/** One call is carried out while the answer of the other is drawn. */
const LANES = 2;

/** Steps of the next call, after one of `steps` took `ms`. Shader compilation makes single calls slow, so a change is at most twofold. */
export function nextSteps(steps: number, ms: number): number {
  const factor = Math.min(2, Math.max(0.5, TARGET_MS / Math.max(ms, 0.1)));
  return Math.min(MAX_STEPS, Math.max(1, Math.round(steps * factor)));
}

export class Pump {
  /** Of the next call. */
  steps = 10;
  private lanes = 0;
  /** When the next call of a paced run is due, on the clock of `performance.now`. */
  private due = 0;

  /** `advance` makes that many steps and says whether to go on; `pace` is how many a second there may be, `Infinity` for as many as there can be. */
  constructor(
    private readonly advance: (steps: number) => Promise<boolean>,
    private readonly pace: () => number = () => Infinity,
  ) {}

  get busy(): boolean {
    return this.lanes > 0;
  }

  /** Told how long the engine took for `steps`. */
  took(steps: number, ms: number): void {
    // The calls at the end of a run, or by hand, are shorter than asked for and say nothing.
    if (steps === this.steps) this.steps = nextSteps(steps, ms);
  }

  /** Runs until `advance` says no. Called while it runs, it only fills up its lanes. */
  async run(): Promise<void> {
    const started: Promise<void>[] = [];
    while (this.lanes < LANES) started.push(this.lane());
    await Promise.all(started);
  }

  private async lane(): Promise<void> {
    this.lanes += 1;
    try {
      while (await this.advance(await this.turn()));
    } finally {
      this.lanes -= 1;
    }
  }

  /** Waits for the next call to be due and says how many steps it may make. */
  private async turn(): Promise<number> {
    const pace = this.pace();
    if (pace === Infinity) return this.steps;
    const steps = Math.min(this.steps, Math.max(1, Math.round((pace * TARGET_MS) / 1000)));
    const now = performance.now();
    // An engine that cannot keep up owes nothing: it goes on at its own pace.
    const begin = Math.max(now, this.due);
    this.due = begin + (1000 * steps) / pace;
    if (begin > now) await new Promise((resolve) => setTimeout(resolve, begin - now));
    return steps;
  }
}
