// Playing over an engine that takes its time, without one.
import { expect, it, vi } from "vitest";

import type { Reply, Summary } from "../engine/protocol";
import type { Keeper } from "./keeper";
import { Playback } from "./playback.svelte";
import type { Questions } from "./questions.svelte";
import { Screen } from "./screen.svelte";

/** A run whose teacher takes `ms` for a step. `made` are the steps of each call. */
function classroom(ms: number, teacherSteps = 400) {
  const screen = new Screen();
  screen.begin({ type: "opened", summary: { teacher_steps: teacherSteps, student_steps: 1000, values: {}, networks: [] } as unknown as Summary }, screen.history);
  const made: number[] = [];
  const nothing = vi.fn();
  const playback = new Playback(screen, { look: nothing, lookAgain: nothing } as unknown as Questions, { watch: nothing, take: nothing } as unknown as Keeper, {
    ready: () => true,
    anew: () => false,
    begin: () => Promise.resolve(),
    lesson: () => null,
    tell: (command) => {
      const steps = command.type === "advance" ? command.steps : 1;
      made.push(steps);
      const step = made.reduce((sum, one) => sum + one, 0);
      const progress: Reply = { type: "progress", phase: "teacher", step, steps: teacherSteps, lr: 0.1, losses: [], steps_per_second: 1000 / ms };
      screen.take(progress);
      playback.took(command, steps * ms);
      return Promise.resolve([progress]);
    },
  });
  return { playback, screen, made };
}

vi.stubGlobal("requestAnimationFrame", (draw: () => void) => setTimeout(draw, 0));
vi.stubGlobal("cancelAnimationFrame", clearTimeout);

it("a teacher learns to its end and no step further", async () => {
  const { playback, screen, made } = classroom(1);
  await playback.teach();
  expect([screen.step, playback.playing]).toEqual([400, false]);
  expect(made.length, "a fast teacher in few calls").toBeLessThan(12);
});

it("a slow teacher learns in calls that are short, so that a pause acts soon", async () => {
  const { playback, made } = classroom(40);
  const taught = playback.teach();
  while (made.length < 8) await Promise.resolve();
  playback.pause();
  await taught;
  expect(made.length, "no call after the pause").toBe(8);
  for (const steps of made.slice(4)) expect(40 * steps, "milliseconds of a call, once its speed is known").toBeLessThanOrEqual(200);
});
