import { describe, expect, it } from "vitest";

import type { Evaluation, Summary } from "../engine/protocol";
import { idleSentence, sentence, sizeOf } from "./verdict";

const summary = {
  values: { "task.name": "digits" } as Record<string, string>,
  networks: [
    { role: "teacher", parameters: 85_000 },
    { role: "alone", parameters: 1_000 },
    { role: "distilled", parameters: 1_000 },
  ],
  labelled_rows: 100,
  test_rows: 540,
  train_rows: 1257,
  teacher_steps: 0,
  student_steps: 1000,
  bits_per_example: { labels: 3.3, top_k: 106, logits: 320, hidden: 8512 },
} as unknown as Summary;

const networks = (alone: number, distilled: number) =>
  [
    { role: "teacher", accuracy: 0.97 },
    { role: "alone", accuracy: alone },
    { role: "distilled", accuracy: distilled },
  ] as Evaluation[];

describe("the verdict", () => {
  it.each([
    [0.8, 0.9, "much_better"],
    [0.8, 0.835, "better"],
    [0.8, 0.81, "same"],
    [0.8, 0.8, "same"],
    [0.835, 0.8, "worse"],
    [0.9, 0.8, "much_worse"],
    [1, 1, "same"],
  ])("calls %f alone and %f distilled %s", (alone, distilled, size) => {
    expect(sizeOf(alone, distilled, 540)).toBe(size);
  });

  it("needs a larger gap on fewer test rows", () => {
    expect(sizeOf(0.8, 0.9, 20)).toBe("same");
  });

  it("says before, during and after, with the numbers", () => {
    expect(sentence({ summary, phase: "students", step: 0, networks: [] }).key).toBe("verdict.before");
    expect(sentence({ summary: { ...summary, teacher_steps: 400 }, phase: "teacher", step: 0, networks: [] }).key).toBe("verdict.before.live");
    expect(sentence({ summary: { ...summary, teacher_steps: 400 }, phase: "teacher", step: 30, networks: networks(0.1, 0.1) }).key).toBe("verdict.teacher");
    expect(sentence({ summary, phase: "students", step: 200, networks: networks(0.8, 0.9) }).key).toBe("verdict.during.much_better");
    const after = sentence({ summary, phase: "finished", step: 1000, networks: networks(0.8, 0.9) });
    expect(after).toMatchObject({ key: "verdict.after.much_better", shares: { alone: 0.8, distilled: 0.9, teacher: 0.97 }, numbers: { labels: 100, test: 540, smaller: 85 } });
    expect(after.numbers.gap).toBeCloseTo(10);
  });

  it("counts the answers that were written, not the test examples there are", () => {
    const said = (values: Record<string, string>) => sentence({ summary: { ...summary, values }, phase: "finished", step: 1000, networks: networks(0.6, 0.7) });
    const sums = { "task.name": "arithmetic", "student.kind": "decoder" };
    expect(said({ ...sums, "text.samples": "20" })).toMatchObject({ key: "verdict.after.same", numbers: { test: 20 } });
    expect(said({ ...sums, "text.samples": "600" })).toMatchObject({ key: "verdict.after.much_better", numbers: { test: 540 } });
    expect(said({ "task.name": "digits", "text.samples": "20" }).numbers.test, "a classifier writes none").toBe(540);
  });

  it.each([
    ["grammar", "verdict.answers.after.much_better"],
    ["novel", "verdict.tokens.after.much_better"],
    ["arithmetic", "verdict.after.much_better"],
  ])("speaks of what is right in %s", (task, key) => {
    expect(sentence({ summary: { ...summary, values: { "task.name": task } }, phase: "finished", step: 1000, networks: networks(0.6, 0.8) }).key).toBe(key);
  });

  it("says where fine-tuning takes all steps, so that nothing is distilled", () => {
    const values = { "task.name": "grammar", "teacher.kind": "decoder", "text.method": "minillm", "text.sft_steps": "200", "text.tune_steps": "0", "train.steps": "200" };
    const of = (turned: Record<string, string>) => idleSentence({ summary: { ...summary, values: { ...values, ...turned } }, phase: "students", step: 0, networks: [] });
    expect(of({})).toEqual({ key: "verdict.idle", shares: {}, numbers: { steps: 200, tuned: 200 } });
    expect(of({ "text.sft_steps": "150", "text.tune_steps": "100" })?.numbers).toEqual({ steps: 200, tuned: 250 });
    for (const turned of [{ "train.steps": "201" }, { "text.method": "sft" }, { "teacher.kind": "encoder" }, { "task.name": "digits" }]) expect(of(turned)).toBeNull();
  });
});
