import { describe, expect, it } from "vitest";

import type { Kind } from "../engine/protocol";
import { LESSON_IDS } from "../lessons/ids";
import { GROUP_IDS, HIDEABLE, Shows, groupOf } from "./parts";
import { FIRST_PRESET, KNOBS, NATIVE_PRESETS, PRESETS, applies, presetValues, same } from "./knobs";
import { differing, parseLink, writeLink, type Link } from "./url";

/** A small repeatable generator: the same cases on every machine. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function anyValue(kind: Kind, next: () => number): string {
  switch (kind.type) {
    case "choice":
      return kind.options[Math.floor(next() * kind.options.length)]!;
    case "bool":
      return String(next() < 0.5);
    case "int":
      return String(kind.min + Math.floor(next() * (kind.max - kind.min + 1)));
    case "float":
      return String(Math.min(kind.max, kind.min + next() * (kind.max - kind.min)));
    case "points":
      return next() < 0.5 ? "none" : `${Math.round(next() * 100) / 100}_-0.5_${Math.floor(next() * 6)}`;
    case "widths":
      return Array.from({ length: Math.floor(next() * kind.max_len) }, () => kind.min + Math.floor(next() * (kind.max - kind.min))).join(",") || "none";
  }
}

/** What a teacher adds to a link. */
function anyClass(next: () => number): Pick<Link, "lesson" | "hide" | "large" | "tour"> {
  const lesson = [null, ...LESSON_IDS][Math.floor(next() * (LESSON_IDS.length + 1))] ?? null;
  return { lesson, hide: HIDEABLE.filter(() => next() < 0.05), large: next() < 0.3, tour: null };
}

function anyLink(seed: number): Link {
  const next = random(seed);
  const preset = PRESETS[Math.floor(next() * PRESETS.length)]!.id;
  const values = presetValues(preset);
  for (const knob of KNOBS) if (next() < 0.3) values[knob.key] = anyValue(knob.kind, next);
  const locale = ([null, "en", "ko"] as const)[Math.floor(next() * 3)]!;
  return { preset, values, locale, backend: "auto", panel: null, ...anyClass(next) };
}

