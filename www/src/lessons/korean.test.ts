// Particles in the Korean texts of lessons and page follow what stands before them, whether it was written there or is filled in by a run.
import { readFileSync, readdirSync } from "node:fs";

import { expect, it } from "vitest";

import { fill } from "../i18n/fill";
import { particle } from "../i18n/particle";
import { LESSONS } from "./all";
import type { Reading } from "./lesson";
import { numbersOf } from "./words";

const PAIRS: Record<string, string> = { 은: "은(는)", 는: "은(는)", 이: "이(가)", 가: "이(가)", 을: "을(를)", 를: "을(를)", 과: "과(와)", 와: "과(와)", 으로: "(으)로", 로: "(으)로" };
/** A number, sign or foreign word with its particle, if no more Hangul follows: that would be another word. */
const JOINED = /([\p{Script=Latin}\p{Script=Greek}\d.,%²]+)[’”\]\u2060]*(으로|[은는이가을를과와로])(?![가-힣])/gu;

function wrong(text: string): string[] {
  return [...text.matchAll(JOINED)].flatMap(([whole, word = "", found = ""]) => (particle(word, PAIRS[found]!) === found ? [] : [whole]));
}

it("finds a particle that does not fit", () => {
  expect(wrong("T = 8를 올리면 97.4%이 되고, KL는 0.1로 줄고, T²을 곱한 4가지와 1이상은 그대로")).toEqual(["8를", "97.4%이", "KL는"]);
});

/** Numbers that end with every digit, and what else a run may come to. */
const RUNS: Reading[][] = Array.from({ length: 10 }, (_, digit) => {
  const reading = (base: number): Reading => ({ teacher: base + digit / 10, alone: base - 9 + digit / 10, distilled: base - 3 + digit / 10, measure: base - 3 + digit / 10 });
  return [reading(90), reading(digit < 5 ? 97 : 83)];
});

it.each(LESSONS.map((lesson) => [lesson.id, lesson] as const))("%s", (_, lesson) => {
  const { options, runs, ...texts } = lesson.ko;
  const all = [...options, ...runs, ...Object.values(texts).map((text) => text.replace(/\[\[([^|\]]+)\|[^\]]+\]\]/g, "$1"))];
  const filled = RUNS.flatMap((readings) => all.map((text) => fill(text, numbersOf(lesson, readings.slice(-lesson.runs.length)), "ko")));
  expect([...new Set(filled.flatMap(wrong))]).toEqual([]);
});

it("the page's own texts", () => {
  const folder = new URL("../i18n/ko/", import.meta.url);
  const found = readdirSync(folder).flatMap((file) => Object.entries(JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Record<string, string>).flatMap(([key, text]) => wrong(text).map((one) => `${key}: ${one}`)));
  expect(found).toEqual([]);
});
