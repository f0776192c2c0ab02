/**
 * Many short runs that differ in one or two knobs and in the seed. All cells are trained with the first seed before any is with the second:
 * so the whole map is seen early, and grows more certain.
 *
 * The results live here and not in a panel, so that they stay when another panel is opened, and the sweep goes on meanwhile. On a page
 * that is not seen nothing is trained: the Worker is ended, and the run that was under way is made again later.
 *
 * Runs that differ in the student's loss alone learn in one computation, and the map is seen to develop: 25 runs of 1,000 steps took 4 s so, and
 * 20 s one by one, with the same numbers in every cell (the default map, CPU backend in the page, two busy cores). Whatever else differs (the student's
 * size, its labels, a text) is trained run by run, and so is what the engine refuses to train together.
 */
import { Gone, type WorkerLike } from "../../engine/client";
import type { EngineError } from "../../engine/protocol";
import type { Values } from "../knobs";
import { Background, type Ended, type Trained } from "./background";
import { cellValues, cellsOf, jobsOf, type Cell, type Job, type Plan } from "./plan";

type State = "empty" | "running" | "hidden" | "done" | "stopped" | "failed";

/** How often the students of a first seed are tested on the way. */
const LOOKS = 16;
/** The most steps that the knob allows between two tests. */
const SELDOM = 10_000;
/** A run of which no more is made yet does not tell how long it takes. */
const TELLING = 0.05;
/** A Worker that dies so often without any run in between will not live. */
const PATIENCE = 2;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

export class Sweep {
  plan = $state.raw<Plan | null>(null);
  cells = $state.raw<Cell[]>([]);
  state = $state<State>("empty");
  failure = $state.raw<EngineError | null>(null);
  /** The cells that are trained, how far, and for how long. */
  current = $state.raw<{ cells: readonly number[]; share: number; ms: number } | null>(null);
  /** Runs and steps that were made, and the time from the start without that on a hidden page. */
  runs = $state(0);
  steps = $state(0);
  ms = $state(0);
  /** What is still to be made, this included. */
  private waiting = $state.raw<readonly Job[]>([]);
  /** The cells without what they show of runs under way. */
  private whole: Cell[] | null = null;
  private readonly background: Background;
  /** Tells the sweep that goes on from one that was stopped. */
  private generation = 0;

  constructor(
    spawn: () => WorkerLike,
    private readonly replaced: (bringBack: () => void) => void = () => undefined,
  ) {
    this.background = new Background(spawn);
  }

  get busy(): boolean {
    return this.state === "running" || this.state === "hidden";
  }

  /** Share of the runs that are made. */
  get share(): number {
    const all = this.runs + this.waiting.reduce((sum, { cells }) => sum + cells.length, 0);
    const current = this.current === null ? 0 : this.current.share * this.current.cells.length;
    return all === 0 ? 0 : (this.runs + current) / all;
  }

  /** Milliseconds that are left, as far as can be told. */
  get left(): number | null {
    const { current } = this;
    const known = this.cells.flatMap(({ ms }) => ms);
    if (known.length === 0 && current !== null && current.share >= TELLING) known.push(current.ms / current.share / current.cells.length);
    if (known.length === 0) return null;
    const each = mean(known);
    const takes = (cells: readonly number[]): number => cells.reduce((sum, cell) => sum + (this.cells[cell]!.ms.length > 0 ? mean(this.cells[cell]!.ms) : each), 0);
    return this.waiting.reduce((sum, { cells }) => sum + takes(cells), 0) - (current === null ? 0 : current.share * takes(current.cells));
  }

  async start(plan: Plan): Promise<void> {
    this.stop();
    this.giveWay();
    const generation = this.generation;
    this.plan = plan;
    this.cells = cellsOf(plan);
    this.runs = this.steps = this.ms = 0;
    this.failure = null;
    this.state = "running";
    this.waiting = jobsOf(plan, this.cells);
    const seen = (): void => this.turn();
    document.addEventListener("visibilitychange", seen);
    try {
      await this.work(plan, () => generation === this.generation);
    } finally {
      document.removeEventListener("visibilitychange", seen);
    }
  }

  stop(): void {
    if (!this.busy) return;
    this.generation += 1;
    this.finish("stopped");
    this.wake();
  }

  /** Results have taken time: a new sweep takes their place only until it is undone. */
  private giveWay(): void {
    if (this.runs === 0) return;
    const { plan, cells, state, failure, runs, steps, ms } = this;
    this.replaced(() => {
      this.stop();
      Object.assign(this, { plan, cells, state, failure, runs, steps, ms });
    });
  }

