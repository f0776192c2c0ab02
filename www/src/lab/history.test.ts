import { describe, expect, it } from "vitest";
import type { Evaluation, Event, Role, Summary, TextMeasures } from "../engine/generated/types";
import { MAX_POINTS, RunHistory, textMeasure } from "./history";

const summary = (teacher_steps = 0): Summary => ({
  preset: "first-light",
  values: {},
  differs: {},
  json: "{}",
  command: "distillery run first-light",
  networks: [],
  classes: ["0", "1"],
  input: [1, 8, 8],
  train_rows: 100,
  labelled_rows: 20,
  test_rows: 50,
  validation_rows: 0,
  teacher_steps,
  student_steps: 1000,
  bits_per_example: { labels: 3.3, top_k: 106, logits: 320, hidden: 8512 },
});
const network = (role: Role, accuracy: number, step = 0): Evaluation => ({
  role,
  step,
  accuracy,
  loss: 1 - accuracy,
  ece: 0.1,
  agreement: role === "teacher" ? null : accuracy,
  omitted: null,
});
const progress = (step: number, phase: "teacher" | "students" = "students"): Event => ({
  type: "progress",
  phase,
  step,
  steps: 1000,
  lr: 0.002,
  losses: [
    { role: "alone", total: 1 / step, hard: 1 / step, soft: null, hint: null, attention: null },
    { role: "distilled", total: 2 / step, hard: 1 / step, soft: 0.5 / step, hint: null, attention: null },
  ],
  steps_per_second: 100,
});
const opened = (teacherSteps = 0): RunHistory => {
  const history = new RunHistory();
  history.push({ type: "opened", summary: summary(teacherSteps) });
  return history;
};

describe("curves of a text", () => {
  const text = (validity: number) => ({ validity, coverage: 0.7, yes_no_ece: 0.1, forward_kl: null, reverse_kl: null, length: 8, distinct_2: 0.5, win_rate: 0.6, excess: [0, 12, 56, 300], excess_at: 3 });

  it("have columns of their own, which other runs have not", () => {
    const history = opened();
    history.push({ type: "evaluated", phase: "students", step: 0, networks: [network("alone", 0.1)] });
    expect(history.csv().split("\n")[0]).not.toContain("coverage");
    history.push({ type: "evaluated", phase: "students", step: 25, networks: [{ ...network("alone", 0.6), text: text(0.6) }] });
    expect(history.series("coverage")).toMatchObject({ x: [0, 25], y: { alone: [null, 0.7], distilled: [null, null] } });
    expect(history.series("win_rate").y.alone).toEqual([null, 0.6]);
    expect(history.series("rouge_l").y.alone, "a file of a run that had no such measure").toEqual([null, null]);
    expect(history.series("excess").y.alone, "what it comes to at the data's length, not where the last text ends").toEqual([null, 0.56]);
    const [header, ...rows] = history.csv().trimEnd().split("\n").map((line) => line.split(","));
    expect(rows[1]![header!.indexOf("alone_validity")]).toBe("0.6");
  });

  it("have no error that piles up where no text is so long, and read it where old files did that do not say where", () => {
    const read = (of: TextMeasures) => textMeasure({ ...network("alone", 0.6), text: of }, "excess");
    expect(read({ ...text(0.6), excess: [0, 12] })).toBeNull();
    expect(read({ ...text(0.6), excess: [] }), "the teacher").toBeNull();
    const { excess_at: _, ...old } = text(0.6);
    expect(read({ ...old, excess: [1, 2, 3, 4, 5, 6, 7, 8, 90, 10] }), "token 9").toBe(0.9);
    expect(read(old)).toBeNull();
  });

  it("are empty where a run has no such measure", () => {
    const history = opened();
    history.push({ type: "evaluated", phase: "students", step: 0, networks: [network("alone", 0.1)] });
    expect(history.series("coverage").y.alone).toEqual([null]);
  });
});

