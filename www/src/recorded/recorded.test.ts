import { expect, it } from "vitest";

import { presetValues } from "../lab/knobs";
import recorded from "./first-light.json";

it("is of the preset as it is now", () => {
  expect(recorded.summary.values).toEqual(presetValues(recorded.summary.preset));
  expect(recorded.tested.x.at(-1)).toBe(recorded.summary.student_steps);
});
