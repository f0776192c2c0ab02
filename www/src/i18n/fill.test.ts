import { expect, it } from "vitest";

import { fill, format } from "./fill";
import { LOCALES } from "./locale";

it.each(LOCALES)("numbers have a true minus, and no sign where they are rounded to zero (%s)", (locale) => {
  const one = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  expect([-12.34, -0.04, -0, 0.04].map((value) => format(value, locale, one))).toEqual(["−12.3", "0.0", "0.0", "0.0"]);
  expect([-1.25, 0.001, 3].map((value) => format(value, locale, { ...one, signDisplay: "exceptZero" }))).toEqual(["−1.3", "0.0", "+3.0"]);
  expect(format(-0.031, locale, { style: "percent", ...one })).toBe("−3.1%");
  expect(fill("{value}", { value: -2 }, locale)).toBe("−2");
});

it("a Korean particle stays on the line of the bracket or per cent sign before it", () => {
  expect(fill("글(글월)을 {share}만큼, 수 [{n}]는", { share: "3%", n: 1 }, "ko")).toBe("글(글월)\u2060을 3%\u2060만큼, 수 [1]\u2060는");
  expect(fill("(this) and 3% that", {}, "en")).toBe("(this) and 3% that");
});
