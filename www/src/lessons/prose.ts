/** The markup of a lesson's texts: `[[a phrase|distill.temperature=8&distill.alpha=0]]` is a button that sets what it speaks of. */
import { joined } from "../i18n/particle";
import { isPanelId, type PanelId } from "../lab/closer/ids";
import { findKnob, findPreset, normalise, type Values } from "../lab/knobs";

export interface Deed {
  preset: string | null;
  values: Values;
  /** A panel to open. */
  panel: PanelId | null;
}

export interface Piece {
  text: string;
  /** What pressing it does; null for plain words. */
  deed: Deed | null;
  /** Of a button, what clings to it on its line: a full stop, a Korean particle. */
  tail?: string;
}

const BUTTON = /\[\[([^|\]]+)\|([^\]]+)\]\]/;

/** A text in pieces, paragraph by paragraph. A button that cannot be understood throws: a test reads every lesson. */
export function parse(text: string): Piece[][] {
  return text.split("\n\n").map((paragraph) => {
    const parts = paragraph.split(BUTTON);
    const pieces: Piece[] = [];
    for (let at = 0; at < parts.length; at += 3) {
      const [, tail = "", words = ""] = /^(\S*)(.*)$/s.exec(parts[at]!) ?? [];
      const before = pieces.at(-1);
      if (before !== undefined) before.tail = joined(tail);
      const text = before === undefined ? parts[at]! : words;
      if (text !== "") pieces.push({ text: joined(text), deed: null });
      const [label, settings] = [parts[at + 1], parts[at + 2]];
      if (label !== undefined && settings !== undefined) pieces.push({ text: label, deed: deedOf(settings) });
    }
    return pieces;
  });
}

function deedOf(settings: string): Deed {
  const deed: Deed = { preset: null, values: {}, panel: null };
  for (const [key, text] of new URLSearchParams(settings)) {
    if (key === "preset" && findPreset(text) !== undefined) deed.preset = text;
    else if (key === "view" && isPanelId(text)) deed.panel = text;
    else {
      const kind = findKnob(key)?.kind;
      const value = kind === undefined ? null : normalise(kind, text);
      if (value === null) throw new Error(`no such button: ${key}=${text}`);
      deed.values[key] = value;
    }
  }
  return deed;
}
