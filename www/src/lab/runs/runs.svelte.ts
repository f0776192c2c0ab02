/**
 * Other runs than the open one, drawn behind it: earlier ones, and native ones from files. Whatever happens to the list is told to a shelf, and
 * so is the open run at each of its checkpoints: after a reload the list is there again.
 */
import type { RunHistory } from "../history";
import { differences, type Difference, type Values } from "../knobs";
import type { Kept, Shelf } from "./shelf";
import { MAX_NAME, nameFor, spoken, type RunName } from "./names";

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

/** For a page without a store. */
const NOWHERE: Shelf = { put: () => undefined, drop: () => undefined };

let newest = 0;

/** A number that no run has, here or in another tab, greater than those before. */
function newId(): number {
  newest = Math.max(newest + 1, Date.now() * 1000 + Math.floor(Math.random() * 1000));
  return newest;
}

const repeats = (run: PastRun, values: Values): boolean => differences(run.values, values).length === 0 && run.history.marks.length === 0;

export class Runs {
  list = $state.raw<PastRun[]>([]);
  /** Name of the open run. */
  current = $state.raw<RunName>(nameFor({}, []));
  private id = newId();
  /** The open run as it was last kept. Before its first step that may be what was open before a reload, of the same experiment. */
  private open: PastRun | null = null;

  /** Of the runs that the visitor has not taken away. */
  readonly kept = $derived(this.list.filter((run) => !run.removed));

  constructor(private readonly shelf: Shelf = NOWHERE) {}

  /** A run with these values is open now. `again` is the number of the run that it goes on with or repeats, which keeps its name. */
  begin(values: Values, again: number | null = null): void {
    if (again !== null && again === this.id) return;
    const before = this.id;
    const listed = this.list.find((run) => run.id === again);
    this.id = again ?? newId();
    this.update(this.list.filter((run) => run !== listed));
    this.current = (listed ?? this.twin(values))?.name ?? this.newName(values);
    this.open = listed === undefined ? null : { ...listed, look: null };
    if (this.open !== null) this.shelf.put(this.open, true);
    if (!this.list.some((run) => run.id === before)) this.shelf.drop(before);
  }

  /**
   * Puts a run that is about to be replaced into the list. One that the new run repeats exactly is not: the same seed gives the same curve, unless
   * live knobs were turned on the way. Returns the number of the run that the new one goes on with, as `begin` wants it: `again`, or the one repeated.
   */
  archive(history: RunHistory, preset: string, values: Values, next: Values, again: number | null = null): number | null {
    const open = history.tested.x.length < 2 ? this.open : this.opened(history, preset, values);
    if (open === null || open.id === again) return again;
    this.open = open;
    if (again === null && repeats(open, next)) return open.id;
    // The same experiment made once more takes the place of the old one; with live knobs turned it is another, and wants a name of its own.
    const twin = open.history.marks.length === 0 ? this.twin(open.values) : undefined;
    this.update(this.list.filter((run) => run !== twin));
    const taken = this.kept.some((run) => !run.native && spoken(run.name) === spoken(open.name));
    this.add(taken ? { ...open, name: this.newName(open.values) } : open);
    return again;
  }

  /** The open run has a checkpoint: its curves are kept as they are now. Returns its number. */
  keep(history: RunHistory, preset: string, values: Values): number {
    if (history.tested.x.length >= 2) {
      this.open = this.opened(history, preset, values);
      this.shelf.put(this.open, true);
    }
    return this.id;
  }

  /** Takes the runs of earlier visits, while a run with these values is open. */
  load(kept: readonly Kept[], values: Values): void {
    const known = [this.id, ...this.list.map((run) => run.id)];
    const found = kept.filter(({ run }) => !known.includes(run.id));
    // The page was left with this very experiment open: it is the same run still.
    const same = this.open === null ? found.findLast(({ run, open }) => open && repeats(run, values)) : undefined;
    if (same !== undefined) {
      this.id = same.run.id;
      this.open = same.run;
      this.current = same.run.name;
    }
    const past = found.filter((one) => one !== same);
    // As they lie on the shelf, of which nothing has to be told.
    this.list = [...this.list, ...past.map(({ run }) => run)].sort(byAge);
    for (const { run, open } of past) if (open || this.clashes(run)) this.redraw(run.id);
    this.update(bounded(this.list));
  }

