// Formulas are written in the alphabets whose fonts a build ships (`vite/fonts.ts`).
import { readdirSync, readFileSync } from "node:fs";

import { expect, it } from "vitest";

const SOURCES = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((path) => /\.(ts|svelte|json|md)$/.test(path) && !path.startsWith("fonts.test"));

it.each(["mathfrak", "mathsf", "mathscr", "mathtt", "texttt", "textsf"])("no formula uses \\%s", (command) => {
  const users = SOURCES.filter((path) => readFileSync(`src/${path}`, "utf8").includes(`\\${command}`));
  expect(users).toEqual([]);
});
