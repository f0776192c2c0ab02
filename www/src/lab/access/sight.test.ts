import { describe, expect, it } from "vitest";

import { presetValues } from "../knobs";
import { Sight } from "./sight.svelte";

const token = { probability: 0.3, others: [["cat", 0.5]] as const };

describe("the student's eyes", () => {
  it("see nothing of a teacher that fine-tuning does not ask, while its own are not shut", () => {
    const sight = new Sight(() => presetValues("sft"), () => 89);
    expect([sight.unasked, sight.blanks]).toEqual([true, true]);
    expect(sight.ofToken("teacher", token)).toEqual({ own: false, others: 0 });
    expect(sight.ofToken("distilled", token)).toEqual({ own: true, others: 1 });
    sight.side = "teacher";
    expect(sight.ofToken("teacher", token)).toEqual({ own: true, others: 1 });
  });

  it("see a teacher of classes as ever, whatever method of text was chosen before", () => {
    const sight = new Sight(() => ({ ...presetValues("first-light"), "text.method": "sft" }), () => 10);
    expect([sight.unasked, sight.partial]).toEqual([false, false]);
  });
});
