import { describe, expect, it } from "vitest";
import katex from "katex";
import { readFileSync } from "node:fs";
import knobs from "../../../engine/generated/knobs.json";
import type { LossParts } from "../../../engine/generated/types";
import { PRESETS, presetValues, type Values } from "../../knobs";
import { terms } from "./classes";
import { valued, type Formula } from "./formula";
import { formulaOf } from "./of";

const defaults = presetValues("first-light");
const parts: LossParts = { role: "distilled", total: 0, hard: 1.5, soft: 0.03, hint: 0.2, attention: null };
const sum = (formula: Formula, measured: LossParts, id: string): number =>
  formula.cases.find((one) => one.id === id)!.terms.reduce((total, term) => total + (valued(term, measured).contribution ?? 0), 0);
const options = (key: string): string[] => knobs.find((knob) => knob.key === key)!.kind.options!;

describe("the loss of classifiers in its terms", () => {
  const whole = (values: Values): number => sum(formulaOf(values), parts, "all");
  it("is α·CE + (1−α)·T²·D", () => expect(whole(defaults)).toBeCloseTo(0.1 * 1.5 + 0.9 * 16 * 0.03));
  it("loses T² where the knob says so", () => {
    const values = { ...defaults, "distill.t_squared": "false" };
    expect(whole(values)).toBeCloseTo(0.1 * 1.5 + 0.9 * 0.03);
    expect(terms(values)[1]!.tex).toContain("cancel");
  });
  it("has feature terms only where they weigh something", () => {
    expect(terms(defaults).map((term) => term.part)).toEqual(["hard", "soft"]);
    const values = { ...defaults, "distill.hint_weight": "2" };
    expect(terms(values).map((term) => term.part)).toEqual(["hard", "soft", "hint"]);
    expect(whole(values)).toBeCloseTo(0.15 + 0.432 + 0.4);
  });
  it("has symbols before it has numbers", () => {
    expect(terms(defaults).map((term) => valued(term, undefined)).every((term) => term.value === null && term.contribution === null)).toBe(true);
  });
});

describe("the loss of a text in its terms", () => {
  const of = (changes: Values): Formula => formulaOf({ ...presetValues("grammar"), "text.sft_steps": "0", "distill.temperature": "2", "distill.alpha": "0.3", ...changes });
  // The engine's own sums: `method/text`.
  it.each([
    ["sft", {}, { hard: 1.5, soft: null }, 1.5],
    ["seq_kd", {}, { hard: 1.5, soft: null }, 1.5],
    ["token_kd", {}, { hard: 1.5, soft: 0.03 }, 0.3 * 1.5 + 0.7 * 4 * 0.03],
    ["uld", {}, { hard: 1.5, soft: 0.03 }, 0.3 * 1.5 + 0.7 * 0.03],
    ["distillm2", {}, { hard: null, soft: 0.03 }, 0.03],
    ["minillm", { "text.lm_weight": "2" }, { hard: 1.5, soft: -0.03 }, -0.03 + 2 * 1.5],
    ["dpkd", { "text.lm_weight": "2" }, { hard: 1.5, soft: 0.03 }, 0.03 + 2 * 1.5],
    ["dpkd", { "text.lm_weight": "0" }, { hard: null, soft: 0.03 }, 0.03],
  ] as const)("of %s %o is what the engine sums", (method, changes, measured, total) => {
    expect(sum(of({ "text.method": method, ...changes }), { ...parts, hint: null, ...measured }, "method")).toBeCloseTo(total);
  });
  it("of token KD has the hint where it weighs something, by W between unequal widths, and other methods have none", () => {
    const hinted = (changes: Values = {}): Formula => of({ "distill.hint_weight": "2", ...changes });
    expect(sum(hinted(), parts, "method")).toBeCloseTo(0.3 * 1.5 + 0.7 * 4 * 0.03 + 2 * 0.2);
    const [wide, narrow] = [hinted({ "student.dim": "96" }), hinted()].map(({ cases, notes }) => [cases[0]!.terms[2]!.tex.includes("W"), notes.some(({ key }) => key === "view.formula.projection")]);
    expect([wide, narrow]).toEqual([[false, false], [true, true]]);
    for (const one of [of({}), hinted({ "text.method": "gkd" }), hinted({ "text.method": "sft" })]) expect(one.cases.flatMap(({ terms: list }) => list.map(({ part }) => part))).not.toContain("hint");
    expect(of({ "distill.hint_weight": "2", "text.sft_steps": "9" }).cases.map(({ terms: list }) => list.length), "fine-tuning has the data alone").toEqual([1, 3]);
  });
  it("says how many texts the teacher writes for a prompt, where it is more than one", () => {
    const notes = (count: string) => of({ "text.method": "seq_kd", "text.teacher_texts": count }).notes;
    expect(notes("4")).toContainEqual({ key: "view.formula.text.seq_kd.texts", params: { count: 4 } });
    expect(notes("1").map(({ key }) => key)).not.toContain("view.formula.text.seq_kd.texts");
  });
  it.each(["gkd", "distillm"])("%s tells steps on the data from steps on the student's own texts", (method) => {
    const formula = of({ "text.method": method });
    const own = { ...parts, hard: null, hint: null };
    expect(formula.cases.map(({ id }) => id)).toEqual(["method", "own"]);
    expect(formula.caseOf(9, parts)).toBe("method");
    expect(formula.caseOf(9, own)).toBe("own");
    expect(sum(formula, own, "own")).toBeCloseTo(4 * 0.03);
  });
  it("begins with fine-tuning for as many steps as the knob says", () => {
    const formula = of({ "text.method": "minillm", "text.sft_steps": "10" });
    expect(formula.caseOf(10, parts)).toBe("first");
    expect(formula.caseOf(11, parts)).toBe("method");
    expect(of({ "text.method": "sft", "text.sft_steps": "10" }).cases.map(({ id }) => id)).toEqual(["method"]);
  });
  it("ends with fine-tuning for as many steps as the knob says", () => {
    const formula = of({ "train.steps": "30", "text.tune_steps": "10" });
    expect(formula.cases.map(({ id }) => id)).toEqual(["method", "last"]);
    expect([formula.caseOf(20, parts), formula.caseOf(21, parts)]).toEqual(["method", "last"]);
    expect(of({ "text.method": "sft", "text.tune_steps": "10" }).cases.map(({ id }) => id)).toEqual(["method"]);
  });
});

