import { t } from "../../i18n/index.svelte";
import type { Values } from "../knobs";
import type { Overlay, PastRun, Runs } from "./runs.svelte";

/** The name of a run, which says where it ran when that was not here. */
function fullName(runs: Runs, run: PastRun): string {
  const name = runs.label(run);
  return run.native ? t("run.native_name", { name }) : name;
}

/** What is drawn over a run with these values. */
export function overlays(runs: Runs, values: Values): Overlay[] {
  return runs.drawn(values).map((run) => ({ name: fullName(runs, run), history: run.history, look: run.look! }));
}
