/** The experiment as the controls show it, with what led there. It may be ahead of the run that is open. */
import { findPreset, presetValues, FIRST_PRESET, type Values } from "./knobs";

interface Snapshot {
  preset: string;
  values: Values;
}

/** More than anyone will step back. */
const MAX_UNDO = 100;

export class Config {
  preset = $state(FIRST_PRESET);
  values = $state.raw<Values>(presetValues(FIRST_PRESET));
  private past = $state.raw<Snapshot[]>([]);
  /** The knob that is being dragged: its values are one change. */
  private gesture: string | null = null;

  get canUndo(): boolean {
    return this.past.length > 0;
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

  /** Takes a preset with all its values, the seed among them. */
  usePreset(id: string): void {
    this.take(id, presetValues(id));
  }

  /** Takes a whole experiment as one change. */
  take(preset: string, values: Values): void {
    this.keep();
    this.preset = preset;
    this.values = { ...values };
  }

  /** Takes over what the engine runs, as after opening a file. */
  adopt(preset: string, values: Values): void {
    this.seal();
    this.preset = findPreset(preset) ? preset : FIRST_PRESET;
    this.values = { ...values };
  }

  /** Puts a value right that the engine refused; that is no step to come back to. */
  correct(key: string, value: string): void {
    this.values = { ...this.values, [key]: value };
  }

  undo(): boolean {
    const last = this.past.at(-1);
    if (last === undefined) return false;
    this.seal();
    this.past = this.past.slice(0, -1);
    this.preset = last.preset;
    this.values = last.values;
    return true;
  }

  private keep(): void {
    this.seal();
    this.past = [...this.past.slice(1 - MAX_UNDO), { preset: this.preset, values: this.values }];
  }
}
