/** Opens a panel that is spoken of elsewhere. */
import { tick } from "svelte";
import type { Lab } from "../lab.svelte";
import type { PanelId } from "./ids";

/** The focus goes to the tab of the panel, which comes into sight: the focus would be lost where what was pressed goes away. */
export async function openPanel(lab: Lab, panel: PanelId): Promise<void> {
  lab.view(panel);
  await tick();
  const tab = document.querySelector<HTMLElement>("[role=tab][aria-selected=true]");
  tab?.focus({ preventScroll: true });
  tab?.closest("[role=tablist]")?.scrollIntoView({ block: "start" });
}
