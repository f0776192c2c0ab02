import { t } from "../../i18n/index.svelte";

/** Whether a token ends a text, in the vocabularies of the engine. */
export const isEnd = (text: string): boolean => text === "<end>" || text === "";

/** A token as a person can see it: what ends a text by its name, a space as one. */
export function tokenName(text: string): string {
  if (isEnd(text)) return t("writing.end");
  return text.trim() === "" ? text.replaceAll(" ", "␣").replaceAll("\n", "⏎") : text;
}
