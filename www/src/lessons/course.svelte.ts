/** The open lesson: where the visitor stands in it, what they predicted, what their runs came to. The laboratory runs it; this follows. */
import { differences, type Values } from "../lab/knobs";
import type { Lab } from "../lab/lab.svelte";
import type { Recorded } from "./all";
import { experiment, outcomeOf, read, valueOf, type Lesson, type Reading } from "./lesson";

export const STEPS = ["claim", "predict", "run", "reveal", "why", "fails", "source"] as const;
export type Step = (typeof STEPS)[number];

interface Ongoing {
  run: number;
  values: Values;
  /** The curves that were there before: those of the lesson's run are others. */
  before: unknown;
}

export class Course {
  all = $state.raw<readonly Lesson[]>([]);
  recorded = $state.raw<Partial<Record<string, Recorded>>>({});
  step = $state<Step>("claim");
  /** The chosen option. */
  prediction = $state<number | null>(null);
  /** Finished runs of this attempt. */
  readings = $state.raw<readonly Reading[]>([]);
  /** Values of all attempts, the newest last; each had a seed of its own. */
  values = $state.raw<readonly number[]>([]);
  /** The visitor turned something meanwhile: the run became their own. */
  strayed = $state(false);
  private ongoing = $state.raw<Ongoing | null>(null);
  private seed = "0";

  constructor(private readonly lab: Lab) {}

  readonly lesson = $derived.by(() => this.all.find(({ id }) => id === this.lab.lesson) ?? null);
  readonly at = $derived.by(() => this.all.findIndex(({ id }) => id === this.lab.lesson));
  /** The newest value, or null before all runs are made. */
  readonly value = $derived(this.values.at(-1) ?? null);
  readonly outcome = $derived.by(() => (this.lesson === null || this.value === null ? null : outcomeOf(this.lesson, this.value)));

  /** The run that is under way. */
  get running(): number | null {
    return this.ongoing?.run ?? null;
  }

  async load(): Promise<void> {
    const { LESSONS, RECORDED } = await import("./all");
    this.all = LESSONS;
    this.recorded = RECORDED;
  }

  open(id: string): void {
    this.lab.lesson = id;
    this.step = "claim";
    this.prediction = null;
    this.seed = "0";
    this.forget();
    this.values = [];
  }

  leave(): void {
    this.forget();
    this.lab.lesson = null;
  }

  /** Makes the lesson's runs, one after the other. Another attempt takes another seed. */
  async start(): Promise<void> {
    const { lesson } = this;
    if (lesson === null) return;
    this.forget();
    if (this.values.length > 0) this.seed = String(Math.floor(Math.random() * 100_000));
    this.step = "run";
    if (lesson.watch.panel !== null) this.lab.view(lesson.watch.panel);
    await this.begin(lesson, 0);
  }

  /** Looks at the open run; for an effect of the card. */
  follow(): void {
    const { lesson, ongoing } = this;
    const { summary, now, history } = this.lab.screen;
    if (lesson === null || ongoing === null || summary === null || history === ongoing.before) return;
    if (differences(ongoing.values, summary.values).length > 0) {
      this.ongoing = null;
      this.strayed = true;
      return;
    }
    if (now.outcome === null) return;
    const reading = read(lesson.runs[ongoing.run]!.measure, now.networks);
    this.ongoing = null;
    if (reading === null) return;
    this.readings = [...this.readings, reading];
    if (this.readings.length < lesson.runs.length) return void this.begin(lesson, this.readings.length);
    this.values = [...this.values, valueOf(this.readings)];
    this.step = "reveal";
  }

  private async begin(lesson: Lesson, run: number): Promise<void> {
    const ongoing = { run, values: experiment(lesson, run, this.seed), before: this.lab.screen.history };
    this.ongoing = ongoing;
    const [en, ko] = [lesson.en.runs[run], lesson.ko.runs[run]];
    await this.lab.perform(lesson.preset, ongoing.values, en === undefined || ko === undefined ? null : { en, ko });
    // Refused: the page says why, and the lesson can be run again.
    if (this.ongoing === ongoing && this.lab.engine.is === "up" && this.lab.screen.history === ongoing.before) this.ongoing = null;
  }

  private forget(): void {
    this.ongoing = null;
    this.readings = [];
    this.strayed = false;
  }
}
