// The laboratory over fake Workers: what the visitor does, what the engine is told, what is left after a death.
import { describe, expect, it, vi } from "vitest";

import { FakeWorker } from "../engine/fake";
import type { EngineError } from "../engine/protocol";
import type { OpinionEvent } from "./draw/trail";
import { Lab } from "./lab.svelte";
import { fakeTime } from "./time.fake";
import { parseLink } from "./url";

fakeTime();

async function openLab(search = "") {
  const workers: FakeWorker[] = [];
  const lab = new Lab(() => {
    const worker = new FakeWorker({ delay: 5 });
    workers.push(worker);
    return worker;
  }, parseLink(search).link);
  lab.start();
  await vi.advanceTimersByTimeAsync(200);
  const commands = () => workers.flatMap((worker) => worker.seen);
  return { lab, workers, commands };
}

const settle = () => vi.advanceTimersByTimeAsync(3_000);
const notices = (lab: Lab) => lab.notices.list.map((notice) => notice.error?.code ?? notice.text);

/** Plays until that many steps are made, then pauses. */
async function playTo(lab: Lab, step: number): Promise<void> {
  void lab.playback.play();
  while (lab.screen.step < step) await vi.advanceTimersByTimeAsync(5);
  lab.playback.pause();
  await vi.advanceTimersByTimeAsync(100);
}

