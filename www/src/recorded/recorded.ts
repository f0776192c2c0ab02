/** The beginning of a run that was recorded elsewhere, shown until the page's own engine has something to show. `make.mjs` says how it was made. */
import { thaw } from "../lab/curves";
import type { RunHistory } from "../lab/history";
import type { Lab } from "../lab/lab.svelte";
import { differing } from "../lab/url";
import firstLight from "./first-light.json";

let history: RunHistory | null = null;

/** The recorded run where it is of the very experiment that waits here, nothing live is there yet, and no lesson asks what will come; else null. */
export function recorded({ screen, config, runs, lesson }: Lab): RunHistory | null {
  const empty = screen.now.step === 0 && screen.history.tested.x.length === 0 && runs.list.length === 0 && lesson === null;
  const meant = config.preset === firstLight.summary.preset && Object.keys(differing(config.preset, config.values)).length === 0;
  if (!empty || !meant) return null;
  history ??= thaw(firstLight);
  return history;
}

export const recordedCommand = firstLight.summary.command;