  /** Adds a run that was made outside the browser. */
  addNative(history: RunHistory): PastRun | null {
    const { summary } = history;
    if (summary === null) return null;
    const natives = this.kept.filter((run) => run.native);
    const name = nameFor(summary.values, natives.map((run) => run.name));
    return this.add({ id: newId(), name, history, preset: summary.preset, values: summary.values, native: true, look: null, removed: false });
  }

  /** Draws a run or stops drawing it. Where all looks are in use, the oldest drawn run gives its own. */
  toggle(id: number): void {
    const run = this.list.find((one) => one.id === id);
    if (run === undefined) return;
    if (run.look === null) this.redraw(id);
    else this.change(id, { look: null });
  }

  rename(id: number | null, text: string): void {
    const given = text.trim().slice(0, MAX_NAME) || null;
    if (id !== null) return this.update(this.list.map((run) => (run.id === id ? { ...run, name: { ...run.name, given } } : run)));
    this.current = { ...this.current, given };
    if (this.open === null) return;
    this.open = { ...this.open, name: this.current };
    this.shelf.put(this.open, true);
  }

  remove(id: number): void {
    this.change(id, { removed: true });
  }

  restore(id: number): void {
    this.change(id, { removed: false });
    const run = this.list.find((one) => one.id === id);
    if (run !== undefined && this.clashes(run)) this.redraw(id);
  }

  /** What a run of the browser changed against the one before it. The open run has the id null and the values `opening`. */
  changes(id: number | null, opening: Values): Difference[] {
    const all = [...this.kept.filter((run) => !run.native), { id: null, values: opening }];
    const at = all.findIndex((run) => run.id === id);
    const own = all[at]?.values ?? opening;
    return differences(all[at - 1]?.values ?? own, own);
  }

  private opened(history: RunHistory, preset: string, values: Values): PastRun {
    return { id: this.id, name: this.current, history, preset, values, native: false, look: null, removed: false };
  }

  /** A run of the list that these values repeat exactly. */
  private twin(values: Values): PastRun | undefined {
    return this.kept.find((run) => !run.native && repeats(run, values));
  }

  private newName(values: Values): RunName {
    return nameFor(values, this.kept.filter((run) => !run.native).map((run) => run.name));
  }

  private add(run: PastRun): PastRun {
    const added = { ...run, look: this.freeLook() };
    // What was taken away before is gone for good now.
    this.update(bounded([...this.kept, added].sort(byAge)));
    return added;
  }

  private change(id: number, change: Partial<PastRun>): void {
    this.update(this.list.map((run) => (run.id === id ? { ...run, ...change } : run)));
  }

  /** Every change of the list comes by here, but for what comes from the shelf itself. */
  private update(list: PastRun[]): void {
    for (const { id, removed } of this.list) if (!removed && !list.some((run) => run.id === id && !run.removed)) this.shelf.drop(id);
    for (const run of list) if (!run.removed && !this.list.includes(run)) this.shelf.put(run, false);
    this.list = list;
  }

  /** Whether another run is drawn in the look of this one. */
  private clashes(run: PastRun): boolean {
    return run.look !== null && this.kept.some((other) => other.id !== run.id && other.look === run.look);
  }

  /** Draws a run in a look that no other has. */
  private redraw(id: number): void {
    this.change(id, { look: null });
    const look = this.freeLook();
    this.change(id, { look });
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

/** Oldest first. */
const byAge = (a: PastRun, b: PastRun): number => a.id - b.id;

/** As many runs as are kept. One that is not drawn is missed least. */
function bounded(list: PastRun[]): PastRun[] {
  if (list.length <= MAX_RUNS) return list;
  const least = list.find((run) => run.look === null) ?? list[0];
  return bounded(list.filter((run) => run !== least));
}