  private finish(state: State): void {
    this.state = state;
    this.drop();
    this.waiting = [];
    this.background.end();
  }

  /** Forgets what is under way. */
  private drop(): void {
    this.current = null;
    if (this.whole !== null) this.cells = this.whole;
    this.whole = null;
  }

  private async work(plan: Plan, mine: () => boolean): Promise<void> {
    let deaths = 0;
    for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
      await this.visible();
      if (!mine()) return;
      try {
        await this.train(plan, next, mine);
        deaths = 0;
      } catch (thrown) {
        if (!(thrown instanceof Gone)) throw thrown;
        if (!mine()) return;
        this.drop();
        if (document.hidden) continue;
        deaths += 1;
        if (deaths <= PATIENCE) continue;
        if (next.cells.length > 1) {
          // So many students may be more than the memory holds; one at a time is not.
          this.waiting = this.waiting.slice(1);
          this.apart(next, next.cells);
          deaths = 0;
          continue;
        }
        this.failure = thrown.error;
        return this.finish("failed");
      }
      if (!mine()) return;
    }
    this.finish("done");
  }

  private async train(plan: Plan, job: Job, mine: () => boolean): Promise<void> {
    const [index] = job.cells as [number];
    const begin = performance.now();
    const before = this.ms;
    const took = (): number => performance.now() - begin;
    this.current = { cells: job.cells, share: 0, ms: 0 };
    this.whole = this.cells;
    const progress = (share: number): void => {
      if (!mine()) return;
      this.current = { cells: job.cells, share, ms: took() };
      this.ms = before + took();
    };
    // Further seeds are looked at in the end only: between whole runs half of one would mislead. The tests change nothing in a run.
    const steps = Number(plan.values["train.steps"]);
    const looks = job.cells.length > 1 && job.seed === 0;
    const valuesOf = (cell: number): Values => ({ ...cellValues(plan, this.cells[cell]!, job.seed), "train.eval_every": String(looks ? Math.max(1, Math.min(SELDOM, Math.ceil(steps / LOOKS))) : SELDOM) });
    const trained = await (job.cells.length === 1
      ? this.background.train(plan.preset, valuesOf(index), progress).then((one) => ("outcome" in one ? [one] : one))
      : this.background.trainTogether(plan.preset, job.cells.map(valuesOf), progress, (runs) => mine() && looks && this.develop(job, runs)));
    if (!mine()) return;
    this.ms = before + took();
    this.drop();
    this.waiting = this.waiting.slice(1);
    if (Array.isArray(trained)) this.settle(job, trained, took() / job.cells.length);
    else if (job.cells.length > 1) this.apart(job, job.cells);
    else {
      // What one seed cannot do the others cannot either.
      this.waiting = this.waiting.flatMap(({ cells, seed }) => (cells.includes(index) ? { cells: cells.filter((cell) => cell !== index), seed } : { cells, seed })).filter(({ cells }) => cells.length > 0);
      this.replace(index, { refused: trained });
    }
  }

  /** Puts runs that are made into their cells. */
  private settle(job: Job, trained: readonly (Trained | null)[], ms: number): void {
    job.cells.forEach((cell, at) => {
      const one = trained[at];
      if (one == null) return;
      this.runs += 1;
      this.steps += one.steps;
      const { outcomes, ms: before } = this.cells[cell]!;
      this.replace(cell, { outcomes: [...outcomes, one.outcome], parameters: one.parameters, ms: [...before, ms] });
    });
    // A run of its own says what is wrong with it.
    this.apart(job, job.cells.filter((_, at) => trained[at] == null));
  }

  /** Runs that cannot learn together are made one by one, and next. */
  private apart({ seed }: Job, cells: readonly number[]): void {
    this.waiting = [...cells.map((cell) => ({ cells: [cell], seed })), ...this.waiting];
  }

  /** Shows runs under way as they stand. */
  private develop({ cells }: Job, runs: readonly (Ended | null)[]): void {
    cells.forEach((cell, at) => this.replace(cell, { outcomes: runs[at] == null ? [] : [runs[at]] }));
  }

  private replace(index: number, by: Partial<Cell>): void {
    this.cells = this.cells.map((old, at) => (at === index ? { ...old, ...by } : old));
  }

  // ---- A page that is not seen ----------------------------------------------------------------------------------------------------

  private wake: () => void = () => undefined;

  private visible(): Promise<void> | undefined {
    if (!document.hidden) return undefined;
    return new Promise((resolve) => (this.wake = resolve));
  }

  private turn(): void {
    if (!this.busy) return;
    this.state = document.hidden ? "hidden" : "running";
    if (document.hidden) {
      this.drop();
      this.background.end();
    } else this.wake();
  }
}
