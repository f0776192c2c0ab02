/** The open run as the views show it. Events come many times a second; what they change is drawn some ten times a second, in a frame. */
import type { Early, Evaluation, Event, LossParts, Opened, Outcome, Phase, Summary } from "../engine/protocol";
import { RunHistory } from "./history";
import type { Values } from "./knobs";
import { hear, type Heard } from "./draw/trail";
import { remember, type Past } from "./writing/past";

type SampleEvent = Extract<Event, { type: "sample" }>;
type PlaneEvent = Extract<Event, { type: "plane" }>;

/** What panels asked the engine for, by the type of its answer. It is of the run and the step that the answer names. */
type Looks = { [Type in "studied" | "calibrated" | "opinion" | "dissected" | "modes" | "read"]?: Extract<Event, { type: Type }> };

interface Moment {
  phase: Phase;
  step: number;
  steps: number;
  rate: number | null;
  losses: LossParts[];
  networks: Evaluation[];
  sample: SampleEvent | null;
  plane: PlaneEvent | null;
  looks: Looks;
  /** What was read before of the prompt that is looked at, oldest first. */
  written: readonly Past[];
  /** What the networks said before of the drawing that they are asked about, oldest first. */
  heard: readonly Heard[];
  outcome: Outcome | null;
  /** Why the run ended before its steps were up. */
  early: Early | null;
}

function beginning(summary: Summary | null, history: RunHistory): Moment {
  const phase = summary !== null && summary.teacher_steps > 0 ? "teacher" : "students";
  return {
    phase,
    step: 0,
    steps: (phase === "teacher" ? summary?.teacher_steps : summary?.student_steps) ?? 0,
    rate: null,
    losses: [],
    networks: history.networks,
    sample: null,
    plane: null,
    looks: {},
    written: [],
    heard: [],
    outcome: null,
    early: null,
  };
}

/** Eyes do not need curves that move more often, and a slow machine has better things to do. */
const DRAW_MS = 100;

/** Newest weight of the running mean of the rate: single readings jump. */
const RATE_WEIGHT = 0.3;

export class Screen {
  summary = $state.raw<Summary | null>(null);
  /** The values with which the run began; live knobs may have moved since. */
  opening = $state.raw<Values>({});
  history = $state.raw(new RunHistory());
  /** Grows with every drawn change of `history`. */
  version = $state(0);
  /** What is drawn. */
  now = $state.raw<Moment>(beginning(null, new RunHistory()));
  /** What is known, ahead of the next frame. */
  private next: Moment = this.now;
  private frame = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private drawnAt = -Infinity;
  private touched = false;
  /** Drawings that the networks were asked about. */
  drawings = 0;

  /** Nothing has been done to it: nothing would be lost with this run. */
  get untouched(): boolean {
    return !this.touched && this.next.step === 0 && this.next.outcome === null && this.history.trained.x.length === 0;
  }

  get finished(): boolean {
    return this.next.outcome !== null;
  }

  /** Steps made, ahead of what is drawn. */
  get step(): number {
    return this.next.step;
  }

  /** Steps of this phase. */
  get steps(): number {
    return this.next.steps;
  }

  get phase(): Phase {
    return this.next.phase;
  }

  begin({ summary }: Opened, history: RunHistory): void {
    history.push({ type: "opened", summary });
    this.summary = summary;
    this.opening = summary.values;
    this.history = history;
    this.touched = false;
    this.next = beginning(summary, history);
    this.draw();
  }

  /** A checkpoint knows where it was made; the engine's events after a resume tell only of the last evaluation before it. */
  stand({ phase, step, steps }: Pick<Moment, "phase" | "step" | "steps">): void {
    this.touch();
    if (this.finished) return;
    this.next = { ...this.next, phase, step, steps };
    this.draw();
  }

  /** A step was made, be it one of the teacher alone, which counts none of the students', or weights were loaded. */
  touch(): void {
    this.touched = true;
  }

  /** `drawings`: how many there were when the engine was asked. Its opinion of an earlier one is no part of the story of this one. */
  take(event: Event, drawings = this.drawings): void {
    this.history.push(event);
    const next = this.next;
    switch (event.type) {
      case "opened":
        break;
      case "changed":
        this.summary = event.summary;
        break;
      case "progress":
        this.next = { ...next, phase: event.phase, step: event.step, steps: event.steps, losses: event.losses, rate: mean(next.rate, event.steps_per_second) };
        break;
      case "evaluated": {
        const steps = (event.phase === "teacher" ? this.summary?.teacher_steps : this.summary?.student_steps) ?? next.steps;
        this.next = { ...next, phase: event.phase, step: event.step, steps, networks: this.history.networks };
        break;
      }
      case "sample":
        this.next = { ...next, sample: event };
        break;
      case "plane":
        this.next = { ...next, plane: event };
        break;
      case "opinion":
        this.next = { ...next, looks: { ...next.looks, opinion: event }, heard: drawings === this.drawings ? hear(next.heard, { phase: next.phase, event }) : next.heard };
        break;
      case "studied":
      case "calibrated":
      case "dissected":
      case "cohort":
      case "modes":
        this.next = { ...next, looks: { ...next.looks, [event.type]: event } };
        break;
      case "read":
        this.next = { ...next, looks: { ...next.looks, read: event }, written: remember(next.written, { phase: next.phase, event }) };
        break;
      case "finished":
        this.next = { ...next, phase: "finished", outcome: event.outcome, early: event.early ?? null };
        break;
    }
    // A hidden page gets no frames, so it is not drawn; the numbers wait in `next`.
    this.timer ??= setTimeout(() => (this.frame = requestAnimationFrame(() => this.draw())), Math.max(0, this.drawnAt + DRAW_MS - performance.now()));
  }

  /** Another drawing: what was said of the last one is no part of its story. */
  unhear(): void {
    this.drawings += 1;
    this.next = { ...this.next, heard: [] };
  }

  private draw(): void {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.timer = undefined;
    this.drawnAt = performance.now();
    this.now = this.next;
    this.version += 1;
  }
}

function mean(old: number | null, reading: number): number {
  return old === null ? reading : old + RATE_WEIGHT * (reading - old);
}
