import { describe, expect, it } from "vitest";

import { KNOBS, LOG_STEPS, PRESETS, applies, differences, findKnob, nearest, normalise, offered, position, presetValues, same, scaleOf, slideTo, valueAt, type Values } from "./knobs";

const kind = (key: string) => findKnob(key)!.kind;

describe("the knob table", () => {
  it("accepts its own defaults and presets", () => {
    for (const knob of KNOBS) {
      expect(normalise(knob.kind, knob.default), knob.key).not.toBeNull();
      for (const preset of PRESETS) expect(normalise(knob.kind, preset.values[knob.key] ?? ""), `${preset.id} ${knob.key}`).not.toBeNull();
    }
  });
});

describe("the choices that are offered", () => {
  it("are none that only the native program has, unless it is chosen already", () => {
    const start = findKnob("student.start")!;
    const values = presetValues("grammar");
    expect(offered(findKnob("task.name")!, values)).not.toContain("jsonl");
    expect(offered(start, values), "a decoder's layers come from a file").toEqual(["random"]);
    expect(offered(start, presetValues("distilbert")), "an encoder's are made here").toEqual(["random", "teacher_layers"]);
    expect(offered(start, { ...values, "student.start": "file" })).toEqual(["random", "file"]);
  });

  it("hold what every preset has chosen", () => {
    for (const { id, values } of PRESETS) for (const knob of KNOBS) if (knob.kind.type === "choice") expect(offered(knob, values), `${id} ${knob.key}`).toContain(values[knob.key]);
  });
});

describe("normalise", () => {
  it("reads what the engine reads", () => {
    expect(normalise(kind("distill.temperature"), " 4.0 ")).toBe("4");
    expect(normalise(kind("train.lr"), "1e-3")).toBe("0.001");
    expect(normalise(kind("student.widths"), "64, 32")).toBe("64,32");
    expect(normalise(kind("student.widths"), "none")).toBe("none");
    expect(normalise(kind("task.omit_class"), "-1")).toBe("-1");
  });

  it.each([
    ["distill.temperature", "0.4"],
    ["distill.temperature", "NaN"],
    ["distill.temperature", "Infinity"],
    ["distill.temperature", ""],
    ["distill.temperature", "4,5"],
    ["distill.alpha", "0x1"],
    ["train.steps", "1.5"],
    ["train.steps", "1e3"],
    ["student.widths", "0"],
    ["student.widths", "1,2,3,4,5"],
    ["student.widths", ""],
    ["task.name", "Digits"],
    ["distill.t_squared", "yes"],
  ])("refuses %s=%s", (key, text) => {
    expect(normalise(kind(key), text)).toBeNull();
  });
});

describe("sliders", () => {
  it("come back to a value of two digits and hold both ends", () => {
    for (const knob of KNOBS) {
      const own = knob.kind;
      if ((own.type !== "int" && own.type !== "float") || scaleOf(own) === null) continue;
      expect(valueAt(own, 0), knob.key).toBe(own.min);
      expect(valueAt(own, 1), knob.key).toBe(own.max);
      for (let place = 0; place <= 1; place += 0.05) {
        const value = valueAt(own, place);
        expect(normalise(own, String(value)), `${knob.key} ${value}`).not.toBeNull();
        expect(valueAt(own, position(own, value)), knob.key).toBeCloseTo(value, 6);
      }
    }
  });
});

describe("an arrow key", () => {
  it("always moves a logarithmic slider, and reaches both ends", () => {
    for (const knob of KNOBS) {
      const own = knob.kind;
      if ((own.type !== "int" && own.type !== "float") || scaleOf(own) === "linear" || scaleOf(own) === null) continue;
      for (const way of [1, -1]) {
        const [from, to] = way === 1 ? [own.min, own.max] : [own.max, own.min];
        let value = from;
        for (let presses = 0; value !== to; presses += 1) {
          expect(presses, `${knob.key} stands still at ${value}`).toBeLessThan(1000);
          // The slider stands on whole places, as the browser rounds it.
          const place = Math.round(position(own, value) * LOG_STEPS) + way;
          const next = slideTo(own, value, Math.min(1, Math.max(0, place / LOG_STEPS)));
          expect(Math.sign(next - value), `${knob.key} at ${value}`).toBe(way);
          value = next;
        }
      }
    }
  });
});

describe("differences", () => {
  it("see through spellings and skip what means nothing", () => {
    const from = presetValues("first-light");
    expect(differences(from, { ...from, "distill.temperature": "4" })).toEqual([]);
    expect(differences(from, { ...from, "distill.beta": "0.7" })).toEqual([]);
    expect(differences(from, { ...from, "student.widths": "8" })).toEqual([{ key: "student.widths", from: "16", to: "8" }]);
    expect(same(findKnob("train.lr")!, "0.002", "2e-3")).toBe(true);
  });
});

describe("what applies", () => {
  const values = presetValues("first-light");
  const shown = (key: string, set: Values): boolean => applies(findKnob(key)!, { ...values, ...set });
  it.each<[string, Values, boolean]>([
    ["distill.beta", {}, false],
    ["distill.beta", { "distill.divergence": "jsd_gkd" }, true],
    // Fine-tuning compares nothing, whatever divergence was chosen before.
    ["distill.beta", { "distill.divergence": "jsd_gkd", "text.method": "sft" }, false],
    // From a bare answer the student learns as from a label, at T = 1.
    ["distill.beta", { "distill.divergence": "jsd_gkd", "distill.access": "labels" }, false],
    ["distill.temperature", { "distill.access": "labels" }, false],
    ["distill.alpha", { "distill.access": "labels" }, true],
    ["distill.attention_weight", { "student.kind": "cnn" }, false],
    ["distill.attention_weight", { "student.kind": "cnn", "teacher.kind": "cnn" }, true],
    // Of the methods of text token KD alone has hints; encoders have terms of their own.
    ["distill.hint_weight", {}, true],
    ["distill.hint_weight", { "task.name": "grammar", "student.kind": "decoder", "text.method": "token_kd" }, true],
    ["distill.hint_weight", { "task.name": "grammar", "student.kind": "decoder", "text.method": "gkd" }, false],
    ["distill.hint_weight", { "task.name": "grammar", "student.kind": "encoder" }, false],
    // Encoders are asked that many texts, decoders of the grammar every question.
    ["text.tests", { "task.name": "grammar", "student.kind": "decoder" }, false],
    ["text.tests", { "task.name": "grammar", "student.kind": "encoder" }, true],
    ["teacher.steps", { "teacher.source": "live" }, true],
    ["teacher.steps", { "teacher.source": "live", "teacher.schedule": "together" }, false],
  ])("%s with %j: %s", (key, set, expected) => {
    expect(shown(key, set)).toBe(expected);
  });
});

describe("nearest", () => {
  it("means a knob of the section that was written, where there is one", () => {
    expect([nearest("train.stepz"), nearest("teacher.stepz"), nearest("temprature"), nearest("colour")]).toEqual(["train.steps", "teacher.steps", "distill.temperature", null]);
  });
});
