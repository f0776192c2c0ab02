import { number, percent } from "../../i18n/index.svelte";
import type { Pull } from "../../engine/generated/types";

/** How far the weights move, as a share of their size. */
export function ratio({ update, weights }: Pull): string {
  return weights > 0 ? number(update / weights, { style: "percent", maximumSignificantDigits: 2 }) : percent(0, 0);
}
