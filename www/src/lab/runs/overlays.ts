import { t } from "../../i18n/index.svelte";
import { spoken } from "./names";
import type { Overlay, PastRun } from "./runs.svelte";

/** The name of a run, which says where it ran when that was not here. */
export function fullName(run: PastRun): string {
  const name = spoken(run.name);
  return run.native ? t("run.native_name", { name }) : name;
}

/** What is drawn of these runs. */
export function overlays(runs: readonly PastRun[]): Overlay[] {
  return runs.flatMap((run) => (run.look === null ? [] : [{ name: fullName(run), history: run.history, look: run.look }]));
}
