import { describe, expect, it } from "vitest";

import type { Phase } from "../../engine/protocol";
import { coming, next, obstacle, PLAYERS, type Standing } from "./players";

const at = (phase: Phase, moves = false, stopped = false): Standing => ({ phase, moves, stopped });
const obstacles = (standing: Standing): unknown[] => PLAYERS.map((player) => obstacle(player, standing));

describe("steps of each side", () => {
  it("are all there where the teacher learns along", () => {
    expect(obstacles(at("students", true))).toEqual([null, null, null]);
  });

  it("are the students' only beside a frozen teacher, and the teacher's only before the students begin", () => {
    expect(obstacles(at("students"))).toEqual(["frozen", null, "frozen"]);
    expect(obstacles(at("teacher"))).toEqual([null, "first", "first"]);
  });

  it("are the students' as soon as the teacher has made its last", () => {
    expect([coming({ phase: "teacher", step: 9, steps: 10 }), coming({ phase: "teacher", step: 10, steps: 10 })]).toEqual(["teacher", "students"]);
    expect(coming({ phase: "finished", step: 10, steps: 10 })).toBe("finished");
  });

  it("are none after the end or after a loss that is no number", () => {
    expect(obstacles(at("finished", true))).toEqual(["over", "over", "over"]);
    expect(obstacles(at("students", true, true))).toEqual(["stopped", "stopped", "stopped"]);
  });

  it("never leave out the one that comes next by itself", () => {
    for (const standing of [at("teacher"), at("students"), at("students", true)]) expect(obstacle(next(standing), standing)).toBeNull();
  });
});
