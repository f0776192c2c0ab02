// What is left of the run list after a reload: a page that is closed, and another that reads what the first one put on the shelf.
import { describe, expect, it } from "vitest";

import { RunHistory } from "../history";
import { presetValues, type Values } from "../knobs";
import { spoken } from "./names";
import { Runs } from "./runs.svelte";
import { read, write, type Kept } from "./shelf";

const base = presetValues("first-light");
const summaryOf = (values: Values) => ({ preset: "first-light", values, command: "distillery run first-light", teacher_steps: 0, student_steps: 20_000 });

function history(values: Values, points = 2): RunHistory {
  const made = new RunHistory();
  made.push({ type: "opened", summary: summaryOf(values) } as never);
  for (let step = 0; step < points; step += 1) {
    made.push({ type: "evaluated", phase: "students", step, networks: [{ role: "alone", step, accuracy: step / points, loss: 1, ece: 0.1, agreement: null, omitted: null }] } as never);
    made.push({ type: "progress", phase: "students", step, steps: points, steps_per_second: null, lr: 0.01, losses: [{ role: "distilled", total: 1, hard: 1, soft: 1, hint: null, attention: null }] } as never);
  }
  return made;
}

/** A store that outlives pages, holding plain data only. */
function device() {
  const store = new Map<number, unknown>();
  const kept = (): Kept[] => [...store.values()].flatMap((value) => read(structuredClone(value)) ?? []).sort((a, b) => a.run.id - b.run.id);
  const visit = (values: Values = base): Runs => {
    const runs = new Runs({ put: (run, open) => store.set(run.id, structuredClone(write(run, open))), drop: (id) => store.delete(id) });
    runs.begin(values);
    runs.load(kept(), values);
    return runs;
  };
  return { store, kept, visit };
}

const seeded = (seed: number): Values => ({ ...base, seed: String(seed) });

/** Plays `values` and goes over to `next`. */
function play(runs: Runs, values: Values, next: Values): void {
  runs.archive(history(values), "first-light", values);
  runs.begin(next);
}

const seen = (runs: Runs) => runs.kept.map((run) => [spoken(run.name), run.look, run.native, run.values.seed, run.history.networks[0]?.accuracy]);

describe("after a reload", () => {
  it("the list is there again, with its names, looks, curves and differences", () => {
    const { visit } = device();
    const first = visit(seeded(0));
    for (const seed of [0, 1, 2]) play(first, seeded(seed), seeded(seed + 1));
    first.addNative(history({ ...base, "distill.temperature": "8" }));
    const [shown, hidden, removed] = first.list.map((run) => run.id) as [number, number, number];
    first.rename(shown, "my best");
    first.toggle(hidden, base);
    first.remove(removed);
    const again = visit(seeded(3));
    expect(seen(again)).toEqual(seen(first));
    expect(again.kept.map((run) => run.history.series("accuracy").x)).toEqual([[0, 1], [0, 1], [0, 1]]);
    expect(again.changes(again.kept[1]!.id, { preset: "first-light", values: seeded(3) })).toEqual({ presets: null, knobs: [{ key: "seed", from: "0", to: "1" }] });
    expect(again.kept.find((run) => run.native)?.values["distill.temperature"]).toBe("8");
  });

  it("what was taken away is gone, unless it was brought back", () => {
    const { visit } = device();
    const first = visit(seeded(0));
    for (const seed of [0, 1]) play(first, seeded(seed), seeded(seed + 1));
    for (const run of first.list) first.remove(run.id);
    first.restore(first.list[0]!.id);
    expect(visit(seeded(2)).kept.map((run) => run.values.seed)).toEqual(["0"]);
  });

  it.each(["0", "1"])("the run that was open is in the list, under the name that it was given, whatever is opened: seed %s", (seed) => {
    const { visit, kept } = device();
    const first = visit();
    first.keep(history(base), "first-light", base);
    first.rename(null, "mine");
    const again = visit({ ...base, seed });
    expect(seen(again)).toEqual([["mine", 0, false, "0", 0.5]]);
    expect(again.label(null)).not.toBe("mine");
    expect(kept().map(({ open }) => open)).toEqual([false]);
  });

  it("a run whose live knobs were turned goes on from its checkpoint, out of the list", () => {
    const { visit, kept } = device();
    const first = visit();
    const turned = history(base);
    turned.marks = [{ x: 0, key: "distill.temperature", value: "8" }];
    const id = first.keep(turned, "first-light", base);
    first.rename(null, "mine");
    const again = visit();
    expect(again.kept.map((run) => run.id)).toEqual([id]);
    again.archive(new RunHistory(), "first-light", base, id);
    again.begin(base, id);
    expect([spoken(again.current), again.list]).toEqual(["mine", []]);
    expect(kept().map(({ run, open }) => [run.id, open])).toEqual([[id, true]]);
  });

  it("no two runs share a look, even of two tabs", () => {
    const { visit } = device();
    const [one, other] = [visit(seeded(0)), visit(seeded(10))];
    play(one, seeded(0), seeded(1));
    play(other, seeded(10), seeded(11));
    expect(new Set(visit(seeded(20)).kept.map((run) => run.look)).size).toBe(2);
  });
});

