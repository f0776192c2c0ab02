import { describe, expect, it } from "vitest";
import katex from "katex";
import knobs from "../../../engine/generated/knobs.json";
import type { LossParts } from "../../../engine/generated/types";
import { definitions, distributions, terms } from "./terms";

const defaults = Object.fromEntries(knobs.map((knob) => [knob.key, knob.default]));
const parts: LossParts = { role: "distilled", total: 0, hard: 1.5, soft: 0.03, hint: 0.2, attention: null };
const sum = (values: Record<string, string>): number => terms(values, parts).reduce((total, term) => total + (term.contribution ?? 0), 0);

describe("the loss in its terms", () => {
  it("is α·CE + (1−α)·T²·D", () => expect(sum(defaults)).toBeCloseTo(0.1 * 1.5 + 0.9 * 16 * 0.03));
  it("loses T² where the knob says so", () => {
    const values = { ...defaults, "distill.t_squared": "false" };
    expect(sum(values)).toBeCloseTo(0.1 * 1.5 + 0.9 * 0.03);
    expect(terms(values, parts)[1]!.tex).toContain("cancel");
  });
  it("has feature terms only where they weigh something", () => {
    expect(terms(defaults, parts).map((term) => term.name)).toEqual(["hard", "soft"]);
    const values = { ...defaults, "distill.hint_weight": "2" };
    expect(terms(values, parts).map((term) => term.name)).toEqual(["hard", "soft", "hint"]);
    expect(sum(values)).toBeCloseTo(0.15 + 0.432 + 0.4);
  });
  it("has symbols before it has numbers", () => {
    expect(terms(defaults, undefined).every((term) => term.value === null && term.contribution === null)).toBe(true);
  });
});

const options = knobs.find((knob) => knob.key === "distill.divergence")!.kind.options!;
it.each(options)("typesets %s", (name) => {
  const values = { ...defaults, "distill.divergence": name };
  const all = [...terms(values, parts).map((term) => term.tex), ...definitions(values), ...distributions(values)];
  for (const tex of all) expect(katex.renderToString(tex, { output: "htmlAndMathml", throwOnError: true })).toContain("<math");
  expect(terms(values, parts)[1]!.tex).not.toContain("mathrm{D}(");
});
