/** Keys of the whole page. They leave alone whatever has a use for the key itself. */
import type { Lab } from "./lab.svelte";

export const SHORTCUTS = [
  { keys: ["Space"], text: "keys.play" },
  { keys: ["→"], text: "keys.step" },
  { keys: ["R"], text: "keys.reset" },
  { keys: ["N"], text: "keys.seed" },
  { keys: ["Ctrl", "Z"], text: "keys.undo" },
  { keys: ["Esc"], text: "keys.escape" },
  { keys: ["?"], text: "keys.help" },
] as const;

/** What takes this key as input: fields take letters and arrows, buttons take Space. */
function takes(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest("dialog") !== null) return true;
  if (target.matches("input[type=text], textarea, [contenteditable]")) return true;
  if (key === " ") return target.closest("button, a, summary, input, select, [tabindex='0']") !== null;
  if (key.startsWith("Arrow")) return target.closest("input, select, [tabindex='0'], [role=radiogroup], [role=tablist]") !== null;
  return target.matches("select");
}

/** The keys that act, by their place on the board: with a Korean layout they type ㄱ, ㅜ and ㅋ. */
const PLACES: Record<string, string | undefined> = { KeyR: "r", KeyN: "n", KeyZ: "z" };

function meant({ key, code }: KeyboardEvent): string {
  if (/^[ -~]$/.test(key)) return key.toLowerCase();
  return PLACES[code] ?? key;
}

export function onKey(event: KeyboardEvent, lab: Lab, help: () => void): void {
  const key = meant(event);
  if (takes(event.target, event.key) || event.altKey || event.defaultPrevented) return;
  const command = event.ctrlKey || event.metaKey;
  if (command && !(key === "z" && !event.shiftKey)) return;
  const act = command ? () => lab.undo() : ACTIONS[key];
  if (act === undefined) return;
  event.preventDefault();
  if (!event.repeat || key === "ArrowRight") act(lab, help);
}

const ACTIONS: Record<string, ((lab: Lab, help: () => void) => void) | undefined> = {
  " ": (lab) => void lab.playback.toggle(),
  ArrowRight: (lab) => void lab.playback.step(),
  r: (lab) => void lab.restart(false),
  n: (lab) => void lab.newSeed(),
  "?": (_, help) => help(),
};
