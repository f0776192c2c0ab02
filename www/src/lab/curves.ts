/** Curves as plain data and back, for the store: a class instance loses its class on the way through IndexedDB. */
import { RunHistory, Table } from "./history";

export function freeze(history: RunHistory): unknown {
  // Summaries are Svelte state elsewhere, but here they are what the Worker sent: plain data that can be cloned.
  return structuredClone(history);
}

/** The curves, or empty ones where the data is not of this page. */
export function thaw(plain: unknown): RunHistory {
  const history = new RunHistory();
  if (typeof plain !== "object" || plain === null) return history;
  const { trained, tested, ...rest } = plain as Record<string, unknown>;
  if (!isTable(trained) || !isTable(tested)) return history;
  return Object.assign(history, rest, { trained: Object.assign(new Table([]), trained), tested: Object.assign(new Table([]), tested) });
}

function isTable(value: unknown): value is Pick<Table, "x" | "columns"> {
  return typeof value === "object" && value !== null && "x" in value && Array.isArray(value.x) && "columns" in value;
}
