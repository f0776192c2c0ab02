/**
 * Other runs than the open one, drawn behind it: earlier ones, and native ones from files. Whatever happens to the list is told to a shelf, and
 * so is the open run at each of its checkpoints: after a reload the list is there again.
 */
import type { RunHistory } from "../history";
import { t } from "../../i18n/index.svelte";
import { change, differences, type Change, type Experiment, type Values } from "../knobs";
import { counted, sameData } from "../task";
import type { Kept, Shelf } from "./shelf";
import { among, MAX_NAME, nameFor, type Called, type RunName } from "./names";

export interface PastRun extends Experiment {
  id: number;
  name: RunName;
  history: RunHistory;
  /** It ran outside the browser; its curves come from a file. */
  native: boolean;
  /** Its colour and shape among `LOOKS`; null where it is not drawn. */
  look: number | null;
  /** The visitor wants it drawn over runs of other data, too. */
  pinned: boolean;
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

const sameWords = (one: RunName, other: RunName): boolean => one.words[0] === other.words[0] && one.words[1] === other.words[1];

/** A share of examples and a share of probability have no axis in common. */
export const drawable = (run: PastRun, values: Values): boolean => counted(run.values) === counted(values);

export const isDrawn = (run: PastRun, values: Values): boolean => run.look !== null && drawable(run, values) && (run.pinned || sameData(run.values, values));

/** A live knob that was turned at the newest step has changed no step yet. */
const unturned = ({ history }: PastRun): boolean => !history.handled && history.marks.every(({ x }) => x >= history.end);
const repeats = (run: PastRun, values: Values): boolean => differences(run.values, values).length === 0 && unturned(run);

export class Runs {
  list = $state.raw<PastRun[]>([]);
  /** Name of the open run. */
  current = $state.raw<RunName>(nameFor({}, []));
  private id = newId();
  /** The open run as it was last kept, if it was. */
  private open: PastRun | null = null;

  /** Of the runs that the visitor has not taken away. */
  readonly kept = $derived(this.list.filter((run) => !run.removed));

  constructor(private readonly shelf: Shelf = NOWHERE) {}

  /** A run with these values is open now. `again` is the number of the run that it goes on with, which leaves the list. */
  begin(values: Values, again?: number): void {
    if (again !== undefined && again === this.id) return;
    const before = this.id;
    const listed = this.list.find((run) => run.id === again);
    this.id = again ?? newId();
    this.update(this.list.filter((run) => run !== listed));
    const twin = listed === undefined ? this.twin(values) : undefined;
    // One experiment has one name.
    this.current = listed?.name ?? (twin === undefined ? this.newName(values) : { ...twin.name, given: null, called: null });
    this.open = listed === undefined ? null : { ...listed, look: null };
    if (this.open !== null) this.shelf.put(this.open, true);
    if (!this.list.some((run) => run.id === before)) this.shelf.drop(before);
  }

  /** Puts a run that is about to be replaced into the list, if it has a curve. `again` is the number of the run that comes. */
  archive(history: RunHistory, preset: string, values: Values, again?: number): void {
    const open = history.tested.x.length < 2 ? this.open : this.opened(history, preset, values);
    if (open === null || open.id === again) return;
    this.open = open;
    this.admit(open);
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
    for (const { run, open } of kept) {
      if (known.includes(run.id)) continue;
      if (open || this.repeated(run) !== undefined) {
        this.admit(run);
        continue;
      }
      // As it lies on the shelf, of which nothing has to be told.
      this.list = [...this.list, run].sort(byAge);
      if (this.clashes(run)) this.redraw(run.id);
    }
    this.update(bounded(this.list));
    const twin = this.twin(values);
    if (twin !== undefined && this.open === null) this.current = { ...this.current, words: twin.name.words };
  }

  /** Adds a run that was made outside the browser. */
  addNative(history: RunHistory): PastRun | null {
    const { summary } = history;
    if (summary === null) return null;
    const natives = this.kept.filter((run) => run.native);
    const name = nameFor(summary.values, natives.map((run) => run.name));
    return this.add({ id: newId(), name, history, preset: summary.preset, values: summary.values, native: true, look: null, pinned: false, removed: false });
  }

