/**
 * Names that can be remembered and said aloud. A name follows from what a run was opened with, so that the same experiment has the same name
 * on every machine; only its numbers are kept, so that it follows the language of the page.
 */
import { LOCALES, locale, t, type Locale } from "../../i18n/index.svelte";
import type { Values } from "../knobs";

/** What a lesson calls one of its runs. */
export type Called = Readonly<Record<Locale, string>> | null;

export interface RunName {
  /** Place in the list of adjectives and in that of nouns. */
  words: readonly [number, number];
  /** What the visitor calls it instead. */
  given: string | null;
  /** What a lesson calls it, where the visitor has no name for it. */
  called: Called;
}

/** Words per list, in each language. */
const WORDS = 32;
/** Longer names would push the figures out of the list. */
export const MAX_NAME = 40;

/** FNV-1a over the values in the order of their keys. */
function hash(values: Values): number {
  let sum = 0x811c9dc5;
  for (const key of Object.keys(values).sort()) {
    for (const letter of `${key}=${values[key]};`) sum = Math.imul(sum ^ letter.codePointAt(0)!, 0x01000193);
  }
  return sum >>> 0;
}

/** Whether these are places in the lists. */
export function isWords(value: unknown): value is RunName["words"] {
  return Array.isArray(value) && value.length === 2 && value.every((at) => Number.isInteger(at) && at >= 0 && at < WORDS);
}

/** An older page did not keep what lessons call their runs. */
export function isCalled(value: unknown): value is NonNullable<Called> {
  return typeof value === "object" && value !== null && LOCALES.every((one) => typeof (value as Record<string, unknown>)[one] === "string");
}

/** A name for a run with these values that none of `taken` has. */
export function nameFor(values: Values, taken: readonly RunName[]): RunName {
  const begin = hash(values) % (WORDS * WORDS);
  for (let tried = 0; tried < WORDS * WORDS; tried += 1) {
    // A step without a factor in common with the number of names visits each of them, and changes both words.
    const at = (begin + tried * 37) % (WORDS * WORDS);
    const words = [Math.floor(at / WORDS), at % WORDS] as const;
    if (!taken.some((name) => name.words[0] === words[0] && name.words[1] === words[1])) return { words, given: null, called: null };
  }
  return { words: [0, 0], given: null, called: null };
}

/** The name that follows from the experiment. */
function memorable({ words }: RunName): string {
  const word = (list: string, at: number): string => t(list).split(", ")[at] ?? "";
  return t("name.both", { adjective: word("name.adjectives", words[0]), noun: word("name.nouns", words[1]) });
}

export const spoken = (name: RunName): string => name.given ?? name.called?.[locale.value] ?? memorable(name);

/** What a run is called beside others: of two with the same name, both say their memorable one as well. */
export function among(name: RunName, others: readonly RunName[]): string {
  const [own, other] = [spoken(name), memorable(name)];
  return own !== other && others.some((one) => spoken(one) === own) ? t("run.name_among", { name: own, memorable: other }) : own;
}
