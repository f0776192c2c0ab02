/** The fit of the direction panel: its settings, and the loop that moves it on. It lives in the engine, beside the run and apart from it. */
import type { Event, ModesSpec } from "../../engine/protocol";
import type { Lab } from "../lab.svelte";

export type ModesEvent = Extract<Event, { type: "modes" }>;

export interface Setting {
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
  /** What the engine showed last; an answer of other settings is not it. */
  readonly shown = $derived.by((): ModesEvent | null => this.lab.screen.now.looks.modes ?? null);

  constructor(private readonly lab: Lab) {}

  get ended(): boolean {
    return (this.shown?.step ?? 0) >= ENOUGH;
  }

  /** Puts every student back to the start. */
  async reset(): Promise<void> {
    this.playing = false;
    await this.lab.request("modes", { type: "modes", spec: this.spec, steps: 0 });
  }

  async set(key: keyof ModesSpec, value: number): Promise<void> {
    this.spec = { ...this.spec, [key]: value };
    const go = this.playing;
    await this.reset();
    if (go) await this.play();
  }

  async choose(spec: Partial<ModesSpec>): Promise<void> {
    this.spec = { ...FIRST, ...spec };
    await this.reset();
    await this.play();
  }

  async play(): Promise<void> {
    const over = this.ended;
    if (over) await this.reset();
    this.playing = true;
    let stride = STRIDE;
    // The engine is ahead of what is drawn.
    let at = over ? 0 : (this.shown?.step ?? 0);
    while (this.playing) {
      const asked = performance.now();
      const replies = await this.lab.request("modes", { type: "modes", spec: null, steps: Math.min(stride, ENOUGH - at) });
      if (performance.now() - asked > PATIENCE_MS) stride = Math.min(LONGEST_STRIDE, stride * 2);
      const event = replies.find((reply): reply is ModesEvent => reply.type === "modes");
      // Another Worker knows nothing of the fit: it begins again.
      if (event === undefined) return void (await this.reset());
      at = event.step;
      if (at >= ENOUGH) this.playing = false;
      else await new Promise(requestAnimationFrame);
    }
  }

  pause(): void {
    this.playing = false;
  }
}
