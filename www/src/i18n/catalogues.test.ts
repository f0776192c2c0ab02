// Both languages say the same things about everything that the engine can name.
import { readFileSync, readdirSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { CONFLICTS, ENGINE_CODES, PAGE_CODES } from "../lab/codes";
import { HINTS } from "../lab/hint";
import { SHORTCUTS } from "../lab/keys";
import { KNOBS, PRESETS } from "../lab/knobs";
import { fill, placeholders } from "./fill";
import { LOCALES, type Locale } from "./locale";
import { WITH_PARTICLE } from "./particle";

function read(locale: Locale): Record<string, string> {
  const folder = new URL(`./${locale}/`, import.meta.url);
  const merged: Record<string, string> = {};
  for (const file of readdirSync(folder)) {
    const texts = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Record<string, string>;
    for (const [key, text] of Object.entries(texts)) {
      expect(merged, `${key} stands in two files`).not.toHaveProperty([key]);
      merged[key] = text;
    }
  }
  return merged;
}

const catalogues = { en: read("en"), ko: read("ko") };

describe("catalogues", () => {
  it("have the same keys", () => {
    expect(Object.keys(catalogues.ko).sort()).toEqual(Object.keys(catalogues.en).sort());
  });

  it("expect the same values in each text, and none is empty", () => {
    for (const [key, text] of Object.entries(catalogues.en)) {
      const korean = catalogues.ko[key] ?? "";
      expect(text.trim(), key).not.toBe("");
      expect(korean.trim(), key).not.toBe("");
      // What a sentence leaves out in one language would be missed in it.
      expect(placeholders(korean), key).toEqual(placeholders(text));
    }
  });

  it("leave the choice of a Korean particle to the value before it, never to the reader", () => {
    const bare = Object.entries(catalogues.ko).filter(([, text]) => /\((은|는|이|가|을|를|과|와|으|였)\)/.test(text.replace(WITH_PARTICLE, "")));
    expect(bare).toEqual([]);
  });

  const needed = [
    ...KNOBS.flatMap(({ key, kind }) => [
      `knob.${key}`,
      `knob.${key}.help`,
      ...(kind.type === "choice" ? kind.options.map((option) => `option.${key}.${option}`) : []),
    ]),
    ...KNOBS.map(({ key }) => `group.${key.includes(".") ? key.split(".")[0] : "train"}`),
    ...PRESETS.flatMap(({ id }) => [`preset.${id}`, `preset.${id}.help`]),
    ...[...ENGINE_CODES, ...PAGE_CODES].map((code) => `error.${code}`),
    ...CONFLICTS.map((key) => `error.conflict.${key}`),
    ...HINTS.map((hint) => `hint.${hint}`),
    ...SHORTCUTS.map(({ text }) => text),
  ];
  it.each(LOCALES)("name every knob, option, preset and error in %s", (locale) => {
    expect(needed.filter((key) => !(key in catalogues[locale]))).toEqual([]);
  });

  it("speak of no knob, option or preset that is gone", () => {
    const known = new Set(needed);
    const stale = Object.keys(catalogues.en).filter((key) => /^(knob|option|preset)\.[a-z_-]+(\.|$)/.test(key) && !known.has(key));
    const own = ["knob.live", "knob.live.help", "knob.waits", "knob.reset", "knob.explain"];
    expect(stale.filter((key) => !own.includes(key))).toEqual([]);
  });
});

describe("fill", () => {
  it("puts values in, leaves unknown names, and does not read values again", () => {
    expect(fill("{a} of {b} {c}", { a: 1234, b: "{a}" }, "en")).toBe("1,234 of {a} {c}");
  });
});
