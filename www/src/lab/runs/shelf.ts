/** Runs of the list as they lie in the store, and back. What comes back is believed only after a look at it: an older page may have put it there. */
import { freezeThin, thaw } from "../curves";
import { dropPast, keepPast, keptPast } from "../store";
import { isSummary } from "./metrics";
import { isCalled, isWords } from "./names";
import { LOOKS, type PastRun } from "./runs.svelte";

/** Where runs are kept beyond this visit. */
export interface Shelf {
  /** `open`: it is not in the list yet, but would be if the page were left now. */
  put(run: PastRun, open: boolean): void;
  drop(id: number): void;
}

export interface Kept {
  run: PastRun;
  open: boolean;
}

export const shelf: Shelf = {
  put: (run, open) => void keepPast(run.id, write(run, open)),
  drop: (id) => void dropPast(id),
};

/** The runs of earlier visits, oldest first. */
export async function unshelve(): Promise<Kept[]> {
  return (await keptPast()).flatMap((value) => read(value) ?? []).sort((a, b) => a.run.id - b.run.id);
}

/** A run as plain data, and no longer than a chart shows it. */
export function write({ removed: _, history, ...run }: PastRun, open: boolean): unknown {
  return { ...run, curves: freezeThin(history), open };
}

type Loose = Record<string, unknown>;
const isObject = (value: unknown): value is Loose => typeof value === "object" && value !== null && !Array.isArray(value);

export function read(value: unknown): Kept | null {
  if (!isObject(value) || !isObject(value.name) || !isObject(value.values)) return null;
  const { id, preset, native, look, pinned, open, name, values, curves } = value;
  const { given, words, called } = name;
  const texts = typeof preset === "string" && Object.values(values).every((one) => typeof one === "string") && (given === null || typeof given === "string");
  const looked = look === null || (typeof look === "number" && Number.isInteger(look) && look >= 0 && look < LOOKS);
  if (!texts || !looked || typeof id !== "number" || typeof native !== "boolean" || !isWords(words)) return null;
  const history = thaw(curves);
  if (!isSummary(history.summary) || history.tested.x.length === 0) return null;
  return { run: { id, name: { words, given: given as string | null, called: isCalled(called) ? called : null }, preset, values: values as PastRun["values"], native, look: look as number | null, pinned: pinned === true, history, removed: false }, open: open === true };
}
