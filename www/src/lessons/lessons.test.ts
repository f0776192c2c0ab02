// Every lesson is whole: both languages, knobs and panels that exist, bands without a gap, buttons that can be pressed.
import { readdirSync } from "node:fs";

import { describe, expect, it } from "vitest";
import katex from "katex";

import type { Evaluation } from "../engine/protocol";
import { placeholders } from "../i18n/fill";
import { LOCALES } from "../i18n/locale";
import { isPanelId } from "../lab/closer/ids";
import { TEXT_METRICS } from "../lab/history";
import { KNOBS, applies, findKnob, findPreset, normalise } from "../lab/knobs";
import { LESSONS, RECORDED } from "./all";
import { LESSON_IDS } from "./ids";
import { MEASURES, NUMBERS, commands, experiment, outcomeOf, read, valueOf } from "./lesson";
import { parse } from "./prose";

const TEXTS = ["title", "claim", "question", "run", "watch", "value", "supported", "otherwise", "why", "formula", "fails", "source"] as const;

it("every file is a lesson, at a place of its own", () => {
  const files = readdirSync(new URL("./content/", import.meta.url)).map((name) => name.replace(".json", ""));
  expect([...LESSON_IDS].sort()).toEqual(files.sort());
  const places = LESSONS.map(({ place }) => place);
  expect(places.every(Number.isFinite)).toBe(true);
  expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
});

it("what was recorded is of lessons that exist", () => {
  for (const [id, { low, mean, high }] of Object.entries(RECORDED).map(([id, one]) => [id, one!] as const)) {
    expect(LESSON_IDS).toContain(id);
    expect(low).toBeLessThanOrEqual(mean);
    expect(mean).toBeLessThanOrEqual(high);
  }
});

describe.each(LESSONS.map((lesson) => [lesson.id, lesson] as const))("%s", (id, lesson) => {
  it("opens experiments that exist", () => {
    expect(findPreset(lesson.preset)).toBeDefined();
    expect([1, 2]).toContain(lesson.runs.length);
    for (const [index, { set, measure }] of lesson.runs.entries()) {
      expect(MEASURES).toContain(measure);
      const values = experiment(lesson, index, "0");
      expect(Object.keys(values)).toHaveLength(KNOBS.length);
      for (const [key, value] of Object.entries(set)) {
        const knob = findKnob(key);
        expect(knob, key).toBeDefined();
        expect(normalise(knob!.kind, value), `${key}=${value}`).toBe(value);
        expect(applies(knob!, values), `${key} means nothing here`).toBe(true);
      }
    }
    expect(commands(lesson, 10)).toHaveLength(lesson.runs.length);
  });

  it("watches what the page has", () => {
    if (lesson.watch.panel !== null) expect(isPanelId(lesson.watch.panel)).toBe(true);
    expect(["training", "accuracy", "loss", "agreement", "ece", ...TEXT_METRICS]).toContain(lesson.watch.metric);
    expect(lesson.source.url).toMatch(/^https:\/\//);
    expect(katex.renderToString(lesson.formula, { throwOnError: true })).toContain("katex");
  });

  it("offers predictions that leave no outcome out", () => {
    const { options } = lesson;
    expect(options.length).toBeGreaterThanOrEqual(2);
    expect(options.length).toBeLessThanOrEqual(4);
    expect([options[0]!.from, options.at(-1)!.to]).toEqual([undefined, undefined]);
    for (let at = 1; at < options.length; at += 1) expect(options[at]!.from).toBe(options[at - 1]!.to);
    expect(options[lesson.answer]).toBeDefined();
    expect(["positive", "negative", "none"]).toContain(lesson.check.expect);
    const recorded = RECORDED[id];
    if (recorded !== undefined) expect(outcomeOf(lesson, recorded.mean)).toBe(lesson.answer);
  });

  it.each(LOCALES)("is complete in %s", (locale) => {
    const texts = lesson[locale];
    expect(Object.keys(texts).sort()).toEqual([...TEXTS, "options", "runs"].sort());
    for (const name of TEXTS) expect(texts[name].trim(), name).not.toBe("");
    expect(texts.options).toHaveLength(lesson.options.length);
    expect(texts.runs).toHaveLength(lesson.runs.length);
    for (const name of TEXTS) {
      const known: readonly string[] = name === "supported" || name === "otherwise" ? NUMBERS : [];
      expect(placeholders(texts[name]).filter((one) => !known.includes(one)), name).toEqual([]);
    }
    for (const name of ["claim", "run", "supported", "otherwise", "why", "fails"] as const) expect(parse(texts[name]).flat().every(({ text }) => !/\[\[|\]\]/.test(text)), name).toBe(true);
  });

  it("says the same in both languages", () => {
    for (const name of TEXTS) {
      // In their own order: sentences differ.
      const deeds = LOCALES.map((locale) => parse(lesson[locale][name]).flat().flatMap(({ deed }) => (deed === null ? [] : JSON.stringify(deed))).sort());
      expect(deeds[1], `the buttons of ${name}`).toEqual(deeds[0]);
      expect(placeholders(lesson.ko[name]), name).toEqual(placeholders(lesson.en[name]));
    }
  });
});

describe("the value of a lesson", () => {
  const network = (role: Evaluation["role"], accuracy: number): Evaluation => ({ role, step: 9, accuracy, loss: 0, ece: 0.02, agreement: 0.9, omitted: null });
  const networks = [network("teacher", 0.97), network("alone", 0.8), network("distilled", 0.9)];

  it("is a measure, or the last less the first", () => {
    const gap = read("gap", networks)!;
    expect(gap.measure).toBeCloseTo(10);
    expect(valueOf([gap])).toBeCloseTo(10);
    expect(valueOf([read("alone", networks)!, read("distilled", networks)!])).toBeCloseTo(10);
    expect(read("recall", networks), "no class is omitted").toBeNull();
  });

  it("falls into one band", () => {
    const lesson = LESSONS.find(({ id }) => id === "soft-labels")!;
    expect([-1.01, -1, 0.99, 1].map((value) => outcomeOf(lesson, value))).toEqual([0, 1, 1, 2]);
  });
});
