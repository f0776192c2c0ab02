import { expect, it } from "vitest";

import { PANEL_IDS, offered } from "./ids";

it("offers each panel where it has something to show", () => {
  expect(offered(true)).toEqual(["writing", "loss", "answers", "length", "calibration", "access", "direction", "sweep"]);
  expect(offered(true, true), "an encoder fills in, and has no answers").toEqual(["writing", "loss", "calibration", "direction"]);
  expect(offered(true, true, true), "one that names labels fills nothing in").toEqual(["loss", "calibration", "direction"]);
  expect(offered(false)).toContain("direction");
  expect(new Set([...offered(true), ...offered(false)])).toEqual(new Set(PANEL_IDS));
});
