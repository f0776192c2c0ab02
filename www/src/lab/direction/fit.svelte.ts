/** The fit of the direction panel: its settings, and the loop that moves it on. It lives in the engine, beside the run and apart from it. */
import type { Event, ModesSpec } from "../../engine/protocol";
import type { Lab } from "../lab.svelte";

export type ModesEvent = Extract<Event, { type: "modes" }>;

interface Setting {
  key: keyof ModesSpec;
  min: number;
  max: number;
  step: number;
}

export const SETTINGS: readonly Setting[] = [
  { key: "separation", min: 0, max: 12, step: 0.5 },
  { key: "left", min: 0.05, max: 0.95, step: 0.05 },
  { key: "start", min: -6, max: 6, step: 0.5 },
  { key: "width", min: 0.5, max: 5, step: 0.25 },
  { key: "beta", min: 0.05, max: 0.95, step: 0.05 },
  { key: "skew", min: 0, max: 0.9, step: 0.05 },
];

/** The picture of MiniLLM's figure 2: forward KL spreads over both modes, reverse KL takes the one it starts beside. */
export const FIRST: ModesSpec = { left: 0.6, separation: 7, start: -2, width: 1, beta: 0.5, skew: 0.1 };

/** All fits stand still by then. */
const ENOUGH = 600;
/** Steps per drawn frame, and at most: beside a race each answer waits for the race's own steps. */
const STRIDE = 4;
const LONGEST_STRIDE = 32;
/** An answer that took longer than this asks for longer strides. */
const PATIENCE_MS = 50;

export class Fit {
  spec = $state.raw<ModesSpec>(FIRST);
  playing = $state(false);
  /** What was asked for last: an older loop ends when it sees another number. */
  private round = 0;
  /** What the engine showed last. */
  readonly shown = $derived.by((): ModesEvent | null => this.lab.screen.now.looks.modes ?? null);

  constructor(private readonly lab: Lab) {}

  get ended(): boolean {
    return (this.shown?.step ?? 0) >= ENOUGH;
  }

  /** Puts every student back to the start. */
  reset(): Promise<void> {
    return this.begin(false);
  }

  /** A changed picture begins anew, and goes on if it was going. */
  set(key: keyof ModesSpec, value: number): Promise<void> {
    this.spec = { ...this.spec, [key]: value };
    return this.begin(this.playing);
  }

  choose(spec: Partial<ModesSpec>): Promise<void> {
    this.spec = { ...FIRST, ...spec };
    return this.begin(true);
  }

  async play(): Promise<void> {
    if (this.ended || this.shown === null) return this.begin(true);
    await this.run(++this.round, this.shown.step);
  }

  pause(): void {
    this.playing = false;
    this.round += 1;
  }

  private async begin(go: boolean): Promise<void> {
    const round = ++this.round;
    this.playing = go;
    await this.lab.questions.request("modes", { type: "modes", spec: this.spec, steps: 0 });
    if (go && round === this.round) await this.run(round, 0);
  }

  /** Moves the fit on from step `at` until it stands still or something newer was asked for. The engine is ahead of what is drawn. */
  private async run(round: number, at: number): Promise<void> {
    this.playing = true;
    let stride = STRIDE;
    while (round === this.round && at < ENOUGH) {
      const asked = performance.now();
      const replies = await this.lab.questions.request("modes", { type: "modes", spec: null, steps: Math.min(stride, ENOUGH - at) });
      if (round !== this.round) return;
      if (performance.now() - asked > PATIENCE_MS) stride = Math.min(LONGEST_STRIDE, stride * 2);
      const event = replies.find((reply): reply is ModesEvent => reply.type === "modes");
      // Another Worker knows nothing of the fit: it begins again.
      if (event === undefined) return this.reset();
      at = event.step;
      await new Promise(requestAnimationFrame);
    }
    if (round === this.round) this.playing = false;
  }
}
