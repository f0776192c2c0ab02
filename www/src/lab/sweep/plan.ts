/** What a sweep is to train: its cells, and which of them learn together. Pure. */
import type { EngineError } from "../../engine/protocol";
import type { Values } from "../knobs";
import { setsOf, type Axis } from "./axes";
import type { Ended, Trained } from "./background";

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

/** Runs that learn together, or one alone, by the numbers of their cells. */
export interface Job {
  cells: readonly number[];
  seed: number;
}

const MAX_SEED = 2 ** 32;

export function cellsOf({ across, down }: Plan): Cell[] {
  const rows = down === null ? [{}] : down.values.map((value) => ({ [down.key]: value }));
  return rows.flatMap((row) => across.values.map((value) => ({ at: { [across.key]: value, ...row }, outcomes: [], parameters: null, refused: null, ms: [] })));
}

/** What cells must share to learn together: all but the student's loss. */
const shared = (values: Values): string => JSON.stringify(Object.entries(values).filter(([key]) => !key.startsWith("distill.")));

/** All cells with one seed before any with the next, those together that can learn together. */
export function jobsOf(plan: Plan, cells: readonly Cell[]): Job[] {
  const groups = new Map<string, number[]>();
  for (const [index, cell] of cells.entries()) {
    const key = shared(cellValues(plan, cell, 0));
    groups.set(key, [...(groups.get(key) ?? []), index]);
  }
  return Array.from({ length: plan.seeds }, (_, seed) => [...groups.values()].map((of) => ({ cells: of, seed }))).flat();
}

/** The experiment of a cell, with one of its seeds. */
export function cellValues(plan: Plan, cell: Cell, seed: number): Values {
  const sets = Object.entries(cell.at).map(([key, value]) => setsOf(key, value, plan.values));
  return { ...plan.values, ...Object.assign({}, ...sets), seed: String((Number(plan.values.seed ?? 0) + seed) % MAX_SEED) };
}
