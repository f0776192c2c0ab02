/**
 * Many short runs that differ in one or two knobs and in the seed. All cells are trained with the first seed before any is with the second:
 * so the whole map is seen early, and grows more certain.
 *
 * The results live here and not in a panel, so that they stay when another panel is opened, and the sweep goes on meanwhile. On a page
 * that is not seen nothing is trained: the Worker is ended, and the run that was under way is made again later.
 *
 * Why run by run and not all students of a map in one computation: on the CPU backend in the page a step with students of 400 units, which
 * is the arithmetic of 25 students of 16, took 3.6 times as long as one with students of 16 (441 and 1,568 steps/s, medians of three), so
 * that a batched map of T × α might be up to seven times as fast. But it could sweep live knobs of equal networks only, would fill no cell
 * before all, and would not be the run that a click opens. A map of 25 runs of 1,000 steps took 12 to 18 s as it is.
 */
import { Gone, type WorkerLike } from "../../engine/client";
import type { EngineError } from "../../engine/protocol";
import type { Values } from "../knobs";
import { setsOf, type Axis } from "./axes";
import { Background, type Ended, type Trained } from "./background";

export interface Plan {
  preset: string;
  /** The experiment that all cells share. */
  values: Values;
  /** Along the columns, then along the rows where there are any. */
  across: Axis;
  down: Axis | null;
  /** Seeds per cell, counted on from the experiment's own. */
  seeds: number;
}

export interface Cell {
  /** Its place along each axis, by the axis' key. */
  at: Values;
  /** How its runs ended, seed by seed. */
  outcomes: readonly Ended[];
  parameters: Trained["parameters"] | null;
  /** Why it cannot be trained. */
  refused: EngineError | null;
  /** Milliseconds that its runs took. */
  ms: readonly number[];
}

type State = "empty" | "running" | "hidden" | "done" | "stopped" | "failed";

/** A Worker that dies so often without any run in between will not live. */
const PATIENCE = 2;
const MAX_SEED = 2 ** 32;

function cellsOf({ across, down }: Plan): Cell[] {
  const rows = down === null ? [{}] : down.values.map((value) => ({ [down.key]: value }));
  return rows.flatMap((row) => across.values.map((value) => ({ at: { [across.key]: value, ...row }, outcomes: [], parameters: null, refused: null, ms: [] })));
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The experiment of a cell, with one of its seeds. */
export function cellValues(plan: Plan, cell: Cell, seed: number): Values {
  const sets = Object.entries(cell.at).map(([key, value]) => setsOf(key, value, plan.values));
  return { ...plan.values, ...Object.assign({}, ...sets), seed: String((Number(plan.values.seed ?? 0) + seed) % MAX_SEED) };
}

export class Sweep {
  plan = $state.raw<Plan | null>(null);
  cells = $state.raw<Cell[]>([]);
  state = $state<State>("empty");
  failure = $state.raw<EngineError | null>(null);
  /** The cell that is trained, and how far. */
  current = $state.raw<{ cell: number; share: number } | null>(null);
  /** Runs and steps that were made, and the time from the start without that on a hidden page. */
  runs = $state(0);
  steps = $state(0);
  ms = $state(0);
  /** Runs that are still to be made, this one included, by the number of their cell. */
  private waiting = $state.raw<{ cell: number; seed: number }[]>([]);
  private readonly background: Background;
  /** Tells the sweep that goes on from one that was stopped. */
  private generation = 0;

  constructor(spawn: () => WorkerLike) {
    this.background = new Background(spawn);
  }

  get busy(): boolean {
    return this.state === "running" || this.state === "hidden";
  }

  /** Share of the runs that are made. */
  get share(): number {
    const all = this.runs + this.waiting.length;
    return all === 0 ? 0 : (this.runs + (this.current?.share ?? 0)) / all;
  }

  /** Milliseconds that are left, as far as can be told. */
  get left(): number | null {
    const known = this.cells.flatMap(({ ms }) => ms);
    if (known.length === 0) return null;
    const each = mean(known);
    const wanted = this.waiting.reduce((sum, { cell }) => sum + (this.cells[cell]!.ms.length > 0 ? mean(this.cells[cell]!.ms) : each), 0);
    return wanted - (this.current?.share ?? 0) * each;
  }

  async start(plan: Plan): Promise<void> {
    this.stop();
    const generation = this.generation;
    this.plan = plan;
    this.cells = cellsOf(plan);
    this.runs = this.steps = this.ms = 0;
    this.failure = null;
    this.state = "running";
    this.waiting = Array.from({ length: plan.seeds }, (_, seed) => this.cells.map((_, cell) => ({ cell, seed }))).flat();
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

  private finish(state: State): void {
    this.state = state;
    this.current = null;
    this.waiting = [];
    this.background.end();
  }

  private async work(plan: Plan, mine: () => boolean): Promise<void> {
    let deaths = 0;
    for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
      await this.visible();
      if (!mine()) return;
      try {
        await this.train(plan, next.cell, next.seed, mine);
        deaths = 0;
      } catch (thrown) {
        if (!(thrown instanceof Gone)) throw thrown;
        if (!mine()) return;
        if (document.hidden) continue;
        deaths += 1;
        if (deaths <= PATIENCE) continue;
        this.failure = thrown.error;
        return this.finish("failed");
      }
      if (!mine()) return;
    }
    this.finish("done");
  }

  private async train(plan: Plan, index: number, seed: number, mine: () => boolean): Promise<void> {
    const cell = this.cells[index]!;
    const begin = performance.now();
    const before = this.ms;
    this.current = { cell: index, share: 0 };
    // Only the end is looked at: the tests on the way would cost as much as the training. They change nothing in it.
    const values = { ...cellValues(plan, cell, seed), "train.eval_every": "10000" };
    const trained = await this.background.train(plan.preset, values, (share) => {
      if (!mine()) return;
      this.current = { cell: index, share };
      this.ms = before + performance.now() - begin;
    });
    if (!mine()) return;
    this.ms = before + performance.now() - begin;
    this.current = null;
    if ("outcome" in trained) {
      this.runs += 1;
      this.steps += trained.steps;
      this.waiting = this.waiting.slice(1);
      const { outcome, parameters } = trained;
      this.replace(index, { ...cell, outcomes: [...cell.outcomes, outcome], parameters, ms: [...cell.ms, performance.now() - begin] });
    } else {
      // What one seed cannot do the others cannot either.
      this.waiting = this.waiting.filter((one) => one.cell !== index);
      this.replace(index, { ...cell, refused: trained });
    }
  }

  private replace(index: number, cell: Cell): void {
    this.cells = this.cells.map((old, at) => (at === index ? cell : old));
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
      this.current = null;
      this.background.end();
    } else this.wake();
  }
}
