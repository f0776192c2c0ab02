/** Curves as plain data and back, for the store: a class instance loses its class on the way through IndexedDB. */
import { RunHistory, Table } from "./history";

export function freeze(history: RunHistory): unknown {
  // Summaries are Svelte state elsewhere, but here they are what the Worker sent: plain data that can be cloned.
  return structuredClone(history);
}

/** Rows of each table that a chart draws of a run; a dozen runs of so many take some MB at most. */
const MOST_ROWS = 500;
/** Turns of live knobs, of which more would hide the curve. */
const MOST_MARKS = 100;

/** The same of a run that is only looked at any more. */
export function freezeThin(history: RunHistory): unknown {
  const { trained, tested, marks } = history;
  return structuredClone({ ...history, marks: marks.slice(-MOST_MARKS), trained: trained.thinned(MOST_ROWS), tested: tested.thinned(MOST_ROWS) });
}

const NUMBER_BYTES = 8;

/** The curves, or empty ones where the data is not of this page. */
export function thaw(plain: unknown): RunHistory {
  const history = new RunHistory();
  if (typeof plain !== "object" || plain === null) return history;
  const { trained, tested, ...rest } = plain as Record<string, unknown>;
  if (!isTable(trained) || !isTable(tested)) return history;
  return Object.assign(history, rest, { trained: Object.assign(new Table([]), trained), tested: Object.assign(new Table([]), tested) });
}

/** What curves take at least, as plain data. */
export function bytesOf(plain: unknown): number {
  if (typeof plain !== "object" || plain === null) return 0;
  const numbers = Object.values(plain).filter(isTable).map(({ x, columns }) => x.length * (1 + Object.keys(columns).length));
  return numbers.reduce((a, b) => a + b, 0) * NUMBER_BYTES;
}

function isTable(value: unknown): value is Pick<Table, "x" | "columns"> {
  if (typeof value !== "object" || value === null || !("x" in value) || !Array.isArray(value.x)) return false;
  if (!("columns" in value) || typeof value.columns !== "object" || value.columns === null) return false;
  const { length } = value.x;
  return Object.values(value.columns).every((column) => Array.isArray(column) && column.length === length);
}
