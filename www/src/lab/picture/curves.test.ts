import { describe, expect, it } from "vitest";

import { svg, ticks, type Picture } from "./curves";

const base: Picture = {
  title: "Accuracy & loss",
  x: { label: "Step", range: [0, 1000], text: String },
  y: { label: "Share", range: [0.7, 1], text: String },
  lines: [{ name: "one <two>", colour: "red", width: 2, x: [0, 500, 1000], y: [0.8, null, 0.9] }],
  marks: [{ x: 990, text: "T = 8, and more" }],
  caption: "distillery run first-light --set train.steps=10",
  ink: "black",
  muted: "grey",
  grid: "silver",
  surface: "white",
  font: "sans-serif",
};

describe("pictures", () => {
  it("say what they are, with every text escaped", () => {
    const text = svg(base);
    for (const part of ["Accuracy &#38; loss", "one &#60;two&#62;", "Step", "Share", base.caption, "T = 8"]) expect(text).toContain(part);
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });
  it("leave out what a log scale has no place for", () => {
    const text = svg({ ...base, y: { ...base.y, range: [0.01, 10], log: true }, lines: [{ ...base.lines[0]!, y: [0, 1, 0.1] }] });
    expect(text).not.toMatch(/NaN|Infinity/);
  });
  it("have round numbers at their axes", () => {
    expect(ticks([0.7, 1])).toEqual([0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1]);
    expect(ticks([-400, 1000])).toEqual([-250, 0, 250, 500, 750, 1000]);
    expect(ticks([0.01, 10], true).map((value) => Number(value.toPrecision(3)))).toEqual([0.01, 0.1, 1, 10]);
  });
});
