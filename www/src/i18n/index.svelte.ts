/**
 * Texts of the page. Every file of `en/` and `ko/` is merged into one catalogue per language, so each part of the page keeps its own file.
 * `t` reads the locale rune, so whatever shows a text is redrawn when the language changes.
 */
import { fill, format } from "./fill";
import type { Locale } from "./locale";

export { LOCALES, type Locale } from "./locale";

type Catalogue = Record<string, string>;

const FILES = import.meta.glob<Catalogue>("./{en,ko}/*.json", { eager: true, import: "default" });

function catalogue(locale: Locale): Catalogue {
  const merged: Catalogue = {};
  for (const [path, texts] of Object.entries(FILES)) {
    if (path.startsWith(`./${locale}/`)) Object.assign(merged, texts);
  }
  return merged;
}

const CATALOGUES: Record<Locale, Catalogue> = { en: catalogue("en"), ko: catalogue("ko") };

let current = $state<Locale>("en");

/** The language of the page: `locale.value`. */
export const locale = {
  get value(): Locale {
    return current;
  },
  set value(next: Locale) {
    current = next;
  },
};

/** Whether a text exists. */
export function has(key: string): boolean {
  return key in CATALOGUES[current];
}

/** The text of `key`, with `{name}` replaced from `params`. A missing key shows itself, so that a test or an eye finds it. */
export function t(key: string, params: Record<string, string | number> = {}): string {
  const text = CATALOGUES[current][key] ?? CATALOGUES.en[key] ?? key;
  return fill(text, params, current);
}

/** A number as the language writes it. */
export function number(value: number, options: Intl.NumberFormatOptions = {}): string {
  return format(value, current, options);
}

/** A number with the digits that it has: a whole one with all of them, another with six at most. */
export function exact(value: number, options: Intl.NumberFormatOptions = {}): string {
  return number(value, { ...(Number.isInteger(value) ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 6 }), ...options });
}

/** A share of one as a percentage with one decimal: `0.9312` → `93.1%`. */
export function percent(share: number, digits = 1): string {
  return number(share, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A difference in points, with its sign: `+4.8`. */
export function points(value: number): string {
  return number(value, { minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "exceptZero" });
}
