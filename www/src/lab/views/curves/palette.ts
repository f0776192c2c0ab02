// Canvas needs plain colours: the variables of app.css hold `light-dark(…)`, which only a real element resolves.

import type { Role } from "../../../engine/generated/types";
import type { Look } from "../../picture/frame";
import { lookColour, SHAPES } from "../../runs/looks";

export interface Palette extends Record<Role, string> {
  ink: string;
  accent: string;
  muted: string;
  line: string;
  surface: string;
  /** The space between the students. */
  gain: string;
  /** Of other runs, by look. */
  runs: string[];
  /** Text in the colour of a role. */
  text: Record<Role, string>;
  font: string;
}

/** Reads the colours as they are at `host` now. */
export function palette(host: HTMLElement): Palette {
  const probe = document.createElement("span");
  host.append(probe);
  const style = getComputedStyle(probe);
  probe.style.setProperty("--gain", "color-mix(in srgb, var(--distilled) 13%, transparent)");
  const read = (name: string): string => {
    probe.style.color = `var(${name})`;
    return style.color;
  };
  const colours: Palette = {
    teacher: read("--teacher"),
    alone: read("--alone"),
    distilled: read("--distilled"),
    ink: read("--ink"),
    accent: read("--accent"),
    muted: read("--muted"),
    line: read("--line"),
    surface: read("--surface"),
    gain: read("--gain"),
    runs: SHAPES.map((_, look) => read(lookColour(look))),
    text: { teacher: read("--teacher-ink"), alone: read("--alone-ink"), distilled: read("--distilled-ink") },
    font: style.fontFamily,
  };
  probe.remove();
  return colours;
}

/** What a picture for a file needs of them. */
export const fileLook = ({ ink, muted, line, surface, font }: Palette): Look => ({ ink, muted, grid: line, surface, font });

/** Calls back when the page turns light or dark, and when its font is another one: with the language, and once a font has come. Returns what stops it. */
export function onThemeChange(changed: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(changed);
  system.addEventListener("change", changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class", "style", "lang"] });
  document.fonts.addEventListener("loadingdone", changed);
  return () => {
    document.fonts.removeEventListener("loadingdone", changed);
    system.removeEventListener("change", changed);
    observer.disconnect();
  };
}
