import { t } from "../../i18n/index.svelte";
import type { Writing } from "../../engine/protocol";

/** What ends a text in the vocabularies of the engine. */
const STOP = "<end>";

/** A token as a person can see it: what ends a text by its name, a space as one. */
export function tokenName(text: string): string {
  if (text === STOP || text === "") return t("writing.end");
  return text.trim() === "" ? text.replaceAll(" ", "␣").replaceAll("\n", "⏎") : text;
}

/** A whole text, without what ends it. */
export function wholeText({ tokens }: Writing, spaced: boolean): string {
  return tokens.flatMap(({ text }) => (text === STOP || text === "" ? [] : [text])).join(spaced ? " " : "");
}
