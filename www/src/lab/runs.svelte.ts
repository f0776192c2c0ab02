/** Earlier runs of this visit, drawn faintly behind the open one. */
import type { RunHistory } from "./history";
import { differences, type Difference, type Values } from "./knobs";

export interface PastRun {
  id: number;
  history: RunHistory;
  preset: string;
  values: Values;
  visible: boolean;
}

/** More lines than these behind the open run cannot be told apart. */
const MAX_RUNS = 6;

export class Runs {
  list = $state.raw<PastRun[]>([]);
  /** Number of the open run. */
  current = $state(1);

  /**
   * Keeps a run that is about to be replaced. One that the new run repeats exactly is not kept: the same seed gives the same curve, unless
   * live knobs were turned on the way.
   */
  archive(history: RunHistory, preset: string, values: Values, next: Values): void {
    const repeated = differences(values, next).length === 0 && history.marks.length === 0;
    if (history.tested.x.length < 2 || repeated) return;
    this.list = [...this.list, { id: this.current, history, preset, values, visible: true }].slice(-MAX_RUNS);
    this.current += 1;
  }

  toggle(id: number): void {
    this.list = this.list.map((run) => (run.id === id ? { ...run, visible: !run.visible } : run));
  }

  remove(id: number): void {
    this.list = this.list.filter((run) => run.id !== id);
  }

  /** What each run changed against the one before it; `values` are those of the open run, the last. */
  changes(values: Values): Difference[][] {
    const all = [...this.list.map((run) => run.values), values];
    return all.map((own, at) => differences(all[at - 1] ?? own, own));
  }
}