it("a run that is begun anew is in the list; the same once more has one place there, with the longer curve and its name", () => {
  const runs = device().visit();
  runs.rename(null, "mine");
  runs.archive(history(base, 8), "first-light", base);
  runs.begin(base);
  const ends = () => runs.kept.map((run) => [runs.label(run), run.look, run.history.end]);
  expect([runs.label(null), ends()]).toEqual(["mine, again", [["mine", 0, 7]]]);
  play(runs, base, base);
  expect(ends()).toEqual([["mine", 0, 7]]);
  runs.archive(history(base, 9), "first-light", base);
  runs.begin(seeded(1));
  expect(ends()).toEqual([["mine", 0, 8]]);
  expect(runs.label(null)).not.toMatch(/mine/);
});

it("an experiment that is made again has its old name and one place in the list, unless live knobs were turned", () => {
  const { visit } = device();
  const first = visit(seeded(0));
  for (const seed of [0, 1]) play(first, seeded(seed), seeded(seed + 1));
  const [name] = first.kept.map((run) => spoken(run.name));
  const again = visit(seeded(0));
  expect([spoken(again.current), again.label(null)]).toEqual([name, `${name}, again`]);
  play(again, seeded(0), seeded(5));
  expect(again.kept.map((run) => run.values.seed).sort()).toEqual(["0", "1"]);
  again.begin(seeded(0));
  const turned = history(seeded(0));
  turned.marks = [{ x: 0, key: "distill.temperature", value: "8" }];
  again.archive(turned, "first-light", seeded(0));
  again.begin(seeded(6));
  expect(new Set(again.kept.map((run) => spoken(run.name))).size).toBe(3);
});

describe("what is kept is bounded", () => {
  it("to a dozen runs and the open one", () => {
    const { visit, store } = device();
    const runs = visit(seeded(0));
    for (let seed = 0; seed < 30; seed += 1) play(runs, seeded(seed), seeded(seed + 1));
    runs.keep(history(seeded(30)), "first-light", seeded(30));
    expect(store.size).toBe(13);
  });

  it("in size, however long a run was, with its newest point", () => {
    const { visit, store } = device();
    const runs = visit();
    runs.keep(history(base, 12_000), "first-light", base);
    const [value] = [...store.values()];
    expect(JSON.stringify(value).length).toBeLessThan(200_000);
    const { x } = read(value)!.run.history.series("accuracy");
    expect([x.length <= 501, x.at(-1)]).toEqual([true, 11_999]);
  });
});

describe("what lies on the shelf and is no run of this page", () => {
  const good = write({ id: 1, name: { words: [0, 1], given: null, called: null }, history: history(base), preset: "first-light", values: base, native: false, look: 0, pinned: false, removed: false }, false) as Record<string, unknown>;
  it.each([
    ["nothing", undefined],
    ["text", "a run"],
    ["a name outside the lists", { ...good, name: { words: [0, 400], given: null } }],
    ["a look that no run has", { ...good, look: 17 }],
    ["values that are no text", { ...good, values: { seed: 1 } }],
    ["no curves", { ...good, curves: {} }],
    ["columns of unequal length", { ...good, curves: { ...(good.curves as object), tested: { x: [0, 1], columns: { alone_accuracy: [0] } } } }],
  ])("is left alone: %s", (_, value) => {
    expect(read(good)).not.toBeNull();
    expect(read(value)).toBeNull();
  });
});
