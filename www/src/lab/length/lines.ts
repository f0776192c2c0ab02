/** The lines of the chart of errors that pile up. */
import type { Evaluation, Role } from "../../engine/protocol";
import { STUDENTS, excessAt } from "../history";
import type { Overlay } from "../runs/runs.svelte";

export interface Line {
  name: string;
  role: Role;
  /** Its colour among other runs; null for the open run. */
  look: number | null;
  /** In percent, up to the first, second, … token. */
  excess: readonly number[];
  /** The token at which it is read as one number. */
  at: number;
}

/** What the axis of errors shows of values between these: always zero, and no noise as large as a chart. */
export const rangeOf = (low: number, high: number): [number, number] => [Math.min(0, low * 1.05), Math.max(10, high * 1.05)];

function of(networks: readonly Evaluation[], role: Role): Pick<Line, "excess" | "at"> {
  const text = networks.find((network) => network.role === role)?.text;
  return text === undefined ? { excess: [], at: 0 } : { excess: text.excess, at: excessAt(text) };
}

/** Both students of the open run, and the distilled one of each run that is drawn behind it. */
export function linesOf(networks: readonly Evaluation[], overlays: readonly Overlay[], words: { role: (role: Role) => string; other: (run: string) => string }): Line[] {
  const others = overlays.map(({ name, history, look }): Line => ({ name: words.other(name), role: "distilled", look, ...of(history.networks, "distilled") }));
  const own = STUDENTS.map((role): Line => ({ name: words.role(role), role, look: null, ...of(networks, role) }));
  return [...others, ...own].filter(({ excess }) => excess.length > 0);
}
