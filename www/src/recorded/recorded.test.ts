import { expect, it } from "vitest";

import { presetValues } from "../lab/knobs";
import { sizeOf } from "../lab/verdict";
import recorded from "./first-light.json";

it("is of the preset as it is now", () => {
  expect(recorded.summary.values).toEqual(presetValues(recorded.summary.preset));
});

it("ends before it answers the question that stands above it", () => {
  const { alone_accuracy: alone, distilled_accuracy: distilled } = recorded.tested.columns;
  expect(recorded.tested.x.at(-1)).toBeLessThanOrEqual(recorded.summary.student_steps / 4);
  expect(recorded.trained.x.at(-1)).toBeLessThanOrEqual(recorded.summary.student_steps / 4);
  expect(sizeOf(alone.at(-1)!, distilled.at(-1)!, 539)).toBe("same");
});
