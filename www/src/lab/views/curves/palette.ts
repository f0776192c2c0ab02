// Canvas needs plain colours: the variables of app.css hold `light-dark(…)`, which only a real element resolves.

import type { Role } from "../../../engine/generated/types";
import type { Colours, Look } from "../../picture/frame";
import { lookColour, SHAPES } from "../../runs/looks";

export interface Palette extends Record<Role, string> {
  ink: string;
  accent: string;
  muted: string;
  line: string;
  surface: string;
  /** Weights and answers, by their sign. */
  plus: string;
  minus: string;
  /** What is wrong. */
  bad: string;
  /** The space between the students. */
  gain: string;
  /** Of other runs, by look. */
  runs: string[];
  /** Text in the colour of a role. */
  text: Record<Role, string>;
  font: string;
}

const NAMES = ["teacher", "alone", "distilled", "ink", "accent", "muted", "line", "surface", "plus", "minus", "bad", "gain", "teacher-ink", "alone-ink", "distilled-ink"] as const;

/** The page's own, for a drawing in it that needs no plain ones. */
export const PAGE: Colours = { ink: "var(--ink)", muted: "var(--muted)", grid: "var(--line)", surface: "var(--surface)", teacher: "var(--teacher)", alone: "var(--alone)", distilled: "var(--distilled)" };

/** Reads the colours as they are at `host` now, or those of the light page. All are asked for before any is read: the browser computes the styles of the page once. */
export function palette(host: HTMLElement, light = false): Palette {
  const probe = document.createElement("span");
  probe.classList.toggle("light", light);
  probe.style.setProperty("--gain", "color-mix(in srgb, var(--distilled) 13%, transparent)");
  const names = [...NAMES.map((name) => `--${name}`), ...SHAPES.map((_, look) => lookColour(look))];
  const spans = names.map((name) => {
    const span = document.createElement("span");
    span.style.color = `var(${name})`;
    return span;
  });
  probe.append(...spans);
  host.append(probe);
  const found = spans.map((span) => getComputedStyle(span).color);
  const of = (name: (typeof NAMES)[number]): string => found[NAMES.indexOf(name)]!;
  const colours: Palette = {
    teacher: of("teacher"),
    alone: of("alone"),
    distilled: of("distilled"),
    ink: of("ink"),
    accent: of("accent"),
    muted: of("muted"),
    line: of("line"),
    surface: of("surface"),
    plus: of("plus"),
    minus: of("minus"),
    bad: of("bad"),
    gain: of("gain"),
    runs: found.slice(NAMES.length),
    text: { teacher: of("teacher-ink"), alone: of("alone-ink"), distilled: of("distilled-ink") },
    font: getComputedStyle(probe).fontFamily,
  };
  probe.remove();
  return colours;
}

/** Red, green and blue of a colour that `palette` read. */
export const rgb = (colour: string): number[] => (colour.match(/[\d.]+/g) ?? []).map(Number);

export type FileLook = Palette & Look;

/** How a picture for a file looks: light, for paper and slides, whatever the page is. */
export function fileLook(host: HTMLElement): FileLook {
  const colours = palette(host, true);
  return { ...colours, grid: colours.line };
}

/**
 * Calls back in the next frame when the page has turned light or dark, and when its font is another one: with the language, and once a font
 * has come. Returns what stops it.
 */
export function onThemeChange(changed: () => void): () => void {
  let frame = 0;
  const later = (): void => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      changed();
    });
  };
  const system = matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(later);
  system.addEventListener("change", later);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class", "style", "lang"] });
  document.fonts.addEventListener("loadingdone", later);
  return () => {
    cancelAnimationFrame(frame);
    document.fonts.removeEventListener("loadingdone", later);
    system.removeEventListener("change", later);
    observer.disconnect();
  };
}
