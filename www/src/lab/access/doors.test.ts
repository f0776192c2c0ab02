import { describe, expect, it } from "vitest";

import { presetValues } from "../knobs";
import { DOORS, doorOf, through, wayTo } from "./doors";

const written = { text: "b", probability: 0.3, confidence: 0.5, others: [["a", 0.5], ["c", 0.1], ["d", 0.04], ["e", 0.02]] as [string, number][] };

describe("doors of a teacher of text", () => {
  it("stand where the method and the access say, and lead there", () => {
    expect([doorOf(presetValues("sft")), doorOf(presetValues("seq-kd")), doorOf(presetValues("grammar"))]).toEqual(["data", "samples", "logits"]);
    for (const preset of ["sft", "seq-kd", "uld", "grammar", "gkd", "minillm"]) {
      const values = presetValues(preset);
      for (const door of DOORS) {
        const through = { ...values, ...wayTo(door, values) };
        expect(doorOf(through), `${preset} to ${door}`).toBe(door);
        for (const next of DOORS) expect(doorOf({ ...through, ...wayTo(next, through) }), `${preset} to ${door} to ${next}`).toBe(next);
      }
    }
  });

  it("have hints behind the last one alone", () => {
    const values = { ...presetValues("grammar"), "distill.hint_weight": "3" };
    expect(wayTo("hidden", values), "the weight that was chosen").toMatchObject({ "distill.hint_weight": "3" });
    expect(wayTo("hidden", presetValues("gkd"))).toEqual({ "text.method": "token_kd", "distill.access": "hidden", "distill.hint_weight": "0.1" });
    for (const door of DOORS.slice(0, -1)) expect(wayTo(door, values), door).toMatchObject({ "distill.hint_weight": "0" });
  });

  it("keep a method that can go through them", () => {
    expect(wayTo("top_k", presetValues("gkd"))).toEqual({ "distill.access": "top_k" });
    for (const all of ["uld", "minillm", "dpkd", "distillm-2"]) expect(wayTo("top_k", presetValues(all)), all).toEqual({ "text.method": "token_kd", "distill.access": "top_k" });
    expect(wayTo("top_k", presetValues("uld")), "ULD needs all probabilities").toMatchObject({ "text.method": "token_kd" });
    expect(wayTo("logits", presetValues("sft"))).toEqual({ "text.method": "token_kd", "distill.access": "logits" });
  });

  it("let through what they say, and what the student goes by adds up to one", () => {
    for (const door of DOORS.slice(1)) {
      const { tokens, rest } = through(door, written, 2, 20);
      expect(tokens.reduce((sum, { target }) => sum + target!, rest.target!), door).toBeCloseTo(1);
      expect(tokens.map(({ text }) => text).join(""), "likeliest first").toBe("abcde");
    }
    expect(through("data", written, 2, 20).tokens.every(({ told, target }) => !told && target === null)).toBe(true);
    expect(through("samples", written, 2, 20).tokens.map(({ told }) => told)).toEqual([false, true, false, false, false]);
    const { tokens, rest } = through("top_k", written, 2, 20);
    expect(tokens.map(({ told }) => told)).toEqual([true, true, false, false, false]);
    expect(tokens[2]!.target, "18 tokens share what two leave").toBeCloseTo(0.2 / 18);
    expect(rest).toMatchObject({ count: 15, told: 0 });
    expect(rest.probability, "what the teacher leaves to tokens that are not listed").toBeCloseTo(0.04);
    expect(rest.target).toBeCloseTo((15 * 0.2) / 18);
  });

  it("tell tokens that the page does not know, where k is large", () => {
    expect(through("top_k", written, 9, 20).rest.told).toBe(4);
    expect(through("top_k", written, 19, 20).rest.told, "the last one can be worked out").toBe(15);
    expect(through("logits", written, 2, 20).rest).toMatchObject({ count: 15, told: 15 });
  });
});
