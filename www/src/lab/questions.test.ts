// Panels that ask for a row or a prompt by number, in a run that has fewer of them than the one before.
import { expect, it, vi } from "vitest";

import { FakeWorker } from "../engine/fake";
import { failure, type Command, type Reply } from "../engine/protocol";
import { Lab } from "./lab.svelte";
import { fakeTime } from "./time.fake";
import { parseLink } from "./url";

fakeTime();

const settle = () => vi.advanceTimersByTimeAsync(1_000);

/** A laboratory whose engine has as many prompts as `text.tests` says, or `none` at all; and the panel that is open, whose effect asks anew when the prompt is another. */
async function openPanel({ none = false } = {}) {
  const read: number[] = [];
  const answers = (command: Command, values: Record<string, string>): Reply[] | null => {
    if (command.type !== "read") return null;
    const prompts = none ? 0 : Number(values["text.tests"]);
    read.push(command.prompt);
    if (command.prompt >= prompts) return [{ ...failure("no_such_row", "no such row"), fatal: false }];
    return [{ type: "read", step: 0, prompt: command.prompt, prompts, text: "?", writings: [], answers: [] }];
  };
  const lab = new Lab(() => new FakeWorker({ delay: 5, answers }), parseLink("?preset=names").link);
  let shown: number | null = null;
  let close = (): void => undefined;
  const effect = setInterval(() => {
    const { prompt } = lab.questions;
    if (prompt === shown) return;
    shown = prompt;
    close();
    close = lab.questions.watch("read", () => ({ type: "read", prompt }));
  }, 1);
  lab.start();
  await settle();
  return { lab, read, end: () => clearInterval(effect) };
}

it("a prompt that the new run has not gives way to its first", async () => {
  const { lab, read, end } = await openPanel();
  lab.questions.prompt = 200;
  await settle();
  expect(lab.screen.now.looks.read).toMatchObject({ prompt: 200, prompts: 256 });
  lab.choose("text.tests", "16");
  await settle();
  expect([lab.questions.prompt, lab.screen.now.looks.read?.prompt, lab.screen.now.looks.read?.prompts, lab.notices.list]).toEqual([0, 0, 16, []]);
  lab.questions.prompt = 15;
  await settle();
  expect([lab.questions.prompt, read.at(-1)]).toEqual([15, 15]);
  end();
});

it("a run without any prompt is not asked again and again", async () => {
  const { lab, read, end } = await openPanel({ none: true });
  lab.questions.prompt = 3;
  await settle();
  const { length } = read;
  await settle();
  await settle();
  expect([lab.questions.prompt, read.at(-1), read.length]).toEqual([0, 0, length]);
  end();
});

it("a test row that the new run has not gives way to its first", async () => {
  const lab = new Lab(() => new FakeWorker({ delay: 5 }), parseLink("").link);
  lab.start();
  await settle();
  const { summary } = lab.screen;
  lab.questions.row = 538;
  lab.questions.begin({ type: "opened", summary: { ...summary!, test_rows: 102 } }, summary);
  expect(lab.questions.row).toBe(0);
});
