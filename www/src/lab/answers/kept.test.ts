import { expect, it } from "vitest";

import { keptBy } from "./kept";

const answer = (truth: number, distilled: number) => ({ text: "", truth, teacher: truth, alone: 0, distilled });

it("counts an answer as kept from half of its true probability on", () => {
  const answers = [answer(0.6, 0.9), answer(0.2, 0.1), answer(0.2, 0.09)];
  expect(keptBy("distilled", answers)).toMatchObject({ kept: 2 });
  expect(keptBy("distilled", answers).right).toBeCloseTo(1.09);
  expect(keptBy("alone", answers)).toMatchObject({ kept: 0, right: 0 });
});
