/** Puts values into a text. Apart from the catalogues, so that tests need no Svelte. */
import { WITH_PARTICLE, joined, particle } from "./particle";

/** Making a formatter costs a hundred times what using it does, and charts write many numbers. */
const formatters = new Map<string, Intl.NumberFormat>();

/** A number as the language writes it, with a true minus, which is as wide as the plus; what is rounded to zero has no sign. */
export function format(value: number, locale: string, options: Intl.NumberFormatOptions = {}): string {
  const key = locale + JSON.stringify(options);
  let formatter = formatters.get(key);
  if (formatter === undefined) {
    formatter = new Intl.NumberFormat(locale, { signDisplay: "negative", ...options });
    formatters.set(key, formatter);
  }
  return formatter.format(value).replace("-", "−");
}

/** The names a text expects, sorted. */
export function placeholders(text: string): string[] {
  return [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ""))].sort();
}

/**
 * `{name}` becomes its value; numbers are written as the language writes them. A name without a value stays as it is.
 * A value may bring its own braces (an error message): they are not read again. A Korean particle follows the value,
 * and stays on its line.
 */
export function fill(text: string, params: Record<string, string | number>, locale: string): string {
  const written = (name: string): string | undefined => {
    const value = params[name];
    return typeof value === "number" ? format(value, locale) : value;
  };
  const chosen = text.replace(WITH_PARTICLE, (whole, name: string, close: string, pair: string) => {
    const value = written(name);
    return value === undefined ? whole : `{${name}}${close}${particle(value, pair)}`;
  });
  return joined(chosen.replace(/\{(\w+)\}/g, (whole, name: string) => written(name) ?? whole));
}
