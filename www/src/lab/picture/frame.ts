/** What every picture for a file has around its drawing: a title, what was measured, and the command that repeats it. Plain data in, SVG out. */
import type { Role } from "../../engine/generated/types";

/** Colours and font, resolved: a file knows nothing of the page's variables. */
export interface Look {
  ink: string;
  muted: string;
  /** Lines behind the data. */
  grid: string;
  surface: string;
  font: string;
}

/** Colours of what is drawn, for the page by its variables and for a file as they are. */
export type Colours = Omit<Look, "font"> & Record<Role, string>;

export interface Framed extends Look {
  title: string;
  /** How it was measured, in words. */
  note?: string;
  /** What repeats it; empty where no command does. */
  caption: string;
}

const WIDTH = 960;
/** Where the drawing begins and ends from left to right, and how much of the height the frame takes at its top and bottom. */
export const LEFT = 84;
export const RIGHT = WIDTH - 28;
export const TOP = 62;
export const BOTTOM = 50;
/** Height of the type below the drawing, and of its lines. */
const SMALL = 13;
const LINE = 17;
/** Rough width of a letter against the size of its font; CJK letters count twice. */
const LETTER = 0.56;

/** Word joiners keep lines whole, of which a picture has none; what draws it may have no sign for them. */
const escape = (words: string): string => words.replaceAll("\u2060", "").replace(/[&<>"]/g, (letter) => `&#${letter.codePointAt(0)};`);
/** Two digits behind the point are finer than any screen. */
export const short = (value: number): string => String(Math.round(value * 100) / 100);
export const lengthOf = (words: string, size: number): number => [...words].reduce((sum, letter) => sum + (letter > "\u1100" ? 1 : LETTER), 0) * size;

/** A text element; `at` and `more` are attributes. */
export function text(at: string, size: number, fill: string, words: string, more = ""): string {
  return `<text ${at} font-size="${size}" fill="${fill}"${more}>${escape(words)}</text>`;
}

/** Words in lines of that width, broken at spaces. */
export function lines(words: string, size: number, width: number): string[] {
  const found: string[] = [];
  for (const word of words.split(" ")) {
    const longer = found.length === 0 ? word : `${found.at(-1)} ${word}`;
    if (found.length === 0 || lengthOf(longer, size) > width) found.push(word);
    else found[found.length - 1] = longer;
  }
  return found;
}

/** An entry of a legend. */
export interface Key {
  name: string;
  /** Drawn from 0 to `KEY` along the height 0. */
  mark: string;
}

export const KEY = 36;
export const lineKey = (name: string, colour: string, width: number, dash: readonly number[] = []): Key => ({ name, mark: `<path d="M0 0h${KEY}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-dasharray="${dash.join(" ")}"/>` });
export const swatchKey = (name: string, colour: string, opacity: number, line: string): Key => ({ name, mark: `<rect y="-8" width="${KEY}" height="15" rx="4" fill="${colour}" fill-opacity="${short(opacity)}" stroke="${line}"/>` });

/** The entries side by side from `top` on, in as many rows as they need, and how high these are. */
export function legend(keys: readonly Key[], top: number, ink: string): { body: string[]; height: number } {
  let x = LEFT;
  let row = 0;
  const body = keys.map(({ name, mark }) => {
    const wide = KEY + 8 + lengthOf(name, 15) + 24;
    if (x > LEFT && x + wide > RIGHT) {
      x = LEFT;
      row += 1;
    }
    const [left, base] = [x, top + 4 + row * 24];
    x += wide;
    return `<g transform="translate(${short(left)} ${base - 5})">${mark}</g>${text(`x="${short(left + KEY + 8)}" y="${base}"`, 15, ink, name)}`;
  });
  return { body, height: keys.length === 0 ? 0 : (row + 1) * 24 };
}

/** The whole file around `body`, which lies between `TOP` and `drawn - BOTTOM`. A long note makes it higher. */
export function frame(picture: Framed, drawn: number, body: readonly string[]): string {
  const { title, note, caption, ink, muted, surface, font } = picture;
  const notes = note === undefined ? [] : lines(note, SMALL, RIGHT - LEFT);
  const height = drawn + Math.max(0, notes.length - 1) * LINE;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="${escape(font)}">`,
    `<title>${escape(title)}</title><desc>${escape([note, caption].filter(Boolean).join(" "))}</desc>`,
    `<rect width="100%" height="100%" fill="${surface}"/>`,
    text(`x="${LEFT}" y="38"`, Math.min(22, Math.floor((RIGHT - LEFT) / lengthOf(title, 1))), ink, title, ` font-weight="600"`),
    ...body,
    ...notes.map((line, row) => text(`x="${LEFT}" y="${drawn - BOTTOM + row * LINE}"`, SMALL, muted, line)),
    // A command of many settings goes on in a second line.
    ...wrap(caption, (RIGHT - LEFT) / (SMALL * 0.62)).map((line, row) => text(`x="${LEFT}" y="${height - 30 + row * LINE}"`, SMALL, muted, line, ` font-family="ui-monospace, monospace"`)),
    "</svg>",
    "",
  ].join("\n");
}

/** At most two lines, broken before a flag; what is longer is shown to be. */
function wrap(words: string, letters: number): string[] {
  if (words === "") return [];
  const found = [""];
  for (const word of words.split(/ (?=--)/)) {
    const last = found.length - 1;
    if (found[last] !== "" && found[last]!.length + 1 + word.length > letters) found.push(word);
    else found[last] = found[last] === "" ? word : `${found[last]} ${word}`;
  }
  return found.length <= 2 ? found : [found[0]!, `${found[1]} …`];
}