describe("curves", () => {
  it("keeps one aligned column per role", () => {
    const history = opened();
    history.push({ type: "evaluated", phase: "students", step: 0, networks: [network("teacher", 0.9), network("alone", 0.1), network("distilled", 0.2)] });
    history.push({ type: "evaluated", phase: "students", step: 25, networks: [network("alone", 0.5), network("distilled", 0.6)] });
    const { x, y } = history.series("accuracy");
    expect(x).toEqual([0, 25]);
    expect(y).toEqual({ teacher: [0.9, 0.9], alone: [0.1, 0.5], distilled: [0.2, 0.6] });
    expect(history.networks.map((n) => n.accuracy)).toEqual([0.9, 0.5, 0.6]);
  });

  it("draws the teacher's phase at negative steps, without the waiting students", () => {
    const history = opened(100);
    history.push({ type: "evaluated", phase: "teacher", step: 0, networks: [network("teacher", 0.1), network("alone", 0.1), network("distilled", 0.1)] });
    history.push({ type: "evaluated", phase: "teacher", step: 100, networks: [network("teacher", 0.9), network("alone", 0.1), network("distilled", 0.1)] });
    history.push({ type: "evaluated", phase: "students", step: 25, networks: [network("alone", 0.5), network("distilled", 0.6)] });
    const { x, y } = history.series("accuracy");
    expect(x).toEqual([-100, 0, 25]);
    expect(y.alone).toEqual([null, 0.1, 0.5]);
    expect(y.teacher).toEqual([0.1, 0.9, 0.9]);
  });

  it("goes on from a checkpoint without doubling back", () => {
    const history = opened();
    for (const step of [10, 20, 30, 40]) history.push(progress(step));
    history.push({ type: "changed", step: 40, key: "distill.temperature", value: "8", summary: summary() });
    history.push(progress(20));
    history.push(progress(30));
    expect(history.trained.x).toEqual([10, 20, 30]);
    expect(history.marks).toEqual([]);
  });

  it("thins itself evenly and always shows the newest point", () => {
    const history = opened();
    const last = MAX_POINTS * 5 + 3;
    for (let step = 1; step <= last; step += 1) history.push(progress(step));
    const { x } = history.series("training");
    expect(x.length).toBeLessThanOrEqual(MAX_POINTS);
    expect(x.length).toBeGreaterThan(MAX_POINTS / 4);
    expect(x[0]).toBe(1);
    expect(x.at(-1)).toBe(last);
    const gaps = x.slice(1, -1).map((value, index) => value - x[index]!);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(2 * Math.min(...gaps));
    for (const column of Object.values(history.trained.columns)) expect(column.length).toBe(x.length);
  });
});

describe("marks", () => {
  it("keeps the last value of a knob that was dragged at one step", () => {
    const history = opened();
    history.push(progress(10));
    for (const value of ["5", "6", "8"]) history.push({ type: "changed", step: 10, key: "distill.temperature", value, summary: summary() });
    history.push({ type: "changed", step: 10, key: "distill.alpha", value: "0.5", summary: summary() });
    expect(history.marks).toEqual([
      { x: 10, key: "distill.temperature", value: "8" },
      { x: 10, key: "distill.alpha", value: "0.5" },
    ]);
  });

  it("stands at a negative step while the teacher trains", () => {
    const history = opened(100);
    history.push(progress(40, "teacher"));
    history.push({ type: "changed", step: 40, key: "distill.alpha", value: "0.5", summary: summary(100) });
    expect(history.marks[0]!.x).toBe(-60);
  });
});

describe("csv of several runs", () => {
  it("has the others under their names, at steps of any run, with what they have", () => {
    const run = (steps: number[], accuracy: number): RunHistory => {
      const made = new RunHistory();
      for (const step of steps) made.push({ type: "evaluated", phase: "students", step, networks: [{ role: "distilled", step, accuracy, loss: 1, ece: 0.1, agreement: null, omitted: null }] } as never);
      return made;
    };
    const [header, ...rows] = run([0, 10], 0.5).csv([{ name: "T = 1, again", history: run([0, 20], 0.75) }]).trimEnd().split("\n");
    expect(header!.endsWith('"T = 1, again: distilled_accuracy","T = 1, again: distilled_loss","T = 1, again: distilled_ece"')).toBe(true);
    expect(rows.map((row) => row.split(",")).map((cells) => [cells[0], cells.at(-3)])).toEqual([["0", "0.75"], ["10", ""], ["20", "0.75"]]);
  });
});

describe("csv", () => {
  it("has one row per measured step and names every column", () => {
    const history = opened();
    history.push(progress(10));
    history.push({ type: "changed", step: 10, key: "distill.alpha", value: "0.5", summary: summary() });
    history.push({ type: "evaluated", phase: "students", step: 25, networks: [network("teacher", 0.9), network("alone", 0.5), network("distilled", 0.6)] });
    const lines = history.csv().trimEnd().split("\n");
    const header = lines[0]!.split(",");
    expect(lines).toHaveLength(3);
    expect(header.slice(0, 3)).toEqual(["step", "changed", "teacher_training"]);
    expect(lines[1]!.split(",")[1]).toBe("distill.alpha=0.5");
    expect(lines[2]!.split(",")[header.indexOf("distilled_accuracy")]).toBe("0.6");
    expect(new Set(lines.map((line) => line.split(",").length))).toEqual(new Set([header.length]));
  });
});
