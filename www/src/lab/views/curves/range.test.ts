import { describe, expect, it } from "vitest";
import type { Evaluation, Role } from "../../../engine/generated/types";
import { RunHistory, spaced } from "../../history";
import { evenly, lastOf, spread, xRange, yRange, steps } from "./range";

function run(steps: number, points: [number, Partial<Record<Role, number>>][], teacher = 0): RunHistory {
  const history = new RunHistory();
  history.summary = { teacher_steps: teacher, student_steps: steps } as unknown as RunHistory["summary"];
  for (const [step, accuracies] of points) {
    const networks = Object.entries(accuracies).map(([role, accuracy]) => ({ role, accuracy, step, loss: 1 - accuracy, ece: 0, agreement: null, omitted: null }));
    history.push({ type: "evaluated", phase: "students", step, networks: networks as Evaluation[] });
  }
  return history;
}

describe("x range", () => {
  it("shows a short run whole and opens a window on a long one", () => {
    expect(xRange(run(800, [[10, { alone: 0.5 }]]), [])).toEqual([0, 800]);
    expect(xRange(run(100_000, [[10, { alone: 0.5 }]]), [])).toEqual([0, 1000]);
    expect(xRange(run(100_000, [[1500, { alone: 0.5 }]]), [])).toEqual([0, 2000]);
  });
  it("has room for the teacher's phase and for overlays", () => {
    expect(xRange(run(800, [], 300), [run(1000, [[1000, { alone: 0.5 }]])])).toEqual([-300, 1000]);
  });
});

describe("y range", () => {
  it("leaves the climb from chance out, so that the gap is seen", () => {
    const history = run(1000, [[0, { alone: 0.1 }], [500, { alone: 0.83 }], [1000, { alone: 0.86, teacher: 0.97 }]]);
    expect(yRange("accuracy", history, [])).toEqual([0.8, 1]);
  });
  it("is whole before there is anything", () => {
    expect(yRange("accuracy", run(1000, []), [])).toEqual([0, 1]);
  });
  it("begins losses at zero", () => {
    const [low, high] = yRange("loss", run(1000, [[0, { alone: 0.1 }], [1000, { alone: 0.4 }]]), []);
    expect(low).toBe(0);
    expect(high).toBeCloseTo(0.7);
  });
});

describe("labels", () => {
  it("moves apart what would overlap and keeps the order", () => {
    const [a, b, c] = spread([50, 52, 51], 14, [0, 100]) as [number, number, number];
    expect(a).toBeLessThan(c);
    expect(c).toBeLessThan(b);
    expect(Math.min(c - a, b - c)).toBeGreaterThanOrEqual(14);
  });
  it("stays inside", () => {
    expect(Math.max(...spread([98, 99, 100], 14, [0, 100]))).toBe(100);
  });
});

it("picks first and last among evenly spread rows", () => {
  expect(evenly(3, 10)).toEqual([0, 1, 2]);
  expect(evenly(101, 5)).toEqual([0, 25, 50, 75, 100]);
});

it("keeps the same rows of a line while it grows", () => {
  expect(spaced(3, 4)).toEqual([0, 1, 2]);
  expect(spaced(9, 4)).toEqual([0, 4, 8]);
  expect(spaced(12, 4)).toEqual([0, 4, 8, 11]);
});

it("finds the newest value behind gaps", () => {
  expect(lastOf([1, 2, null])).toEqual({ index: 1, value: 2 });
  expect(lastOf([null])).toBeNull();
});

it("the rows of a table are places of any run, first and last among them", () => {
  expect(steps([[0, 10, 20], [-5, 10, 30]], 41)).toEqual([-5, 0, 10, 20, 30]);
  expect(steps([Array.from({ length: 1000 }, (_, step) => step), [2000]], 3)).toEqual([0, 500, 2000]);
  expect(steps([[]], 5)).toEqual([]);
});