describe("Lab", () => {
  it("opens what the address says, with only what differs", async () => {
    const { lab, commands } = await openLab("?preset=narrow-student&distill.temperature=2&distill.beta=0.7");
    expect(commands()[0]).toEqual({ type: "open", preset: "narrow-student", version: 1, set: { "distill.temperature": "2" } });
    expect(lab.screen.summary?.values["student.widths"]).toBe("5");
    expect(lab.pending).toEqual([]);
  });

  it("plays to the end, and from the start again", async () => {
    const { lab } = await openLab();
    void lab.playback.play();
    expect(lab.playback.playing).toBe(true);
    await settle();
    expect([lab.playback.playing, lab.screen.finished, lab.screen.now.step]).toEqual([false, true, 1000]);
    await playTo(lab, 1);
    expect(lab.screen.finished).toBe(false);
    expect(lab.runs.kept.map((run) => run.history.end)).toEqual([1000]);
  });

  it("knows that a run ended before its steps were up, until the next one begins", async () => {
    const { lab } = await openLab();
    await playTo(lab, 1);
    const early = { step: 120, best_step: 95, evaluations: 5 };
    lab.screen.take({ type: "finished", outcome: { teacher: 0.9, alone: 0.7, distilled: 0.8, gap: 0.1, test_rows: 539, labelled_rows: 100, compression: 70 }, early });
    await settle();
    expect(lab.screen.now.early).toEqual(early);
    void lab.restart(false);
    await settle();
    expect(lab.screen.now.early).toBeNull();
  });

  it("plays when play was pressed before the engine was there", async () => {
    const lab = new Lab(() => new FakeWorker({ delay: 50 }), parseLink("").link);
    lab.start();
    void lab.playback.toggle();
    await vi.advanceTimersByTimeAsync(400);
    expect(lab.screen.step).toBeGreaterThan(0);
  });

  it("makes one step, and pauses for it", async () => {
    const { lab } = await openLab();
    await playTo(lab, 1);
    const before = lab.screen.step;
    void lab.playback.step();
    await settle();
    expect([lab.screen.step, lab.playback.playing]).toEqual([before + 1, false]);
  });

  it("tells a live knob at once and marks the curves, a dragged one once", async () => {
    const { lab, commands } = await openLab();
    await playTo(lab, 30);
    for (const value of ["5", "5.5", "6", "7", "8"]) lab.turn("distill.temperature", value);
    lab.config.seal();
    await settle();
    const told = commands().flatMap((command) => (command.type === "set" ? [command.value] : []));
    expect(told.at(-1)).toBe("8");
    expect(told.length).toBeLessThan(4);
    expect(lab.screen.history.marks).toHaveLength(1);
    expect(lab.screen.now.sample?.temperature).toBe(8);
    lab.undo();
    await settle();
    expect(Number(lab.screen.summary?.values["distill.temperature"])).toBe(4);
  });

  it("lets a restart knob wait, then keeps the old run with what changed", async () => {
    const { lab } = await openLab();
    await playTo(lab, 100);
    lab.turn("student.widths", "8");
    await settle();
    expect(lab.screen.step).toBeGreaterThan(0);
    expect(lab.pending).toEqual([{ key: "student.widths", from: "16", to: "8" }]);
    void lab.restart(true);
    await settle();
    expect(lab.pending).toEqual([]);
    expect(lab.runs.list).toHaveLength(1);
    expect(lab.runs.changes(null, { preset: "first-light", values: lab.screen.opening })).toEqual({ presets: null, knobs: [{ key: "student.widths", from: "16", to: "8" }] });
  });

  it.each([
    ["a reset", (lab: Lab) => lab.restart(false)],
    ["a new seed", (lab: Lab) => lab.newSeed()],
    ["a preset", (lab: Lab) => lab.usePreset("plane")],
    ["the run of a lesson", (lab: Lab) => lab.perform("first-light", { ...lab.config.values, "distill.temperature": "1" })],
  ])("goes on with the run that %s ended, in one undo", async (_, end) => {
    const { lab } = await openLab();
    await playTo(lab, 300);
    const before = { step: lab.screen.step, values: lab.config.values, preset: lab.config.preset, curve: [...lab.screen.history.tested.x] };
    const name = lab.runs.label(null);
    void end(lab);
    await settle();
    expect(lab.runs.kept.map((run) => lab.runs.label(run))).toEqual([name]);
    lab.undo();
    await settle();
    expect({ step: lab.screen.step, values: lab.config.values, preset: lab.config.preset, curve: lab.screen.history.tested.x.slice(0, before.curve.length) }).toEqual(before);
    expect([lab.runs.label(null), lab.pending, lab.config.canUndo]).toEqual([name, [], false]);
    expect(lab.runs.kept.map((run) => lab.runs.label(run))).not.toContain(name);
  });

  it("undoes a restart with new settings together with the setting", async () => {
    const { lab } = await openLab();
    await playTo(lab, 100);
    const { step } = lab.screen;
    lab.choose("student.widths", "8");
    void lab.restart(false);
    await settle();
    lab.undo();
    await settle();
    expect([lab.screen.step, lab.config.values["student.widths"], lab.pending]).toEqual([step, "16", []]);
  });

  it("goes on with an earlier visit's run as that had its knobs", async () => {
    const { lab, commands } = await openLab("?distill.temperature=8");
    void lab.recovery.resume({ bytes: new Uint8Array([0, 0, 0, 30]), preset: "first-light", phase: "students", step: 30, steps: 1000, finished: false, when: 0, curves: null });
    await settle();
    expect([lab.screen.step, Number(lab.config.values["distill.temperature"])]).toEqual([30, 4]);
    expect(commands().filter(({ type }) => type === "set")).toEqual([]);
    lab.undo();
    await settle();
    expect(Number(lab.screen.summary?.values["distill.temperature"])).toBe(8);
  });

  it("goes on with an earlier visit's run in the place of one under way, which undo brings back", async () => {
    const { lab } = await openLab();
    await playTo(lab, 100);
    const { step } = lab.screen;
    void lab.recovery.resume({ bytes: new Uint8Array([0, 0, 0, 30]), preset: "first-light", phase: "students", step: 30, steps: 1000, finished: false, when: 0, curves: null });
    await settle();
    expect(lab.screen.step).toBe(30);
    lab.undo();
    await settle();
    expect(lab.screen.step).toBe(step);
  });

  it("brings the results of a sweep back whose place another took, before what was changed earlier", async () => {
    vi.stubGlobal("document", { hidden: false, addEventListener: vi.fn(), removeEventListener: vi.fn() });
    const { lab } = await openLab();
    const { map } = lab.sweeps;
    const plan = { preset: "first-light", values: { ...lab.config.values, "train.steps": "40" }, across: { key: "distill.temperature", values: ["1", "8"] }, down: null, seeds: 1 };
    void map.start(plan);
    await settle();
    expect([map.state, map.cells.length, lab.config.canUndo], "nothing is lost with the first").toEqual(["done", 2, false]);
    const { cells } = map;
    lab.choose("distill.alpha", "0.5");
    void map.start({ ...plan, across: { key: "distill.temperature", values: ["1", "2", "8"] }, values: { ...plan.values, "train.steps": "100000" } });
    await vi.advanceTimersByTimeAsync(20);
    expect([map.busy, map.cells.length]).toEqual([true, 3]);
    lab.undo();
    await settle();
    expect([map.state, map.cells, map.runs, map.share]).toEqual(["done", cells, 2, 1]);
    expect([lab.config.values["distill.alpha"], notices(lab)]).toEqual(["0.5", ["notice.sweep_back"]]);
    lab.undo();
    expect([lab.config.values["distill.alpha"], lab.config.canUndo]).toEqual(["0.1", false]);
  });

  it("goes on with a run of which only the teacher has made a step", async () => {
    const { lab } = await openLab();
    void lab.playback.stepOnly("teacher");
    await settle();
    expect([lab.screen.step, lab.screen.untouched]).toEqual([0, false]);
    const { history } = lab.screen;
    void lab.restart(false);
    await settle();
    expect([lab.screen.untouched, lab.config.canUndo, history.handled]).toEqual([true, true, true]);
    lab.undo();
    await settle();
    expect([lab.screen.untouched, lab.config.canUndo]).toEqual([false, false]);
  });

  it("ends a run once, however often reset is pressed", async () => {
    const { lab } = await openLab();
    await playTo(lab, 100);
    const { step } = lab.screen;
    void lab.restart(false);
    void lab.restart(false);
    await settle();
    lab.undo();
    await settle();
    expect([lab.screen.step, lab.config.canUndo]).toEqual([step, false]);
  });

  it("keeps the run to go back to while the Worker cannot take it", async () => {
    const { lab } = await openLab();
    await playTo(lab, 100);
    const { step } = lab.screen;
    void lab.restart(false);
    await settle();
    lab.poke("crash");
    while (lab.engine.is === "up") await vi.advanceTimersByTimeAsync(1);
    lab.undo();
    expect(lab.config.canUndo).toBe(true);
    await settle();
    lab.undo();
    await settle();
    expect(lab.screen.step).toBe(step);
  });

  it("keeps an opinion of an earlier drawing out of the story of the next", async () => {
    const { lab } = await openLab();
    const opinion: OpinionEvent = { type: "opinion", step: 0, temperature: 4, views: [] };
    const { drawings } = lab.screen;
    lab.screen.unhear();
    lab.screen.take(opinion, drawings);
    lab.screen.take({ ...opinion, step: 1 });
    await settle();
    expect(lab.screen.now.heard.map(({ event }) => event.step)).toEqual([1]);
  });

  it("takes a restart knob without asking while nothing would be lost", async () => {
    const { lab } = await openLab();
    lab.turn("student.widths", "8");
    await settle();
    expect([lab.pending, lab.screen.summary?.values["student.widths"], lab.runs.list]).toEqual([[], "8", []]);
    lab.turn("student.widths", "4");
    void lab.playback.play();
    await settle();
    expect([lab.screen.summary?.values["student.widths"], lab.screen.finished]).toEqual(["4", true]);
  });

  it("goes on from the last checkpoint after a death, with the live knobs as they are", async () => {
    const { lab, workers } = await openLab();
    await playTo(lab, 300);
    lab.turn("distill.temperature", "8");
    await settle();
    const saved = lab.screen.step;
    lab.poke("lose_device");
    void lab.playback.play();
    await settle();
    expect(workers).toHaveLength(2);
    expect(notices(lab)).toEqual(["device_lost", "notice.resumed"]);
    expect(workers[1]!.seen[0]).toMatchObject({ type: "resume" });
    expect(lab.screen.finished).toBe(true);
    expect(lab.screen.summary?.values["distill.temperature"]).toBe("8");
    const { x } = lab.screen.history.tested;
    expect([...x].sort((a, b) => a - b)).toEqual(x);
    expect(x.filter((step) => step <= saved).length).toBeGreaterThan(8);
  });

  it("stands after a resume where the checkpoint was made, between two evaluations", async () => {
    const { lab } = await openLab();
    await playTo(lab, 30);
    void lab.playback.step();
    await settle();
    lab.playback.pause();
    await settle();
    const { step } = lab.screen;
    lab.poke("crash");
    await settle();
    expect([lab.screen.step, lab.screen.now.step]).toEqual([step, step]);
  });

  it("begins again when it dies before the first checkpoint", async () => {
    const { lab, workers } = await openLab();
    void lab.playback.step();
    await vi.advanceTimersByTimeAsync(50);
    lab.poke("crash");
    await settle();
    expect(notices(lab)).toEqual(["crashed", "notice.begun_again"]);
    expect(workers[1]!.seen[0]).toMatchObject({ type: "open", preset: "first-light" });
  });

  it("plays on when it refuses a file, and stays paused when it was", async () => {
    for (const take of [
      (lab: Lab) => lab.intake.tensors(new Uint8Array(3), "other.safetensors"),
      (lab: Lab) => lab.intake.experiment("{}", "other.json"),
    ]) {
      const { lab } = await openLab("?train.steps=100000");
      void lab.playback.play();
      await vi.advanceTimersByTimeAsync(30);
      void take(lab);
      await vi.advanceTimersByTimeAsync(60);
      const refusedAt = lab.screen.step;
      expect(lab.notices.list).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(60);
      expect([lab.playback.playing, lab.screen.step > refusedAt]).toEqual([true, true]);
      lab.playback.pause();
      await vi.advanceTimersByTimeAsync(100);
      void take(lab);
      await vi.advanceTimersByTimeAsync(100);
      expect(lab.playback.playing).toBe(false);
    }
  });

  it("does not take a checkpoint that it cannot read for weights, and names the file", async () => {
    const { lab, commands } = await openLab();
    void lab.intake.tensors(new Uint8Array(3), "other.safetensors");
    await settle();
    expect(commands().map(({ type }) => type)).not.toContain("load_weights");
    expect(lab.notices.list).toMatchObject([{ file: "other.safetensors", error: { code: "bad_checkpoint", key: null, message: "teacher.0.dense.0.weight" } }]);
    expect(lab.problems).toEqual({});
  });

  it("puts weights into the student where a file is no checkpoint, and looks at what it answers with them", async () => {
    const { lab, commands } = await openLab();
    void lab.intake.tensors(new Uint8Array(9), "student.safetensors");
    await settle();
    expect(commands().slice(-3).map(({ type }) => type)).toEqual(["resume", "load_weights", "inspect"]);
    expect(notices(lab)).toEqual(["notice.weights_loaded"]);
  });

  it("brings weights back that were loaded before the first step, and the run was reset", async () => {
    const { lab, commands } = await openLab();
    void lab.intake.tensors(new Uint8Array(9), "student.safetensors");
    await settle();
    void lab.restart(false);
    await settle();
    const asked = commands().filter(({ type }) => type !== "inspect");
    expect(asked.slice(-2).map(({ type }) => type), "they are saved before the next run").toEqual(["save", "open"]);
    lab.undo();
    await settle();
    expect(commands().filter(({ type }) => type !== "inspect").at(-1)!.type).toBe("resume");
  });

  it("plays lessons at full speed, unless they are made slower there, and otherwise as fast as was chosen", async () => {
    vi.stubGlobal("localStorage", { getItem: () => "slow", setItem: vi.fn() });
    const { lab } = await openLab();
    const { tempo } = lab.playback;
    expect(tempo.speed).toBe("slow");
    lab.lesson = "temperature";
    expect([tempo.speed, lab.playback.pace]).toEqual(["full", Infinity]);
    tempo.speed = "normal";
    expect(tempo.speed).toBe("normal");
    lab.lesson = "kl-direction";
    expect(tempo.speed, "the next lesson begins at full speed").toBe("full");
    lab.lesson = null;
    expect(tempo.speed, "what was chosen in a lesson holds for it").toBe("slow");
    expect(localStorage.setItem).not.toHaveBeenCalled();
  });

  it("stops at a loss that is not finite, names the knob, and offers the way back", async () => {
    const { lab, workers } = await openLab();
    lab.turn("train.lr", "1");
    await settle();
    const error: EngineError = { type: "error", code: "not_finite", message: "", key: "train.lr", value: "1", allowed: null, fatal: false };
    const worker = workers[0]!;
    const { postMessage } = FakeWorker.prototype;
    vi.spyOn(worker, "postMessage").mockImplementation((message) => {
      if (message.type !== "send" || message.command.type !== "advance") return postMessage.call(worker, message);
      setTimeout(() => worker.onmessage?.({ data: { type: "replies", id: message.id, replies: [error], ms: 1 } } as MessageEvent));
    });
    void lab.playback.play();
    await vi.advanceTimersByTimeAsync(500);
    expect([lab.playback.playing, lab.playback.stopped, lab.problems["train.lr"]]).toEqual([false, error, error]);
    lab.notices.list[0]!.actions[0]!.act();
    expect(lab.config.values["train.lr"]).toBe("0.002");
  });
});
