// Sweeps over fake Workers: every cell gets its runs, and the Worker is there only while it is needed.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { FakeWorker } from "../../engine/fake";
import { presetValues } from "../knobs";
import { Shows } from "../parts";
import lesson from "../../lessons/content/capacity-gap.json";
import { ABLATION, DOOR, CAPACITY, CAPACITY_LESSON, SHORT, axesOf, knobsOf, readValues, writeValues } from "./axes";
import { apart, offered, valuesOf } from "./shown";
import { decided, interval } from "./statistics";
import { cellValues, type Plan } from "./plan";
import { Sweep } from "./sweep.svelte";
import { Sweeps } from "./sweeps.svelte";

const page = { hidden: false, heard: new Set<() => void>() };

beforeEach(() => {
  vi.useFakeTimers();
  page.hidden = false;
  page.heard.clear();
  vi.stubGlobal("document", {
    get hidden() {
      return page.hidden;
    },
    addEventListener: (_: string, heard: () => void) => page.heard.add(heard),
    removeEventListener: (_: string, heard: () => void) => page.heard.delete(heard),
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function hide(hidden: boolean): void {
  page.hidden = hidden;
  for (const heard of page.heard) heard();
}

const plan: Plan = {
  preset: "first-light",
  values: { ...presetValues("first-light"), "train.steps": "40", seed: "7" },
  across: { key: "distill.temperature", values: ["1", "8"] },
  down: { key: "distill.alpha", values: ["0", "0.5"] },
  seeds: 3,
};

function begin(of: Partial<Plan> = {}) {
  const workers: FakeWorker[] = [];
  const sweep = new Sweep(() => {
    const worker = new FakeWorker({ delay: 5 });
    workers.push(worker);
    return worker;
  });
  void sweep.start({ ...plan, ...of });
  const seen = () => workers.flatMap((worker) => worker.seen);
  const opened = () => seen().flatMap((command) => (command.type === "open" ? [command.set] : []));
  const together = () => seen().flatMap((command) => (command.type === "open_cohort" ? [command] : []));
  return { sweep, workers, opened, together, alive: () => workers.filter((worker) => !worker.ended).length };
}

const outcomes = (sweep: Sweep) => sweep.cells.map((cell) => cell.outcomes.length);

describe("Sweep", () => {
  it("trains cells that differ in the loss alone together, seed by seed, and shows how they grow with the first", async () => {
    const { sweep, opened, together, alive } = begin({ values: { ...plan.values, "train.steps": "4000" } });
    while (sweep.current === null || sweep.current.share < 0.4) await vi.advanceTimersByTimeAsync(5);
    expect([sweep.runs, outcomes(sweep), sweep.current.cells], "they are seen before they are made").toEqual([0, [1, 1, 1, 1], [0, 1, 2, 3]]);
    expect(sweep.share).toBeCloseTo(sweep.current.share / 3);
    expect(sweep.left).toBeGreaterThan(0);
    while (sweep.runs < 4 || sweep.current.share < 0.4) await vi.advanceTimersByTimeAsync(5);
    expect(outcomes(sweep), "half a run says nothing beside a whole one").toEqual([1, 1, 1, 1]);
    await vi.advanceTimersByTimeAsync(50_000);
    expect([sweep.state, sweep.runs, sweep.steps, sweep.share, alive()]).toEqual(["done", 12, 48_000, 1, 0]);
    expect([outcomes(sweep), opened()]).toEqual([[3, 3, 3, 3], []]);
    expect(together().map(({ set }) => [set.seed, set["distill.temperature"], set["train.eval_every"]])).toEqual([["7", "1", "250"], ["8", "1", "10000"], ["9", "1", "10000"]]);
    expect(together()[0]!.students).toEqual([{}, { "distill.temperature": "8" }, { "distill.alpha": "0.5" }, { "distill.temperature": "8", "distill.alpha": "0.5" }]);
  });

  it("trains those together that can learn together, and one by one what the engine refuses", async () => {
    const sizes = begin({ down: { key: "student.widths", values: ["4", "8"] }, seeds: 1 });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sizes.together().map(({ set, students }) => [set["student.widths"], students.length])).toEqual([["4", 2], ["8", 2]]);
    const convolutions = begin({ values: { ...plan.values, "student.kind": "cnn" }, seeds: 2 });
    await vi.advanceTimersByTimeAsync(5_000);
    expect([convolutions.sweep.state, convolutions.sweep.runs, outcomes(convolutions.sweep)]).toEqual(["done", 8, [2, 2, 2, 2]]);
    expect(convolutions.opened().map((set) => set.seed)).toEqual([..."7777", ..."8888"]);
  });

  it("keeps whole runs when it is stopped, nothing of those under way, and begins anew when it is started", async () => {
    const { sweep, alive } = begin();
    while (sweep.runs < 4) await vi.advanceTimersByTimeAsync(5);
    expect([sweep.busy, alive()]).toEqual([true, 1]);
    sweep.stop();
    await vi.advanceTimersByTimeAsync(1_000);
    expect([sweep.state, sweep.busy, alive()]).toEqual(["stopped", false, 0]);
    expect(outcomes(sweep)).toEqual([1, 1, 1, 1]);
    void sweep.start({ ...plan, values: { ...plan.values, "train.steps": "4000" } });
    while (outcomes(sweep)[0] === 0) await vi.advanceTimersByTimeAsync(5);
    sweep.stop();
    expect([sweep.runs, outcomes(sweep)]).toEqual([0, [0, 0, 0, 0]]);
    void sweep.start({ ...plan, seeds: 1 });
    await vi.advanceTimersByTimeAsync(5_000);
    expect([sweep.state, outcomes(sweep), alive()]).toEqual(["done", [1, 1, 1, 1], 0]);
  });

  it("has no Worker on a hidden page, and goes on when it is seen again", async () => {
    const { sweep, alive } = begin();
    while (sweep.runs < 4) await vi.advanceTimersByTimeAsync(5);
    hide(true);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([sweep.state, sweep.runs, alive()]).toEqual(["hidden", 4, 0]);
    hide(false);
    await vi.advanceTimersByTimeAsync(5_000);
    expect([sweep.state, sweep.runs, outcomes(sweep), alive()]).toEqual(["done", 12, [3, 3, 3, 3], 0]);
  });

  it("makes runs again when their Worker died, and gives up on one that dies always", async () => {
    const { sweep, workers } = begin();
    while (sweep.runs < 1) await vi.advanceTimersByTimeAsync(5);
    workers[0]!.postMessage({ type: "crash" });
    await vi.advanceTimersByTimeAsync(5_000);
    expect([sweep.state, outcomes(sweep)]).toEqual(["done", [3, 3, 3, 3]]);
    const always = new Sweep(() => {
      const worker = new FakeWorker({ delay: 5 });
      setTimeout(() => worker.postMessage({ type: "crash" }), 8);
      return worker;
    });
    void always.start(plan);
    await vi.advanceTimersByTimeAsync(5_000);
    expect([always.state, always.failure?.code]).toEqual(["failed", "crashed"]);
  });

  it("trains one by one what is too much for its Worker together", async () => {
    const workers: FakeWorker[] = [];
    const sweep = new Sweep(() => {
      const worker = new FakeWorker({ delay: 5, deadly: "open_cohort" });
      workers.push(worker);
      return worker;
    });
    void sweep.start({ ...plan, seeds: 1 });
    await vi.advanceTimersByTimeAsync(20_000);
    expect([sweep.state, sweep.runs, outcomes(sweep)]).toEqual(["done", 4, [1, 1, 1, 1]]);
  });

  it("shows nothing of a run whose numbers are none, and makes it again by itself", async () => {
    const workers: FakeWorker[] = [];
    const sweep = new Sweep(() => {
      const worker = new FakeWorker({ delay: 5, spoilt: 1 });
      workers.push(worker);
      return worker;
    });
    void sweep.start({ ...plan, values: { ...plan.values, "train.steps": "4000" }, seeds: 1 });
    while (outcomes(sweep)[0] === 0) await vi.advanceTimersByTimeAsync(5);
    expect([sweep.runs, outcomes(sweep)]).toEqual([0, [1, 0, 1, 1]]);
    await vi.advanceTimersByTimeAsync(50_000);
    expect([sweep.state, sweep.runs, outcomes(sweep)]).toEqual(["done", 4, [1, 1, 1, 1]]);
    const alone = workers.flatMap((worker) => worker.seen).flatMap((command) => (command.type === "open" ? [command.set["distill.temperature"]] : []));
    expect(alone).toEqual(["8"]);
  });

  it("tests its runs no more seldom than the knob allows", async () => {
    const { sweep, together } = begin({ values: { ...plan.values, "train.steps": "1000000" }, seeds: 1 });
    while (together().length === 0) await vi.advanceTimersByTimeAsync(5);
    expect(together()[0]!.set["train.eval_every"]).toBe("10000");
    sweep.stop();
  });

  it("opens a cell with its own values and seed", () => {
    const { sweep } = begin();
    const values = cellValues(plan, sweep.cells[1]!, 2);
    expect([values["distill.temperature"], values["distill.alpha"], values.seed, values["train.steps"]]).toEqual(["8", "0", "9", "40"]);
    sweep.stop();
  });
});

describe("a sweep over the pieces of a method", () => {
  const values = presetValues("minillm");
  const axis = axesOf(values)[0]!;

  it("has the whole method, then each piece left out, and nothing else changed", async () => {
    expect([axis.key, axis.values]).toEqual([ABLATION, ["whole", "single_step", "teacher_mix", "length_norm"]]);
    const { sweep, opened } = begin({ preset: "minillm", values: { ...values, ...SHORT, seed: "7" }, across: axis, down: null, seeds: 1 });
    await vi.advanceTimersByTimeAsync(20_000);
    expect([sweep.state, sweep.runs]).toEqual(["done", 4]);
    const short = { ...SHORT, seed: "7", "train.eval_every": "10000" };
    expect(opened()).toEqual([short, { ...short, "text.single_step": "false" }, { ...short, "text.teacher_mix": "0" }, { ...short, "text.length_norm": "false" }]);
    expect(knobsOf(axis, values)).toEqual(["text.single_step", "text.teacher_mix", "text.length_norm"]);
  });

  it("is offered where the method has pieces: the authors' code always divides by length", () => {
    expect(axesOf({ ...values, "text.variant": "lmops" })[0]!.values).toEqual(["whole", "single_step", "teacher_mix"]);
    expect(axesOf(presetValues("dpkd"))[0]!.values, "DPKD divides by length too").toEqual(["whole", "length_norm"]);
    for (const preset of ["grammar", "gkd", "first-light", "distilbert"]) expect(axesOf(presetValues(preset)).map(({ key }) => key), preset).not.toContain(ABLATION);
  });
});

it("a sweep over doors leads through each from the same experiment", () => {
  const values = presetValues("grammar");
  const axis = axesOf(values).find(({ key }) => key === DOOR)!;
  const cells = axis.values.map((door) => cellValues({ ...plan, preset: "grammar", values, across: axis, down: null }, { at: { [DOOR]: door }, outcomes: [], parameters: null, refused: null, ms: [] }, 0));
  const expected = [["sft", "hidden", "0"], ["seq_kd", "labels", "0"], ["token_kd", "top_k", "0"], ["token_kd", "logits", "0"], ["token_kd", "hidden", "0.1"]];
  expect(cells.map((cell) => [cell["text.method"], cell["distill.access"], cell["distill.hint_weight"]])).toEqual(expected);
  expect(axesOf(presetValues("minillm")).map(({ key }) => key), "it needs the teacher's probabilities").not.toContain(DOOR);
});

describe("the sides of a map", () => {
  const sides = (preset: string, sweeps = new Sweeps(() => new FakeWorker())) => Object.values(sweeps.sides(presetValues(preset)));

  it("are what one asks for first, and what was chosen wherever that means anything", () => {
    expect(sides("first-light")).toEqual(["distill.temperature", "distill.alpha"]);
    expect(sides("gkd")).toEqual(["text.sampling_temperature", "distill.temperature"]);
    const places = (preset: string) => new Sweeps(() => new FakeWorker()).axis("distill.temperature", presetValues(preset))!.values;
    expect([places("gkd"), places("first-light")], "over text a run takes longer").toEqual([["1", "3"], ["1", "2", "4", "8", "16"]]);
    expect(sides("minillm")).toEqual([ABLATION, ""]);
    const sweeps = new Sweeps(() => new FakeWorker());
    sweeps.choose("across", "distill.alpha", presetValues("first-light"));
    expect(sides("first-light", sweeps), "both sides never are the same").toEqual(["distill.alpha", "distill.temperature"]);
    expect(sides("minillm", sweeps), "MiniLLM has no α").toEqual([ABLATION, ""]);
    sweeps.choose("down", "", presetValues("gkd"));
    expect(sides("first-light", sweeps)).toEqual(["distill.alpha", ""]);
  });

  it("are no knobs that a class does not see, nor lists that turn one", () => {
    const without = (...hide: string[]) => new Sweeps(() => new FakeWorker(), new Shows(hide));
    const keys = (preset: string, ...hide: string[]) => without(...hide).axes(presetValues(preset)).map(({ key }) => key);
    expect(sides("first-light", without("distill.temperature"))).toEqual(["distill.alpha", "student.widths"]);
    expect(keys("first-light", "distill", "student", "task")).toEqual([]);
    expect(keys("gkd", "distill")).toEqual(["text.sampling_temperature", "text.student_share", "student.dim"]);
    expect(without("text.single_step").axes(presetValues("minillm"))[0]!.values).toEqual(["whole", "teacher_mix", "length_norm"]);
    expect([keys("grammar"), keys("grammar", "distill.access")].map((of) => of.includes(DOOR))).toEqual([true, false]);
    const sweeps = without("distill.temperature");
    sweeps.choose("across", "distill.temperature", presetValues("first-light"));
    expect(sides("first-light", sweeps)[0], "it cannot be chosen").toBe("distill.alpha");
  });
});

it("what cells show is read off the last evaluations, and compared seed by seed", async () => {
  const { sweep } = begin({ seeds: 3, down: null });
  await vi.advanceTimersByTimeAsync(5_000);
  expect(offered(sweep.cells)).toEqual(["gain", "accuracy", "ece", "agreement", "loss"]);
  const [first, second] = sweep.cells;
  const last = first!.outcomes.map(({ networks }) => networks.find(({ role }) => role === "distilled")!);
  expect([valuesOf(first!, "accuracy"), valuesOf(first!, "ece")]).toEqual([last.map(({ accuracy }) => accuracy), last.map(({ ece }) => ece)]);
  expect(last).toHaveLength(3);
  const shifted = { ...second!, outcomes: first!.outcomes.slice(0, 2).map((one, seed) => ({ ...one, gap: one.gap + 0.01 * (seed + 1) })) };
  const far = apart(shifted, first!, "gain")!;
  expect(far.mean).toBeCloseTo(1.5);
  expect(far.half, "two pairs that differ by 1 and 2 points").toBeCloseTo(12.706205 * 0.5, 3);
});

describe("interval", () => {
  it("is Student's t, as in the crate's own test", () => {
    const known = interval([1, 2, 3, 4, 5])!;
    expect(known.mean).toBe(3);
    expect(known.half).toBeCloseTo(1.963243, 6);
    expect(decided(known)).toBe(true);
    expect(decided(interval([-1, 1, 0.1])!)).toBe(false);
  });

  it("has no width for one value, and is none for none", () => {
    expect(interval([0.7])).toEqual({ mean: 0.7, half: null });
    expect(decided(interval([0.7])!)).toBe(null);
    expect(interval([])).toBe(null);
  });
});

describe("readValues", () => {
  it("reads what one writes, each value once", () => {
    expect(readValues("distill.temperature", " 1, 2  4 2.0")?.values).toEqual(["1", "2", "4"]);
    expect(readValues("teacher.widths", "8, 16 64,64")?.values).toEqual(["8", "16", "64,64"]);
    expect(readValues(CAPACITY.key, CAPACITY.values.join("  "))).toEqual(CAPACITY);
  });

  it("refuses what is out of range, nothing, and too much", () => {
    for (const text of ["1 999", "", "1 x", "1 2 3 4 5 6 7 8 9"]) expect(readValues("distill.temperature", text), text).toBe(null);
  });
});

it("what the panel of the capacity gap takes from its lesson is what the lesson has", () => {
  const { preset, set, widths } = CAPACITY_LESSON;
  const [small, large] = lesson.runs.map((run) => ({ ...presetValues(lesson.preset), ...run.set }));
  expect(preset).toBe(lesson.preset);
  expect(small).toMatchObject(set);
  expect(widths).toEqual(expect.arrayContaining([small!["teacher.widths"], large!["teacher.widths"]]));
  expect(readValues(CAPACITY.key, writeValues({ key: CAPACITY.key, values: widths }))?.values).toEqual(widths);
});
