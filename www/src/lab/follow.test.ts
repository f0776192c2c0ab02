// Live knobs that the open run refuses: what waits with restart knobs, what is said and taken back.
import { describe, expect, it, vi } from "vitest";

import { FakeWorker } from "../engine/fake";
import { failure, type Command, type Reply } from "../engine/protocol";
import { Lab } from "./lab.svelte";
import { fakeTime } from "./time.fake";
import { parseLink } from "./url";

fakeTime();

/** The contradictions of `src/spec/conflicts.rs` that these tests need; the first of classes, too, as the fake engine resumes no other run. */
function contradiction(values: Record<string, string>): Reply[] | null {
  const { "distill.access": access, "text.method": method, "encoder.hidden_weight": weight, "student.kind": kind } = values;
  const bare = kind !== "encoder" && access === "labels" && method !== "seq_kd";
  const blind = kind === "encoder" && access !== "hidden" && Number(weight) > 0;
  return bare || blind ? [{ ...failure("conflict", "contradicts"), key: "distill.access", fatal: false }] : null;
}

function answers(command: Command, values: Record<string, string>): Reply[] | null {
  if (command.type === "set") return contradiction({ ...values, [command.key]: command.value });
  return command.type === "open" ? contradiction(command.set) : null;
}

async function openLab(search: string, step = 30) {
  const lab = new Lab(() => new FakeWorker({ delay: 5, answers }), parseLink(search).link);
  lab.start();
  await settle();
  if (step === 0) return lab;
  void lab.playback.play();
  while (lab.screen.step < step) await vi.advanceTimersByTimeAsync(5);
  lab.playback.pause();
  await settle();
  return lab;
}

const settle = () => vi.advanceTimersByTimeAsync(1_000);
const waiting = (lab: Lab) => lab.pending.map(({ key }) => key);
const notices = (lab: Lab) => lab.notices.list.map((notice) => notice.error?.code ?? notice.text);
const asked = (lab: Lab) => [lab.config.values["text.method"], lab.config.values["distill.access"]];
const held = (lab: Lab) => [lab.screen.summary?.values["text.method"], lab.screen.summary?.values["distill.access"]];

describe("a live knob that suits the pending controls and not the open run", () => {
  it("waits with them, and the run goes on", async () => {
    const lab = await openLab("?preset=names");
    const { step } = lab.screen;
    const before = held(lab);
    lab.choose("text.method", "seq_kd");
    lab.choose("distill.access", "labels");
    await settle();
    expect([asked(lab), waiting(lab)]).toEqual([["seq_kd", "labels"], ["distill.access", "text.method"]]);
    expect([notices(lab), lab.problems, held(lab), lab.screen.step]).toEqual([[], {}, before, step]);
    void lab.restart(false);
    await settle();
    expect([held(lab), waiting(lab), notices(lab)]).toEqual([["seq_kd", "labels"], [], []]);
  });

  it("waits with them though both were chosen at once, and is undone with them", async () => {
    const lab = await openLab("?preset=names");
    const before = asked(lab);
    void lab.combine(null, { "text.method": "seq_kd", "distill.access": "labels" });
    await settle();
    expect([asked(lab), waiting(lab), notices(lab)]).toEqual([["seq_kd", "labels"], ["distill.access", "text.method"], []]);
    lab.undo();
    await settle();
    expect([asked(lab), waiting(lab), notices(lab)]).toEqual([before, [], []]);
  });

  it("is refused and taken back once nothing waits with it", async () => {
    const lab = await openLab("?preset=names");
    const before = asked(lab);
    lab.choose("text.method", "seq_kd");
    lab.choose("distill.access", "labels");
    await settle();
    lab.choose("text.method", before[0]!);
    await settle();
    expect([asked(lab), waiting(lab), notices(lab)]).toEqual([before, [], ["conflict"]]);
    expect(Object.keys(lab.problems)).toEqual(["distill.access"]);
  });

  it("is asked of the new run that begins by itself where nothing is lost", async () => {
    const lab = await openLab("?preset=names", 0);
    lab.choose("text.method", "seq_kd");
    lab.choose("distill.access", "labels");
    await settle();
    expect([held(lab), waiting(lab), notices(lab)]).toEqual([["seq_kd", "labels"], [], []]);
  });

  it("still waits after the death of a Worker", async () => {
    const lab = await openLab("?preset=names");
    lab.choose("text.method", "seq_kd");
    lab.choose("distill.access", "labels");
    await settle();
    lab.poke("crash");
    await settle();
    expect([asked(lab), waiting(lab).includes("distill.access"), lab.problems]).toEqual([["seq_kd", "labels"], true, {}]);
  });
});

it("a live knob that contradicts the open run is refused and taken back where nothing waits", async () => {
  const lab = await openLab("?preset=names");
  const before = asked(lab);
  lab.choose("distill.access", "labels");
  await settle();
  expect([asked(lab), notices(lab), Object.keys(lab.problems)]).toEqual([before, ["conflict"], ["distill.access"]]);
});

it("live knobs that suit the run together are told in an order that it takes", async () => {
  const lab = await openLab("?preset=text-labels&encoder.hidden_weight=1&distill.access=hidden");
  expect(lab.screen.summary?.values).toMatchObject({ "distill.access": "hidden", "encoder.hidden_weight": "1" });
  void lab.combine(null, { "distill.access": "logits", "encoder.hidden_weight": "0" });
  await settle();
  expect(lab.screen.summary?.values).toMatchObject({ "distill.access": "logits", "encoder.hidden_weight": "0" });
  expect([lab.config.values["distill.access"], notices(lab), waiting(lab)]).toEqual(["logits", [], []]);
});
