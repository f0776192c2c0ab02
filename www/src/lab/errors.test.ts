import { afterEach, describe, expect, it } from "vitest";

import { failure, type EngineError } from "../engine/protocol";
import { LOCALES, locale } from "../i18n/index.svelte";
import { ENGINE_CODES, PAGE_CODES, RAW_CODES } from "./codes";
import { errorText, rawText } from "./errors";
import { NATIVE_PRESETS } from "./knobs";
import { plain } from "./views/words";

const refusal = (code: string, parts: Partial<EngineError> = {}): EngineError => ({ ...failure(code, "Backtrace: raw text"), fatal: false, ...parts });

afterEach(() => {
  locale.value = "en";
});

describe("errors", () => {
  it("name a limit with all its digits", () => {
    expect(errorText(refusal("out_of_range", { key: "seed", value: "-1" }))).toContain("4,294,967,295");
    expect([plain("4294967295"), plain("0.1234567"), plain("1e-9")]).toEqual(["4,294,967,295", "0.123457", "0.000000001"]);
  });

  it.each(LOCALES)("say briefly what can be hidden, and of the knobs the one that was probably meant (%s)", (language) => {
    locale.value = language;
    const told = (value: string): string => errorText(refusal("bad_parameter", { key: "hide", value }));
    for (const name of ["walls", "curves", "sweep", "student", "distill.alpha"]) expect(told("walls")).toContain(name);
    expect(told("walls").length).toBeLessThan(500);
    expect(told("walls,distil.temprature")).toContain("distill.temperature");
  });

  it.each(LOCALES)("keep the words of parsers and drivers out of their own, and show them apart (%s)", (language) => {
    locale.value = language;
    for (const code of [...ENGINE_CODES, ...PAGE_CODES]) {
      if (code.startsWith("metrics_")) continue;
      expect(errorText(refusal(code)), code).not.toContain("raw text");
      expect(rawText(refusal(code)), code).toBe(RAW_CODES.includes(code) ? "Backtrace: raw text" : null);
    }
    expect(rawText(refusal("conflict", { key: "teacher.heads" })), "it has a text of its own").toBeNull();
  });

  it.each(LOCALES)("in a file name the file, and say what to do with the file (%s)", (language) => {
    locale.value = language;
    const said = (code: string, parts: Partial<EngineError> = {}) => errorText(refusal(code, parts), "mine.json");
    for (const code of ENGINE_CODES) expect(said(code), code).toContain("mine.json");
    expect(said("unknown_key", { key: "distill.temprature" })).toMatch(/distill\.temprature.*distill\.temperature/);
    expect(said("unknown_key", { key: "distill.temprature" })).not.toBe(`mine.json: ${errorText(refusal("unknown_key", { key: "distill.temprature" }))}`);
    expect(said("out_of_range", { key: "distill.temperature", value: "warm" })).toMatch(/distill\.temperature.*warm.*50/);
    expect(said("weights_shape", { key: "dense.0.weight", value: "64×20", allowed: "64×16" })).toMatch(/dense\.0\.weight.*64×20.*64×16/);
    expect(said("checkpoint_version", { value: "7", allowed: "1" })).toMatch(/7.*1/);
    const presets = said("unknown_preset", { value: "nosuch", allowed: "first-light, smollm2" });
    expect(presets).toContain("first-light");
    for (const native of NATIVE_PRESETS) expect(presets, "the page has none of these").not.toContain(`${native},`);
  });

  it("say what needs the native program, with its command", () => {
    expect(errorText(refusal("native_preset", { value: "minilm" }))).toContain("distillery run minilm --teacher MODEL --data FILE");
    expect(errorText(refusal("native_value", { key: "task.name", value: "jsonl" }))).toContain("--set task.name=jsonl");
    expect(errorText(refusal("native_value", { key: "task.name", value: "labels" }))).toContain("distillery run minilm-labels");
  });

  it("name settings as the panel does", () => {
    expect(errorText(refusal("no_effect", { key: "task.shape", allowed: "task.name=plane, distill.t_squared=true|false" }))).toBe(
      "The setting Shape has no effect in this run. It takes effect with “Data set” as Points in the plane, “Multiply by T²” as on or off.",
    );
    expect(errorText(refusal("not_finite", { key: "train.lr", value: "1", allowed: "train.clip" }))).toMatch(/Learning rate.*Gradient clipping/);
    expect(errorText(refusal("not_finite", { key: "train.lr", value: "1" }))).not.toContain("clip");
  });
});