  /** The runs that are drawn over one with these values: of the same data, and of other data those that the visitor wants. */
  drawn(values: Values): PastRun[] {
    return this.kept.filter((run) => isDrawn(run, values));
  }

  /** Draws a run over one with these values, or stops drawing it. Where all looks are in use, the oldest drawn run gives its own. */
  toggle(id: number, values: Values): void {
    const run = this.list.find((one) => one.id === id);
    if (run === undefined) return;
    if (isDrawn(run, values)) return this.change(id, { look: null, pinned: false });
    if (run.look === null) this.redraw(id);
    this.change(id, { pinned: !sameData(run.values, values) });
  }

  rename(id: number | null, text: string): void {
    const given = text.trim().slice(0, MAX_NAME) || null;
    if (id === null) return this.name({ ...this.current, given });
    this.update(this.list.map((run) => (run.id === id ? { ...run, name: { ...run.name, given } } : run)));
  }

  /** A lesson has a name for the open run. */
  call(called: Called): void {
    this.name({ ...this.current, called });
  }

  /** What a run of the list is called, or with null the open one: no two have the same. */
  label(run: PastRun | null): string {
    if (run !== null) return among(run.name, this.kept.filter((other) => other !== run && other.native === run.native).map(({ name }) => name));
    const { current } = this;
    const twin = this.kept.find(({ name, native }) => !native && sameWords(name, current));
    if (twin !== undefined && current.given === null) return t("run.again_name", { name: this.label(twin) });
    return among(current, this.kept.filter(({ native }) => !native).map(({ name }) => name));
  }

  remove(id: number): void {
    this.change(id, { removed: true });
  }

  restore(id: number): void {
    this.change(id, { removed: false });
    const run = this.list.find((one) => one.id === id);
    if (run !== undefined && this.clashes(run)) this.redraw(id);
  }

  /** What a run of the browser changed against the one before it; null for the first. The open run has the number null. */
  changes(id: number | null, open: Experiment): Change | null {
    const all = [...this.kept.filter((run) => !run.native), { ...open, id: null }];
    const at = all.findIndex((run) => run.id === id);
    const [before, own] = [all[at - 1], all[at]];
    return before === undefined || own === undefined ? null : change(before, own);
  }

  private opened(history: RunHistory, preset: string, values: Values): PastRun {
    return { id: this.id, name: this.current, history, preset, values, native: false, look: null, pinned: false, removed: false };
  }

  /** A run of the list that these values repeat exactly: the same seed gives the same curve, unless live knobs were turned or weights changed on the way. */
  private twin(values: Values): PastRun | undefined {
    return this.kept.find((run) => !run.native && repeats(run, values));
  }

  /** A run of the list that this one repeated exactly. */
  private repeated(run: PastRun): PastRun | undefined {
    return run.native || !unturned(run) ? undefined : this.twin(run.values);
  }

  /** Puts a run into the list. The same experiment made once more has one place there, with the longer of its curves. */
  private admit(run: PastRun): void {
    const twin = this.repeated(run);
    if (twin === undefined) {
      const taken = this.kept.some((other) => !other.native && sameWords(other.name, run.name));
      this.add(taken ? { ...run, name: { ...run.name, words: this.newName(run.values).words } } : run);
      return;
    }
    const [kept, gone] = twin.history.end > run.history.end ? [twin, run] : [run, twin];
    // One of the two is dropped, the other put: the shelf hears of each once.
    this.list = this.list.filter((one) => one !== twin);
    this.shelf.drop(gone.id);
    this.add({ ...kept, name: { words: twin.name.words, given: run.name.given ?? twin.name.given, called: run.name.called ?? twin.name.called } }, twin.look);
  }

  private name(name: RunName): void {
    this.current = name;
    if (this.open === null) return;
    this.open = { ...this.open, name };
    this.shelf.put(this.open, true);
  }

  private newName(values: Values): RunName {
    return nameFor(values, this.kept.filter((run) => !run.native).map((run) => run.name));
  }

  private add(run: PastRun, look: number | null = null): PastRun {
    const added = { ...run, look: look ?? this.freeLook() };
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
