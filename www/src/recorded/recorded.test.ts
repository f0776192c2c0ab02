import { expect, it } from "vitest";

import { findKnob, presetValues } from "../lab/knobs";
import recorded from "./first-light.json";

it("is of the preset as it is now", () => {
  const values = presetValues(recorded.summary.preset);
  expect(String(recorded.summary.student_steps)).toBe(values["train.steps"]);
  expect(findKnob("train.steps")).toBeDefined();
  expect(recorded.tested.x.at(-1)).toBe(recorded.summary.student_steps);
});
