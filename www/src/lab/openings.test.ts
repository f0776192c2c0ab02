// A run that waits for a file from a slow network, over fake Workers: what the visitor does meanwhile, and what comes of it in the end.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { FakeWorker, type FakeOptions } from "../engine/fake";
import { Lab } from "./lab.svelte";
import type { Saved } from "./store";
import { parseLink } from "./url";

/** Ends the download that is under way. */
let arrive: (response: Response) => void;
const fetched = vi.fn(() => new Promise<Response>((resolve) => (arrive = resolve)));
const file = (): Response => new Response(new Uint8Array(4));

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("requestAnimationFrame", (draw: () => void) => setTimeout(draw, 16));
  vi.stubGlobal("cancelAnimationFrame", clearTimeout);
  vi.stubGlobal("document", { hidden: false });
  vi.stubGlobal("fetch", fetched);
  fetched.mockClear();
});
afterEach(() => {
  arrive(file());
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const settle = () => vi.advanceTimersByTimeAsync(1_000);

async function openLab(search = "", lacks: FakeOptions["lacks"] = { fashion: "fashion_images" }) {
  const workers: FakeWorker[] = [];
  const lab = new Lab(() => {
    const worker = new FakeWorker({ delay: 5, lacks });
    workers.push(worker);
    return worker;
  }, parseLink(search).link);
  // A fake engine would be at the end at once.
  lab.playback.tempo.speed = "slow";
  lab.start();
  await vi.advanceTimersByTimeAsync(200);
  const opens = () => workers.flatMap((worker) => worker.seen.flatMap((command) => (command.type === "open" ? [command.preset] : [])));
  return { lab, workers, opens };
}

/** A checkpoint that the fake engine takes. */
const checkpoint = (step: number) => new Uint8Array([0, 0, 0, step]);
const left = (step: number): Saved => ({ bytes: checkpoint(step), preset: "first-light", phase: "students", step, steps: 1000, finished: false, when: 0, curves: null });

/** Some steps, then a pause, which takes a checkpoint. */
async function playSome(lab: Lab): Promise<number> {
  void lab.playback.play();
  await settle();
  lab.playback.pause();
  await settle();
  return lab.screen.step;
}

const shown = (lab: Lab) => lab.screen.summary?.preset;
const notices = (lab: Lab) => lab.notices.list.map((notice) => notice.error?.code ?? notice.text);

describe("a run that waits for its file", () => {
  it("leaves the run before it as it is, and takes its place once the file is there", async () => {
    const { lab } = await openLab();
    void lab.playback.play();
    await settle();
    void lab.usePreset("fashion");
    await settle();
    const { step } = lab.screen;
    expect([shown(lab), lab.openings.waits?.part, notices(lab)]).toEqual(["first-light", "fashion_images", []]);
    await settle();
    expect(lab.screen.step, "it plays on").toBeGreaterThan(step);
    const before = lab.screen.step;
    arrive(file());
    await settle();
    expect([shown(lab), lab.openings.waits, lab.playback.playing, lab.pending]).toEqual(["fashion", null, true, []]);
    lab.undo();
    await settle();
    expect([shown(lab), lab.config.preset]).toEqual(["first-light", "first-light"]);
    expect(lab.screen.step, "it goes on where it was left, not where the file was asked for").toBeGreaterThanOrEqual(before);
  });

  it("gives way to what is opened later", async () => {
    const { lab, opens, workers } = await openLab();
    void lab.usePreset("fashion");
    await settle();
    void lab.usePreset("plane");
    await settle();
    expect([shown(lab), lab.openings.waits]).toEqual(["plane", null]);
    void lab.playback.play();
    await settle();
    arrive(file());
    await settle();
    expect([shown(lab), lab.playback.playing, notices(lab)]).toEqual(["plane", true, []]);
    expect(opens()).toEqual(["first-light", "fashion", "plane"]);
    expect(workers[0]!.seen.some(({ type }) => type === "bring"), "the next time it is there").toBe(true);
  });

  it("is called off by undo, and the run before plays only if it did", async () => {
    for (const plays of [true, false]) {
      const { lab } = await openLab();
      if (plays) void lab.playback.play();
      void lab.perform("fashion", { ...lab.config.values, "task.name": "fashion" });
      await settle();
      lab.undo();
      await settle();
      expect([lab.openings.waits, lab.playback.playing, lab.config.preset, lab.config.canUndo]).toEqual([null, plays, "first-light", false]);
      arrive(file());
      await settle();
      expect(shown(lab)).toBe("first-light");
    }
  });

  it("begins as the controls are by then; the run before is told none of it, and comes back with the preset's undo", async () => {
    const { lab, workers } = await openLab();
    lab.playback.playing = false;
    void lab.playback.step();
    await settle();
    void lab.usePreset("fashion");
    await settle();
    lab.choose("distill.temperature", "9");
    await settle();
    arrive(file());
    await settle();
    expect([shown(lab), lab.screen.summary?.values["distill.temperature"]]).toEqual(["fashion", "9"]);
    expect(workers[0]!.seen.filter(({ type }) => type === "set")).toEqual([]);
    lab.undo();
    await settle();
    expect(shown(lab)).toBe("fashion");
    lab.undo();
    await settle();
    expect([shown(lab), lab.screen.step, lab.config.canUndo]).toEqual(["first-light", 1, false]);
  });

  it("is played when play is pressed meanwhile, where nothing was done to the run before", async () => {
    const { lab } = await openLab();
    void lab.usePreset("fashion");
    await settle();
    void lab.playback.play();
    await settle();
    expect([shown(lab), lab.screen.step]).toEqual(["first-light", 0]);
    arrive(file());
    await settle();
    expect([shown(lab), lab.screen.step > 0]).toEqual(["fashion", true]);
    expect(fetched).toHaveBeenCalledOnce();
  });

  it("is told of a file that cannot be had; the run before goes on only if it played", async () => {
    for (const plays of [true, false]) {
      const { lab } = await openLab();
      if (plays) void lab.playback.play();
      void lab.perform("fashion", { ...lab.config.values, "task.name": "fashion" });
      await settle();
      arrive(new Response(null, { status: 404 }));
      await settle();
      expect([shown(lab), notices(lab), lab.playback.playing, lab.openings.waits]).toEqual(["first-light", ["not_fetched"], plays, null]);
    }
  });

  it("says nothing of a file that cannot be had once nobody waits for it", async () => {
    const { lab } = await openLab();
    void lab.usePreset("fashion");
    await settle();
    void lab.usePreset("plane");
    await settle();
    arrive(new Response(null, { status: 404 }));
    await settle();
    expect([shown(lab), notices(lab)]).toEqual(["plane", []]);
  });

  it("may be the first run of a visit", async () => {
    const { lab } = await openLab("?preset=fashion");
    expect([shown(lab), lab.openings.waits?.part]).toEqual([undefined, "fashion_images"]);
    void lab.playback.step();
    void lab.usePreset("first-light");
    await settle();
    expect([shown(lab), notices(lab)]).toEqual(["first-light", []]);
    arrive(file());
    await settle();
    expect(shown(lab)).toBe("first-light");
  });

  it("is begun again by a new Worker, for which the file is fetched anew, and asked for no steps before", async () => {
    const { lab, workers } = await openLab("?preset=fashion");
    arrive(file());
    await settle();
    lab.poke("crash");
    await settle();
    expect([workers.length, lab.openings.waits?.part]).toEqual([2, "fashion_images"]);
    void lab.playback.step();
    void lab.playback.play();
    await settle();
    expect(workers[1]!.seen.map(({ type }) => type)).toEqual(["open"]);
    arrive(file());
    await settle();
    expect([shown(lab), lab.screen.step > 0, notices(lab)]).toEqual(["fashion", true, ["crashed"]]);
  });
});

describe("a run that waits for its file, called off", () => {
  it("leaves the run before as it was, with its controls; undo asks for it again", async () => {
    for (const plays of [true, false]) {
      const { lab } = await openLab();
      if (plays) void lab.playback.play();
      expect(lab.canCallOff).toBe(false);
      void lab.perform("fashion", { ...lab.config.values, "task.name": "fashion" });
      await settle();
      lab.choose("distill.temperature", "9");
      expect(lab.canCallOff).toBe(true);
      const { step } = lab.screen;
      lab.callOff();
      await settle();
      expect([lab.openings.waits, lab.playback.playing, lab.screen.step > step, shown(lab), lab.config.preset, lab.pending]).toEqual([null, plays, plays, "first-light", "first-light", []]);
      expect(Number(lab.screen.summary?.values["distill.temperature"])).toBe(4);
      lab.playback.pause();
      arrive(file());
      await settle();
      expect([shown(lab), notices(lab)]).toEqual(["first-light", []]);
      lab.undo();
      expect([lab.config.preset, Number(lab.config.values["distill.temperature"])]).toEqual(["fashion", 9]);
    }
  });

  it("is no choice where there is no run to go on with", async () => {
    const { lab } = await openLab("?preset=fashion");
    expect([lab.openings.waits?.part, lab.canCallOff]).toEqual(["fashion_images", false]);
  });

  it("may come from a file: the run before plays while it waits, and stands once it is open", async () => {
    const { lab } = await openLab("", { resume: "grammar_teacher" });
    void lab.playback.play();
    await settle();
    void lab.intake.tensors(checkpoint(30), "mine.safetensors");
    await settle();
    const { step } = lab.screen;
    await settle();
    expect([lab.openings.waits?.part, lab.playback.playing, lab.screen.step > step]).toEqual(["grammar_teacher", true, true]);
    lab.callOff();
    const called = lab.screen.step;
    await settle();
    expect([lab.openings.waits, lab.playback.playing, lab.screen.step > called, lab.config.canUndo]).toEqual([null, true, true, false]);
    void lab.intake.tensors(checkpoint(30), "mine.safetensors");
    await settle();
    arrive(file());
    await settle();
    expect([lab.screen.step, lab.playback.playing]).toEqual([30, false]);
  });

  it("may be that of an undo, which is then not made", async () => {
    const { lab } = await openLab("", { resume: "grammar_teacher" });
    const step = await playSome(lab);
    lab.choose("student.widths", "8");
    void lab.restart(false);
    await settle();
    const before = lab.config.values;
    lab.undo();
    await settle();
    expect([lab.openings.waits?.part, lab.config.values, lab.pending], "the controls speak of the open run").toEqual(["grammar_teacher", before, []]);
    lab.callOff();
    await settle();
    expect([lab.openings.waits, lab.config.values, lab.config.canUndo]).toEqual([null, before, true]);
    lab.undo();
    await settle();
    arrive(file());
    await settle();
    expect([lab.screen.step, lab.config.values["student.widths"], lab.config.canUndo]).toEqual([step, "16", false]);
  });

  it("may be that of an earlier visit, which is offered again", async () => {
    const { lab } = await openLab("", { resume: "grammar_teacher" });
    void lab.recovery.resume(left(30));
    await settle();
    lab.callOff();
    await settle();
    expect([lab.screen.step, notices(lab)]).toEqual([0, ["notice.resume"]]);
  });
});

describe("a Worker that dies while a run waits", () => {
  it("takes nothing from what waits: its turn comes once the open run is back", async () => {
    // The file comes after the new Worker, or while there is none.
    for (const early of [false, true]) {
      const { lab, workers } = await openLab();
      void lab.playback.play();
      await settle();
      void lab.usePreset("fashion");
      await settle();
      lab.poke("crash");
      if (early) {
        while (lab.engine.is === "up") await vi.advanceTimersByTimeAsync(1);
        arrive(file());
      } else {
        await settle();
        expect([shown(lab), lab.openings.waits?.part, lab.playback.playing]).toEqual(["first-light", "fashion_images", true]);
        arrive(file());
      }
      await settle();
      // What came while there was no Worker is fetched again.
      if (early) arrive(file());
      await settle();
      expect([workers.length, shown(lab), lab.openings.waits, lab.pending]).toEqual([2, "fashion", null, []]);
      expect(notices(lab).filter((one) => one !== "crashed" && one !== "notice.resumed" && one !== "notice.begun_again")).toEqual([]);
      lab.undo();
      await settle();
      expect(shown(lab), "undo goes on with the run before").toBe("first-light");
    }
  });

  it("brings the open run back though its file cannot be had at first: play asks again, and nothing is lost", async () => {
    const { lab } = await openLab("", { resume: "grammar_teacher" });
    const step = await playSome(lab);
    lab.poke("crash");
    await settle();
    expect([lab.openings.waits?.part, lab.canCallOff]).toEqual(["grammar_teacher", false]);
    arrive(new Response(null, { status: 404 }));
    await settle();
    expect([notices(lab), lab.screen.step]).toEqual([["crashed", "not_fetched"], step]);
    void lab.playback.play();
    await settle();
    arrive(file());
    await settle();
    expect([lab.screen.step > step, lab.playback.playing]).toEqual([true, true]);
  });

  it("brings back nothing over a run that was opened meanwhile", async () => {
    const { lab } = await openLab("", { resume: "grammar_teacher" });
    await playSome(lab);
    lab.poke("crash");
    await settle();
    void lab.usePreset("plane");
    await settle();
    arrive(file());
    await settle();
    expect([shown(lab), lab.openings.waits]).toEqual(["plane", null]);
  });
});

it("what earlier visits left is looked for though the first run of this one never comes", async () => {
  const { lab } = await openLab("?preset=fashion");
  const looked = vi.spyOn(lab.recovery, "lookBack");
  void lab.usePreset("first-light");
  await settle();
  expect(looked).toHaveBeenCalledOnce();
});
