import { describe, expect, it } from "vitest";

import { diagramHeight, diagramSvg } from "../calibration/diagramSvg";
import { fitSvg, FIT_HEIGHT } from "../direction/fitSvg";
import { storySvg } from "../draw/storySvg";
import { squareHeight, squareSvg } from "../views/plane/squareSvg";
import { lines, RIGHT, swatchKey } from "./frame";
import { panelsSvg, type PanelPicture } from "./panels";

const look = { ink: "black", muted: "grey", grid: "silver", surface: "white", font: "sans-serif", teacher: "blue", alone: "orange", distilled: "green", bad: "red" };
const bins = [{ confidence: 0.05, accuracy: 0, rows: 3 }, { confidence: 0, accuracy: 0, rows: 0 }, { confidence: 0.9, accuracy: 1, rows: 400 }];
const picture: PanelPicture = {
  ...look,
  title: "Calibration",
  caption: "distillery run first-light",
  columns: 2,
  height: diagramHeight,
  x: "Confidence",
  y: "Share",
  keys: [swatchKey("right & wrong", "green", 0.35, "silver")],
  panels: [
    { name: "Teacher", role: "teacher", draw: null, words: "It is hidden." },
    { name: "Alone", role: "alone", draw: (width) => diagramSvg("alone", bins, width, look), words: "A sentence that is longer than one line of a panel is wide, and therefore goes on in a second and even in a third one." },
    { name: "Other", role: null, draw: (width) => diagramSvg("distilled", bins, width, look), words: "" },
  ],
};

describe("panels", () => {
  it("have a name each, their words in lines, and the axes beside each row", () => {
    const text = panelsSvg(picture);
    for (const part of ["Teacher", "Alone", "Other", "right &#38; wrong", "It is hidden.", picture.caption]) expect(text).toContain(`>${part}</text>`);
    expect(text.match(/>Share</g)).toHaveLength(2);
    // A panel that is hidden has no axis.
    expect(text.match(/>Confidence</g)).toHaveLength(2);
    expect(text).toMatch(/d="M0 17h26"[^>]*stroke="orange"[^>]*stroke-dasharray="6 4"/);
    expect(text).not.toMatch(/NaN|undefined|Infinity|var\(/);
  });

  it("show an empty interval as nothing, and one of few rows faintly", () => {
    const text = diagramSvg("alone", bins, 280, look);
    expect(text.match(/<circle/g)).toHaveLength(2);
    expect(text.match(/opacity="0.45"/g)).toHaveLength(1);
    expect(text).toContain(">400<");
  });

  it("cut off a student that is a needle", () => {
    const text = fitSvg([-10, 0, 10], [0.1, 0.2, 0.1], [0, 9, 0], 0.4, 280, look);
    expect(text).toMatch(new RegExp(`<svg width="280" height="${FIT_HEIGHT - 20}"><path`));
    for (const part of [">−10<", ">0<", ">10<"]) expect(text).toContain(part);
  });

  it("hold an image of the side that was asked for", () => {
    const asked: number[] = [];
    const text = squareSvg((side) => `data:,${asked.push(side)}`, 1.2, 280, look);
    expect(text).toContain(`width="${asked[0]}" height="${asked[0]}" href="data:,1"`);
    expect(squareHeight(280)).toBeGreaterThan(asked[0]!);
  });
});

describe("a picture of opinions", () => {
  it("names a class where it has room, and stays inside its frame", () => {
    const minds = [{ klass: 1, width: 90, cells: [{ probability: 0.5, width: 90 }] }, { klass: null, width: 9, cells: [{ probability: 0, width: 9 }] }, { klass: 0, width: 1, cells: [{ probability: 1, width: 1 }] }];
    const text = storySvg({ ...look, title: "Opinions", caption: "", strips: [{ role: "distilled", name: "Distilled", minds, last: "bag, 99%" }], named: true, classes: ["bag", "coat"], keys: [], from: "Step 1", to: "Step 9" });
    for (const part of ["Distilled", "coat", "bag, 99%", "Step 1", "Step 9"]) expect(text).toContain(`>${part}</text>`);
    expect(text).not.toContain(">bag</text>");
    const right = [...text.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)].map(([, x, width]) => Number(x) + Number(width));
    expect(Math.max(...right)).toBeLessThanOrEqual(RIGHT);
  });
});

it("words are broken at spaces only", () => {
  expect(lines("one two three", 10, 45)).toEqual(["one two", "three"]);
  expect(lines("indivisible", 10, 5)).toEqual(["indivisible"]);
});
