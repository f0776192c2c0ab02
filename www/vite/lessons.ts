/** `virtual:lesson-ids` is the list of the lessons in their order, so that a file in their folder is all that a lesson takes. */
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

import type { Plugin } from "vite";

const FOLDER = fileURLToPath(new URL("../src/lessons/content/", import.meta.url));

export function lessonIds(): Plugin {
  const id = "virtual:lesson-ids";
  return {
    name: "distillery-lesson-ids",
    resolveId: (source) => (source === id ? `\0${id}` : undefined),
    load(resolved) {
      if (resolved !== `\0${id}`) return undefined;
      const lessons = readdirSync(FOLDER).map((name) => {
        this.addWatchFile(FOLDER + name);
        const { place } = JSON.parse(readFileSync(FOLDER + name, "utf8")) as { place?: unknown };
        if (typeof place !== "number") throw new Error(`${name}: "place" must be a number, by which the lessons are ordered`);
        return { id: basename(name, ".json"), place };
      });
      return `export const LESSON_IDS = ${JSON.stringify(lessons.sort((a, b) => a.place - b.place).map((lesson) => lesson.id))};`;
    },
  };
}
