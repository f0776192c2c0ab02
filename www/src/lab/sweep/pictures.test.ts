import { describe, expect, it } from "vitest";

import { capacitySvg, chartSvg, type CapacityPicture } from "./capacityPicture";
import { mapSvg, type MapPicture } from "./mapPicture";

const framed = { title: "Gain <here>", note: "Means of 3 seeds", caption: "distillery run first-light --seeds 3", ink: "black", muted: "grey", grid: "silver", surface: "white", font: "sans-serif" };

const map: MapPicture = {
  ...framed,
  across: { name: "Temperature & co", values: ["1", "8"] },
  down: { name: "α", values: ["0.1", "1"] },
  cells: [
    { figure: "+4.8", spread: "± 1.2", decided: true, colour: "green", tint: 0.5 },
    { figure: "−0.3", spread: "", decided: false, colour: "orange", tint: 0.03 },
    { figure: "×", spread: "", decided: false, colour: "green", tint: 0 },
    { figure: "·", spread: "", decided: false, colour: "green", tint: 0 },
  ],
  legend: [{ name: "better than alone", colour: "green", tint: 0.5 }],
};

const of = (mean: number, half: number | null = null) => ({ mean, half });
const capacity: CapacityPicture = {
  ...framed,
  teacher: "blue",
  alone: "orange",
  distilled: "green",
  axis: { name: "Teacher widths", values: ["8", "64"] },
  charts: [
    { title: "Gain", lines: [{ role: "distilled", name: "Distilled", places: [of(2, 0.5), null] }], zero: true, least: -100, most: 100, write: String },
    { title: "Accuracy", lines: [{ role: "teacher", name: "Teacher", places: [of(0.9), of(0.99, 0.05)] }], zero: false, least: 0, most: 1, write: String },
  ],
};

describe("a picture of a map", () => {
  it("has every cell, its row and its column, and what repeats it", () => {
    const text = mapSvg(map);
    for (const part of ["Gain &#60;here&#62;", "Temperature &#38; co", "α", "+4.8", "± 1.2", "−0.3", "×", "·", "better than alone", "Means of 3 seeds", framed.caption]) expect(text).toContain(`>${part}</text>`);
    expect(text.match(/font-weight="700"/g)).toHaveLength(1);
    expect(text).not.toMatch(/NaN|undefined|var\(/);
  });
  it("stays inside its frame, however many columns it has", () => {
    const values = ["1", "2", "3", "4", "5", "6", "7", "8"];
    const text = mapSvg({ ...map, across: { name: "T", values }, down: { name: "", values: [""] }, cells: values.map(() => map.cells[0]!) });
    const right = [...text.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)].map(([, x, width]) => Number(x) + Number(width));
    expect(Math.max(...right)).toBeLessThanOrEqual(932);
  });
});

describe("a picture of the capacity gap", () => {
  it("has both charts, and a bar only where there is an interval", () => {
    const text = capacitySvg(capacity);
    for (const part of ["Gain", "Accuracy", "Teacher", "Teacher widths", "64", framed.caption]) expect(text).toContain(`>${part}</text>`);
    expect(text.match(/<circle/g)).toHaveLength(3);
    expect(text.match(/h6M/g)).toHaveLength(2);
    expect(text).not.toMatch(/NaN|undefined|Infinity|var\(/);
  });
  it("leaves out a chart that nothing was measured for", () => {
    const charts = capacity.charts.map((chart) => ({ ...chart, lines: chart.lines.map((line) => ({ ...line, places: [null, null] })) }));
    expect(capacitySvg({ ...capacity, charts })).not.toContain("<circle");
  });
  it("draws no accuracy above 100 %", () => {
    // The plot is 150 high below a margin of 8; its highest mark is 100 %.
    const bars = /M[\d.]+ ([\d.]+)V([\d.]+)M/.exec(chartSvg(capacity.charts[1]!, capacity.axis, true, 400, 150, capacity))!;
    expect(Number(bars[2])).toBe(8);
  });
});
