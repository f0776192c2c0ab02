import { expect, test, vi } from "vitest";

import { fakeTime } from "../time.fake";
import { drawInTurn, leave } from "./turns";

fakeTime();

const nextFrame = (): unknown => vi.advanceTimersByTime(16);

test("large pictures that ask together are drawn one a frame, in the order they asked", () => {
  const drawn: string[] = [];
  for (const name of ["teacher", "alone", "distilled"]) drawInTurn(() => drawn.push(name));
  const perFrame = [1, 2, 3, 4].map(() => (nextFrame(), drawn.join(" ")));
  expect(perFrame).toEqual(["teacher", "teacher alone", "teacher alone distilled", "teacher alone distilled"]);
});

test("a picture that asks again while it waits is drawn once, and one that left not at all", () => {
  const [stays, leaves] = [vi.fn(), vi.fn()];
  for (const draw of [stays, leaves, stays]) drawInTurn(draw);
  leave(leaves);
  vi.advanceTimersByTime(160);
  expect([stays.mock.calls.length, leaves.mock.calls.length]).toEqual([1, 0]);
});
