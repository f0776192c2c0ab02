/** Other runs than the open one, drawn behind it: earlier ones of this visit, and native ones from files. */
import type { RunHistory } from "../history";
import { differences, type Difference, type Values } from "../knobs";
import { MAX_NAME, nameFor, type RunName } from "./names";

export interface PastRun {
  id: number;
  name: RunName;
  history: RunHistory;
  preset: string;
  values: Values;
  /** It ran outside the browser; its curves come from a file. */
  native: boolean;
  /** Its colour and shape among `LOOKS`; null where it is not drawn. */
  look: number | null;
  /** Taken away, but the visitor may still want it back. */
  removed: boolean;
}

/** What is drawn behind the open run. */
export interface Overlay {
  name: string;
  history: RunHistory;
  look: number;
}

/** As many lines can be told apart behind the open run; each has a colour `--run-1` … of app.css and a shape of its own. */
export const LOOKS = 6;
/** Runs that are kept. */
const MAX_RUNS = 12;

export class Runs {
  list = $state.raw<PastRun[]>([]);
  /** Name of the open run. */
  current = $state.raw<RunName>(nameFor({}, []));
  private next = 1;

  /** Of the runs that the visitor has not taken away. */
  readonly kept = $derived(this.list.filter((run) => !run.removed));

  /** A run with these values is open now. */
  begin(values: Values): void {
    const browser = this.kept.filter((run) => !run.native);
    this.current = nameFor(values, browser.map((run) => run.name));
  }

  /**
   * Keeps a run that is about to be replaced. One that the new run repeats exactly is not kept: the same seed gives the same curve, unless
   * live knobs were turned on the way.
   */
  archive(history: RunHistory, preset: string, values: Values, next: Values): void {
    const repeated = differences(values, next).length === 0 && history.marks.length === 0;
    if (history.tested.x.length < 2 || repeated) return;
    this.add({ name: this.current, history, preset, values, native: false });
  }

  /** Adds a run that was made outside the browser. */
  addNative(history: RunHistory): PastRun | null {
    const { summary } = history;
    if (summary === null) return null;
    const natives = this.kept.filter((run) => run.native);
    const name = nameFor(summary.values, natives.map((run) => run.name));
    return this.add({ name, history, preset: summary.preset, values: summary.values, native: true });
  }

  /** Draws a run or stops drawing it. Where all looks are in use, the oldest drawn run gives its own. */
  toggle(id: number): void {
    const run = this.list.find((one) => one.id === id);
    if (run === undefined) return;
    if (run.look !== null) return this.change(id, { look: null });
    const look = this.freeLook();
    this.change(id, { look });
  }

  rename(id: number | null, text: string): void {
    const given = text.trim().slice(0, MAX_NAME) || null;
    if (id === null) this.current = { ...this.current, given };
    else this.list = this.list.map((run) => (run.id === id ? { ...run, name: { ...run.name, given } } : run));
  }

  remove(id: number): void {
    this.change(id, { removed: true });
  }

  restore(id: number): void {
    this.change(id, { removed: false });
    const run = this.list.find((one) => one.id === id);
    const clash = run?.look != null && this.kept.some((other) => other !== run && other.look === run.look);
    if (clash) {
      this.change(id, { look: null });
      this.change(id, { look: this.freeLook() });
    }
  }

  /** What a run of the browser changed against the one before it. The open run has the id null and the values `opening`. */
  changes(id: number | null, opening: Values): Difference[] {
    const all = [...this.kept.filter((run) => !run.native), { id: null, values: opening }];
    const at = all.findIndex((run) => run.id === id);
    const own = all[at]?.values ?? opening;
    return differences(all[at - 1]?.values ?? own, own);
  }

  private add(run: Omit<PastRun, "id" | "look" | "removed">): PastRun {
    // What was taken away before is gone for good now. A run that is not drawn is missed least.
    const { kept } = this;
    const oldest = kept.length < MAX_RUNS ? undefined : (kept.find((one) => one.look === null) ?? kept[0]);
    this.list = kept.filter((one) => one !== oldest);
    const added: PastRun = { ...run, id: this.next++, look: this.freeLook(), removed: false };
    this.list = [...this.list, added];
    return added;
  }

  private change(id: number, change: Partial<PastRun>): void {
    this.list = this.list.map((run) => (run.id === id ? { ...run, ...change } : run));
  }

  private freeLook(): number {
    const used = this.kept.map((run) => run.look);
    const free = Array.from({ length: LOOKS }, (_, look) => look).find((look) => !used.includes(look));
    if (free !== undefined) return free;
    const oldest = this.kept.find((run) => run.look !== null)!;
    this.change(oldest.id, { look: null });
    return oldest.look!;
  }
}
