import { describe, expect, it } from "vitest";

import { RunHistory } from "../history";
import { presetValues } from "../knobs";
import { readMetrics } from "./metrics";
import { nameFor, spoken } from "./names";
import { LOOKS, Runs } from "./runs.svelte";

const summary = { preset: "first-light", values: presetValues("first-light"), command: "distillery run first-light", teacher_steps: 0, student_steps: 1000 };
const opened = { type: "opened", summary, seed: 0, total_step: 0 };
const evaluated = (step: number) => ({ type: "evaluated", phase: "students", step, networks: [{ role: "alone", step, accuracy: 0.5, loss: 1, ece: 0.1, agreement: null, omitted: null }] });
const file = (...lines: unknown[]) => lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("");

function history(): RunHistory {
  const made = new RunHistory();
  for (const event of [opened, evaluated(0), evaluated(10)]) made.push(event as never);
  return made;
}

/** Runs with that many archived ones, each of another seed. */
function filled(count: number): Runs {
  const runs = new Runs();
  for (let seed = 0; seed < count; seed += 1) {
    const values = { ...summary.values, seed: String(seed) };
    runs.begin(values);
    runs.archive(history(), "first-light", values);
  }
  return runs;
}

describe("names", () => {
  it("follow from the experiment, and no two runs share one", () => {
    const first = nameFor(summary.values, []);
    expect(nameFor({ ...summary.values }, [])).toEqual(first);
    expect(spoken(nameFor(summary.values, [first]))).not.toBe(spoken(first));
    expect(new Set(filled(12).list.map((run) => spoken(run.name))).size).toBe(12);
  });
  it("can be given, and taken back", () => {
    const runs = filled(1);
    const { id, name } = runs.list[0]!;
    runs.rename(id, "  mine ");
    expect(spoken(runs.list[0]!.name)).toBe("mine");
    runs.rename(id, " ");
    expect(spoken(runs.list[0]!.name)).toBe(spoken(name));
  });
});

it("a run with weights from a file, or with steps of one side, repeats no other", () => {
  const runs = new Runs();
  for (const handled of [false, true]) {
    runs.begin(summary.values);
    runs.archive(Object.assign(history(), { handled }), "first-light", summary.values);
  }
  expect(runs.kept).toHaveLength(2);
});

describe("names in the list", () => {
  it("are those of the lesson, and no two are the same", () => {
    const runs = new Runs();
    for (const seed of ["0", "1"]) {
      const values = { ...summary.values, seed };
      runs.begin(values);
      runs.call({ en: "T = 1", ko: "T = 1" });
      runs.archive(history(), "first-light", values);
    }
    const labels = runs.kept.map((run) => runs.label(run));
    expect(new Set(labels).size).toBe(2);
    for (const label of labels) expect(label).toMatch(/^T = 1 \(\w+ \w+\)$/);
    runs.rename(runs.kept[0]!.id, "mine");
    expect(runs.kept.map((run) => runs.label(run))).toEqual(["mine", "T = 1"]);
  });
  it("leave out curves of other data until they are asked for", () => {
    const runs = filled(1);
    const { id } = runs.list[0]!;
    const plane = presetValues("plane");
    expect(runs.drawn(plane)).toEqual([]);
    runs.toggle(id, plane);
    expect(runs.drawn(plane).map((run) => run.id)).toEqual([id]);
    runs.toggle(id, plane);
    expect(runs.drawn(plane)).toEqual([]);
    // A share of probability has another axis.
    runs.toggle(id, presetValues("grammar"));
    expect(runs.drawn(presetValues("grammar"))).toEqual([]);
  });
});

describe("what a run changed", () => {
  const values = { ...presetValues("plane"), "student.widths": "4" };
  it("is the preset, and what differs from it", () => {
    const runs = filled(1);
    expect(runs.changes(null, { preset: "plane", values })).toEqual({ presets: ["first-light", "plane"], knobs: [{ key: "student.widths", from: presetValues("plane")["student.widths"], to: "4" }] });
  });
  it("is nothing for the first", () => expect(new Runs().changes(null, { preset: "plane", values })).toBeNull());
});

describe("runs", () => {
  it("draw as many as can be told apart, each with its own look", () => {
    const runs = filled(LOOKS + 2);
    const looks = runs.kept.flatMap((run) => run.look ?? []);
    expect(new Set(looks).size).toBe(LOOKS);
    expect(looks).toHaveLength(LOOKS);
    const hidden = runs.list.find((run) => run.look === null)!;
    runs.toggle(hidden.id, summary.values);
    expect(runs.kept.filter((run) => run.look !== null)).toHaveLength(LOOKS);
    expect(runs.list.find((run) => run.id === hidden.id)!.look).not.toBeNull();
  });
  it("come back after they were removed, until another run is kept", () => {
    const runs = filled(2);
    const [first, second] = runs.list.map((run) => run.id) as [number, number];
    runs.remove(first);
    expect(runs.kept.map((run) => run.id)).toEqual([second]);
    const added = runs.addNative(history())!;
    expect(runs.list.map((run) => run.id)).toEqual([second, added.id]);
    runs.remove(second);
    runs.restore(second);
    expect(new Set(runs.kept.map((run) => run.look)).size).toBe(2);
  });
  it("never more than a dozen", () => {
    expect(filled(20).kept).toHaveLength(12);
  });
});

describe("metrics.jsonl", () => {
  it("becomes curves", async () => {
    const read = await readMetrics(file(opened, evaluated(0), evaluated(10), { type: "finished", outcome: {} }));
    expect(read).toMatchObject({ torn: null });
    expect("runs" in read && read.runs.map((run) => run.tested.x)).toEqual([[0, 10]]);
  });
  it("holds up to the line that a killed program left half written", async () => {
    const read = await readMetrics(file(opened, evaluated(0)) + '{"type":"evalu');
    expect("runs" in read && [read.runs.length, read.torn]).toEqual([1, 3]);
  });
  it.each([
    ["a line that is no JSON", file(opened, "{ not json", evaluated(10)), { flaw: "json", line: 2 }],
    ["an event nobody knows", file(opened, { type: "party" }), { flaw: "event", line: 2 }],
    ["an accuracy that is text", file(opened, JSON.stringify(evaluated(0)).replace("0.5", '"0.5"')), { flaw: "event", line: 2 }],
    ["a number instead of an object", file(opened, 7), { flaw: "event", line: 2 }],
    ["no opening", file(evaluated(0)), { flaw: "start", line: 1 }],
    ["nothing", "", { flaw: "start", line: 1 }],
  ])("refuses %s and names the line", async (_, text, expected) => {
    expect(await readMetrics(text)).toEqual(expected);
  });
});