describe("links", () => {
  it("bring back every experiment that means anything", () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const link = anyLink(seed);
      const { link: read, problems } = parseLink(writeLink(link));
      expect(problems).toEqual([]);
      expect([read.preset, read.locale]).toEqual([link.preset, link.locale]);
      // What means something only beside a setting that itself means nothing is left out with it.
      for (const knob of KNOBS.filter((row) => applies(row, link.values) && applies(row, read.values))) {
        expect(same(knob, read.values[knob.key], link.values[knob.key]), `${knob.key} of seed ${seed}`).toBe(true);
      }
    }
  });

  it("say only what differs", () => {
    const values = { ...presetValues("plane"), "distill.temperature": "8", "student.widths": "24,12" };
    expect(writeLink({ preset: "plane", values, locale: "ko", backend: "cpu", panel: null, lesson: "hints", hide: ["panel", "share"], large: true, tour: null })).toBe("?preset=plane&v=1&student.widths=24,12&distill.temperature=8&lang=ko&backend=cpu&lesson=hints&hide=panel,share&large=1");
    expect(differing("plane", presetValues("plane"))).toEqual({});
  });

  it("never throw, and open with what was right", () => {
    const next = random(7);
    const alphabet = "abc.=&%?+,0123456789-_ té한{}[]\"'";
    for (let round = 0; round < 500; round += 1) {
      const text = Array.from({ length: Math.floor(next() * 60) }, () => alphabet[Math.floor(next() * alphabet.length)]).join("");
      const { link } = parseLink(`?distill.temperature=9&${text}`);
      expect(link.values["distill.temperature"]).toBe("9");
    }
  });

  it("name what is wrong and take the rest", () => {
    const { link, problems } = parseLink("?preset=narrow-student&distill.temprature=3&distill.alpha=2&seed=5&lang=xx&utm_source=mail");
    expect(link.preset).toBe("narrow-student");
    expect(link.values.seed).toBe("5");
    expect(problems.map(({ code, key, value, allowed }) => ({ code, key, value, allowed }))).toEqual([
      { code: "bad_parameter", key: "lang", value: "xx", allowed: "en, ko" },
      { code: "unknown_key", key: "distill.temprature", value: null, allowed: null },
      { code: "out_of_range", key: "distill.alpha", value: "2", allowed: null },
    ]);
  });

  it("say which setting has no effect here and what it needs, and keep it for then", () => {
    const { link, problems } = parseLink("?preset=first-light&task.shape=rings&distill.temperature=8");
    expect([link.values["task.shape"], link.values["distill.temperature"]]).toEqual(["rings", "8"]);
    expect(problems.map(({ code, key, allowed }) => [code, key, allowed])).toEqual([["no_effect", "task.shape", "task.name=plane"]]);
    expect(parseLink("?preset=first-light&task.shape=rings&task.name=plane").problems).toEqual([]);
  });

  it("name a lesson, a part or a switch that is none, and take the others", () => {
    const { link, problems } = parseLink("?lesson=alchemy&hide=panel,walls,share,doors&large=yes&tour=1");
    expect(link).toMatchObject({ lesson: null, hide: ["panel", "share"], large: false, tour: true });
    expect(problems.map(({ code, key, value }) => [code, key, value])).toEqual([
      ["bad_parameter", "lesson", "alchemy"],
      ["bad_parameter", "hide", "walls,doors"],
      ["bad_parameter", "large", "yes"],
    ]);
  });

  it("hide single views and knobs, too, and give each its own name", () => {
    const { link, problems } = parseLink("?hide=distill.alpha,teacher,sweep,curves,sweep");
    expect([link.hide, problems]).toEqual([["curves", "sweep", "teacher", "distill.alpha"], []]);
    const shows = new Shows(link.hide);
    expect([shows.part("curves"), shows.part("tabs"), shows.view("sweep"), shows.view("loss")]).toEqual([false, true, false, true]);
    expect(["distill.alpha", "distill.beta", "teacher.widths", "student.widths", "seed"].map((key) => shows.knob(key))).toEqual([false, true, false, true, true]);
    expect(new Shows(["tabs"]).view("loss")).toBe(false);
    expect(new Shows(["train"]).knob("seed"), "it stands in that group").toBe(false);
    expect(new Set(HIDEABLE).size).toBe(HIDEABLE.length);
    expect(KNOBS.every(({ key }) => (GROUP_IDS as readonly string[]).includes(groupOf(key)))).toBe(true);
  });

  it("tell of a view that is opened and hidden at once, and keep it hidden", () => {
    for (const hide of ["sweep", "tabs"]) {
      const { link, problems } = parseLink(`?view=sweep&hide=${hide}`);
      expect(link).toMatchObject({ panel: null, hide: [hide] });
      expect(problems.map(({ code, value }) => [code, value])).toEqual([["hidden_view", "sweep"]]);
    }
    for (const hide of ["capacity", "teacher", "teacher.widths"]) expect(parseLink(`?view=capacity&hide=${hide}`).problems, "it sweeps that knob").toMatchObject([{ code: "hidden_view" }]);
    expect(parseLink("?view=loss&hide=sweep")).toMatchObject({ link: { panel: "loss" }, problems: [] });
  });

  it("take no settings of another version or an unknown preset", () => {
    const old = parseLink("?v=7&preset=plane&seed=3");
    expect(old.link).toMatchObject({ preset: FIRST_PRESET, values: presetValues(FIRST_PRESET) });
    expect(old.problems.map(({ code }) => code)).toEqual(["version"]);
    expect(parseLink("?preset=none").problems.map(({ code }) => code)).toEqual(["unknown_preset"]);
    for (const preset of NATIVE_PRESETS) {
      expect(parseLink(`?preset=${preset}`)).toMatchObject({ link: { preset: FIRST_PRESET }, problems: [{ code: "native_preset", value: preset }] });
    }
    const unsaid = parseLink("?v=&preset=plane");
    expect([unsaid.link.preset, ...unsaid.problems.map(({ code, key }) => `${code} ${key}`)]).toEqual(["plane", "bad_parameter v"]);
  });
});