it("says the constants of SimPO's paper where a run has others, and that the teacher joins in the data of MiniLLM's code", () => {
  const keys = (values: Values): string[] => formulaOf({ ...presetValues("dpkd"), ...values }).notes.map(({ key }) => key);
  const published = "view.formula.text.preference.published";
  expect(keys({ "text.preference": "simpo" })).toContain(published);
  expect(keys({ "text.preference": "simpo", "text.preference_beta": "2", "text.preference_margin": "1" })).not.toContain(published);
  expect(keys({})).not.toContain(published);
  const guided = formulaOf({ ...presetValues("minillm"), "text.variant": "lmops", "text.lm_weight": "2" });
  expect(guided.notes.map(({ key }) => key)).toContain("view.formula.text.guided_data.does");
  expect(sum(guided, parts, "method")).toBeCloseTo(2 * parts.hard! + parts.soft!);
});

it("DistilBERT's loss has the weights of the knobs, those of states and attention inside the engine's numbers", () => {
  const values = { ...presetValues("distilbert"), "distill.temperature": "2", "encoder.soft_weight": "5", "encoder.masked_weight": "2", "encoder.attention_weight": "4", "encoder.relation_weight": "3" };
  expect(sum(formulaOf(values), { ...parts, attention: 0.1 }, "all")).toBeCloseTo(5 * 4 * 0.03 + 2 * 1.5 + 0.2 + 0.1);
});

const CHOICES = ["distill.divergence", "distill.access", "text.method", "text.preference", "text.variant", "encoder.soft_tokens"];
/** What else puts a term in or takes one out; each also beside the other form of MiniLLM. */
const CHANGES: Values[] = [
  { "text.length_norm": "false" },
  { "text.single_step": "false" },
  { "text.teacher_mix": "0", "text.clip": "0" },
  { "text.lm_weight": "0" },
  { "text.sft_steps": "7" },
  { "text.sft_steps": "0", "text.tune_steps": "7" },
  { "text.teacher_texts": "4" },
  { "distill.standardize": "true" },
  { "distill.t_squared": "false" },
  { "train.label_smoothing": "0.1" },
  { "distill.hint_weight": "1", "distill.attention_weight": "1" },
  { "encoder.hidden_weight": "1", "encoder.relation_weight": "1" },
  { "encoder.attention_weight": "1" },
  { "encoder.attention_weight": "1", "encoder.relation_weight": "1" },
  { "encoder.cosine_weight": "0" },
  { "encoder.cosine_weight": "0", "encoder.hidden_weight": "1" },
  { "encoder.soft_weight": "0" },
];
const OTHERWISE: Values[] = [{}, { "text.variant": "lmops" }];
/** Every experiment whose formula differs: of each choice each option, and every change. */
function variants(): Values[] {
  return PRESETS.flatMap(({ values }) => [
    ...CHOICES.flatMap((key) => options(key).map((option) => ({ ...values, [key]: option }))),
    ...CHANGES.flatMap((change) => OTHERWISE.map((other) => ({ ...values, ...change, ...other }))),
  ]);
}

it("typesets every formula, and has words in both languages for all that it names", () => {
  const catalogues = ["en", "ko"].flatMap((locale) =>
    ["formula", "views"].map((file) => JSON.parse(readFileSync(new URL(`../../../i18n/${locale}/${file}.json`, import.meta.url), "utf8")) as Record<string, string>),
  );
  const known = { en: { ...catalogues[0], ...catalogues[1] }, ko: { ...catalogues[2], ...catalogues[3] } };
  const tex = new Set<string>();
  const keys = new Map<string, string[]>();
  for (const values of variants()) {
    const { cases, alone, definitions, notes } = formulaOf(values);
    const all = [...cases.flatMap(({ terms: list }) => list), alone];
    for (const one of [...all.map((term) => term.tex), ...definitions]) tex.add(one);
    for (const { key, params } of [...notes, ...cases.flatMap(({ when }) => when ?? []), ...all.map(({ name, params: own }) => ({ key: name, params: own }))]) {
      keys.set(key, Object.keys(params ?? {}).sort());
    }
    expect(new Set(notes.map(({ key }) => key)).size).toBe(notes.length);
    for (const { terms: list } of cases) expect(new Set(list.map(({ part }) => part)).size).toBe(list.length);
  }
  for (const one of tex) expect(katex.renderToString(one, { output: "htmlAndMathml", throwOnError: true })).toContain("<math");
  for (const [key, params] of keys) {
    for (const catalogue of [known.en, known.ko]) {
      expect(catalogue, key).toHaveProperty([key]);
      const wanted = [...(catalogue[key] ?? "").matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).sort();
      expect([...new Set(wanted)], key).toEqual(params);
    }
  }
  const stale = Object.keys(known.en).filter((key) => /^view\.formula\.(text|encoder)\./.test(key) && !keys.has(key));
  expect(stale, "texts that no formula names").toEqual([]);
});

it.each(options("distill.divergence"))("typesets %s as itself", (name) => {
  expect(terms({ ...defaults, "distill.divergence": name })[1]!.tex).not.toContain("mathrm{D}(");
});
