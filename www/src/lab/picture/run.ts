/** What a picture of a run says around its drawing. */
import type { Summary } from "../../engine/generated/types";
import { t } from "../../i18n/index.svelte";
import type { Framed } from "./frame";

export function ofRun(chart: string, summary: Summary | null): Pick<Framed, "title" | "caption"> {
  if (summary === null) return { title: chart, caption: "" };
  return { title: t("picture.title", { chart, preset: t(`preset.${summary.preset}`) }), caption: summary.command };
}
