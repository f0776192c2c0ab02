/** What every picture for a file has around its drawing: a title, what was measured, and the command that repeats it. Plain data in, SVG out. */

/** Colours and font, resolved: a file knows nothing of the page's variables. */
export interface Look {
  ink: string;
  muted: string;
  /** Lines behind the data. */
  grid: string;
  surface: string;
  font: string;
}

export interface Framed extends Look {
  title: string;
  /** How it was measured, in words. */
  note?: string;
  /** What repeats it. */
  caption: string;
}

export const WIDTH = 960;
/** Where the drawing begins and ends from left to right, and how much of the height the frame takes at its top and bottom. */
export const LEFT = 84;
export const RIGHT = WIDTH - 28;
export const TOP = 62;
export const BOTTOM = 50;
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

/** Places for the entries of a legend, each as wide as told, in as many rows as they need. */
export function flow<Entry>(entries: readonly Entry[], width: (entry: Entry) => number): { entry: Entry; x: number; row: number }[] {
  let x = LEFT;
  let row = 0;
  return entries.map((entry) => {
    const wide = width(entry);
    if (x > LEFT && x + wide > RIGHT) {
      x = LEFT;
      row += 1;
    }
    const place = { entry, x, row };
    x += wide;
    return place;
  });
}

/** The whole file around `body`, which lies between `TOP` and `height - BOTTOM`. */
export function frame(picture: Framed, height: number, body: readonly string[]): string {
  const { title, note, caption, ink, muted, surface, font } = picture;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="${escape(font)}">`,
    `<title>${escape(title)}</title><desc>${escape([note, caption].filter(Boolean).join(" "))}</desc>`,
    `<rect width="100%" height="100%" fill="${surface}"/>`,
    text(`x="${LEFT}" y="38"`, Math.min(22, Math.floor((RIGHT - LEFT) / lengthOf(title, 1))), ink, title, ` font-weight="600"`),
    ...body,
    ...(note === undefined ? [] : [text(`x="${LEFT}" y="${height - BOTTOM}"`, 13, muted, note)]),
    // A command of many settings goes on in a second line.
    ...wrap(caption, (RIGHT - LEFT) / (13 * 0.62)).map((line, row) => text(`x="${LEFT}" y="${height - 30 + row * 17}"`, 13, muted, line, ` font-family="ui-monospace, monospace"`)),
    "</svg>",
    "",
  ].join("\n");
}

/** At most two lines, broken before a flag; what is longer is shown to be. */
function wrap(words: string, letters: number): string[] {
  const lines = [""];
  for (const word of words.split(/ (?=--)/)) {
    const last = lines.length - 1;
    if (lines[last] !== "" && lines[last]!.length + 1 + word.length > letters) lines.push(word);
    else lines[last] = lines[last] === "" ? word : `${lines[last]} ${word}`;
  }
  return lines.length <= 2 ? lines : [lines[0]!, `${lines[1]} …`];
}
