import { expect, it } from "vitest";

import { parse } from "./prose";

it("finds the buttons of a text", () => {
  const [first, second] = parse("At [[T = 8|distill.temperature=8&distill.alpha=0]] or\n\n[[spirals|preset=plane&view=sample]]");
  expect(first).toEqual([
    { text: "At ", deed: null },
    { text: "T = 8", deed: { preset: null, panel: null, values: { "distill.temperature": "8", "distill.alpha": "0" } }, tail: "" },
    { text: " or", deed: null },
  ]);
  expect(second).toEqual([{ text: "spirals", deed: { preset: "plane", panel: "sample", values: {} }, tail: "" }]);
});

it("leaves to a button what must stay on its line", () => {
  const [pieces] = parse("[[온도|distill.temperature=8]]를 올리면 [[나선|preset=plane]].");
  expect(pieces!.map(({ text, tail }) => [text, tail])).toEqual([["온도", "를"], [" 올리면 ", undefined], ["나선", "."]]);
});

it("leaves plain words alone", () => expect(parse("a | b [c] 1/T²")).toEqual([[{ text: "a | b [c] 1/T²", deed: null }]]));

it.each(["distill.temprature=8", "distill.alpha=7", "preset=none", "view=walls"])("refuses a button that means nothing: %s", (settings) => {
  expect(() => parse(`[[x|${settings}]]`)).toThrow("no such button");
});
