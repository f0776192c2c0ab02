/** The experiment as the controls show it, with what led there. It may be ahead of the run that is open. */
import { bytesOf } from "./curves";
import { differences, findPreset, presetValues, FIRST_PRESET, type Values } from "./knobs";
import type { Saved } from "./store";

/** What stood before a change. */
export interface Snapshot {
  preset: string;
  values: Values;
  /** The run that was ended by the change, as it stood: undoing the change goes on with it. */
  run: Saved | null;
  /** Takes back what was done beside the controls. */
  back: (() => void) | null;
}

/** More than anyone will step back. */
const MAX_UNDO = 100;
/** What the checkpoints and curves among them may take; past that the oldest runs are in the list only. */
const MAX_BYTES = 64 * 1024 * 1024;

export class Config {
  preset = $state(FIRST_PRESET);
  values = $state.raw<Values>(presetValues(FIRST_PRESET));
  private past = $state.raw<Snapshot[]>([]);
  /** The knob that is being dragged: its values are one change. */
  private gesture: string | null = null;

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  /** The last change. */
  get last(): Snapshot | null {
    return this.past.at(-1) ?? null;
  }

  /** Sets a knob to a valid value. Changes of one gesture are undone together. */
  set(key: string, value: string): void {
    if (this.values[key] === value) return;
    if (this.gesture !== key) this.keep();
    this.gesture = key;
    this.values = { ...this.values, [key]: value };
  }

  /** Ends a gesture: the slider was let go. */
  seal(): void {
    this.gesture = null;
  }

  /** Begins with an experiment: nothing comes before it. */
  begin(preset: string, values: Values): void {
    this.preset = findPreset(preset) ? preset : FIRST_PRESET;
    this.values = { ...values };
  }

  /** Takes a whole experiment as one change. Says whether it is one. */
  take(preset: string, values: Values): boolean {
    if (preset === this.preset && differences(this.values, values).length === 0) return false;
    this.keep();
    this.begin(preset, values);
    return true;
  }

  /** A run was ended: by that change, or with null by a deed of its own, which can be undone by itself. */
  ended(run: Saved, change: Snapshot | null): void {
    if (this.last?.run === run) return;
    // A run that had to be fetched for ends the one before it late: other changes may have come since.
    const at = change === null || change.run !== null ? -1 : this.past.indexOf(change);
    if (at < 0) this.keep();
    this.past = lightened(this.past.with(at, { ...this.past.at(at)!, run }));
  }

  /** Something was done beside the controls and the run, which `back` takes back. */
  did(back: () => void): void {
    this.keep(back);
  }

  /** Puts a value right that the engine refused; that is no step to come back to. */
  correct(key: string, value: string): void {
    this.values = { ...this.values, [key]: value };
  }

  /** Goes back before the last change; returns what stood there, or null where nothing did. */
  undo(): Snapshot | null {
    const last = this.past.at(-1);
    if (last === undefined) return null;
    this.seal();
    this.past = this.past.slice(0, -1);
    this.preset = last.preset;
    this.values = last.values;
    return last;
  }

  /** Takes an undo back of which nothing has come, where nothing was changed since. */
  redo(undone: Snapshot, { preset, values }: Pick<Snapshot, "preset" | "values">): void {
    if (this.values !== undone.values) return;
    this.past = [...this.past, undone];
    this.preset = preset;
    this.values = values;
  }

  private keep(back: Snapshot["back"] = null): void {
    this.seal();
    this.past = [...this.past.slice(1 - MAX_UNDO), { preset: this.preset, values: this.values, run: null, back }];
  }
}

/** Without the oldest checkpoints, where all together are too large. */
function lightened(past: readonly Snapshot[]): Snapshot[] {
  let left = MAX_BYTES;
  return past
    .toReversed()
    .map((one) => {
      if (one.run !== null) left -= one.run.bytes.length + bytesOf(one.run.curves);
      return left < 0 ? { ...one, run: null } : one;
    })
    .reverse();
}
