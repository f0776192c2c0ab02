/** The languages of the page. Apart from the catalogues, so that tests need no Svelte. */

export const LOCALES = ["en", "ko"] as const;
export type Locale = (typeof LOCALES)[number];

export function isLocale(text: string | null | undefined): text is Locale {
  return LOCALES.some((locale) => locale === text);
}

/** The first of a visitor's languages that the page has. */
export function preferred(languages: readonly string[]): Locale {
  return languages.map((tag) => tag.split("-")[0]).find(isLocale) ?? "en";
}
