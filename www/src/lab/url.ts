/** The page's address: the preset, its version, and only what differs. Pure, so that a test can try anything. */
import { VERSION, failure, type EngineError, type Wanted } from "../engine/protocol";
import { PANEL_IDS, isPanelId, type PanelId } from "./closer/ids";
import { isLocale, type Locale } from "../i18n/locale";
import { LESSON_IDS, isLessonId } from "../lessons/ids";
import { HIDEABLE, Shows } from "./parts";
import { FIRST_PRESET, KNOBS, NATIVE_PRESETS, applies, findKnob, findPreset, normalise, presetValues, same, unmet, type Values } from "./knobs";

export interface Link {
  preset: string;
  values: Values;
  locale: Locale | null;
  backend: Wanted;
  /** The panel that is open. */
  panel: PanelId | null;
  /** The lesson that is open. */
  lesson: string | null;
  /** What a class does not see, by names of `HIDEABLE`. */
  hide: string[];
  /** Large type, for a projector. */
  large: boolean;
  /** The tour is asked for, or unwanted; null leaves it to whether this is a first visit. */
  tour: boolean | null;
}

/** Parameters that are no knobs. */
const OWN = ["preset", "v", "lang", "backend", "view", "lesson", "hide", "large", "tour", "fake"];
/** What others append to links: not worth a message. */
const FOREIGN = /^(utm_|fbclid$|gclid$|ref$)/;

function refuse(code: string, parts: Partial<EngineError>): EngineError {
  return { ...failure(code, code), fatal: false, ...parts };
}

/** Reads an address. What is wrong is told and left out; the rest holds. */
export function parseLink(search: string): { link: Link; problems: EngineError[] } {
  const query = new URLSearchParams(search);
  const problems: EngineError[] = [];
  const lang = query.get("lang");
  const wish = query.get("backend");
  const view = query.get("view");
  const lesson = query.get("lesson");
  const hide = listed(query.get("hide"));
  const link: Link = {
    preset: FIRST_PRESET,
    values: presetValues(FIRST_PRESET),
    locale: isLocale(lang) ? lang : null,
    backend: wish === "cpu" || wish === "webgpu" ? wish : "auto",
    panel: isPanelId(view) ? view : null,
    lesson: isLessonId(lesson) ? lesson : null,
    hide: HIDEABLE.filter((name) => hide.includes(name)),
    large: onOff(query.get("large")) ?? false,
    tour: onOff(query.get("tour")),
  };
  const bad = (key: string, value: string, allowed: string) => problems.push(refuse("bad_parameter", { key, value, allowed }));
  if (lesson !== null && link.lesson === null) bad("lesson", lesson, LESSON_IDS.join(", "));
  const unknown = hide.filter((name) => !HIDEABLE.includes(name));
  if (unknown.length > 0) problems.push(refuse("bad_parameter", { key: "hide", value: unknown.join(",") }));
  for (const key of ["large", "tour"]) {
    const value = query.get(key);
    if (value !== null && onOff(value) === null) bad(key, value, "0, 1");
  }
  if (view !== null && link.panel === null) bad("view", view, PANEL_IDS.join(", "));
  if (link.panel !== null && !new Shows(link.hide).view(link.panel)) {
    problems.push(refuse("hidden_view", { value: link.panel }));
    link.panel = null;
  }
  if (lang !== null && link.locale === null) bad("lang", lang, "en, ko");
  if (wish !== null && link.backend === "auto" && wish !== "auto") bad("backend", wish, "cpu, webgpu, auto");

  const version = query.get("v");
  if (version === "") bad("v", version, String(VERSION));
  else if (version !== null && version !== String(VERSION)) {
    // The knobs of another version may mean something else: none is taken.
    problems.push(refuse("version", { value: version, allowed: String(VERSION) }));
    return { link, problems };
  }
  const preset = query.get("preset");
  if (preset !== null && findPreset(preset) === undefined) {
    problems.push(refuse(NATIVE_PRESETS.includes(preset) ? "native_preset" : "unknown_preset", { value: preset }));
  } else if (preset !== null) {
    link.preset = preset;
    link.values = presetValues(preset);
  }

  for (const [key, text] of query) {
    if (OWN.includes(key) || FOREIGN.test(key)) continue;
    const knob = findKnob(key);
    if (knob === undefined) {
      problems.push(refuse("unknown_key", { key }));
      continue;
    }
    const value = normalise(knob.kind, text);
    if (value === null) problems.push(refuse("out_of_range", { key, value: text }));
    else link.values[key] = value;
  }
  const base = presetValues(link.preset);
  for (const knob of KNOBS) {
    if (!query.has(knob.key) || applies(knob, link.values) || same(knob, link.values[knob.key], base[knob.key])) continue;
    // The value stays: a sweep, or the next change of a knob, may give it an effect.
    problems.push(refuse("no_effect", { key: knob.key, allowed: unmet(knob, link.values).map(([key, allowed]) => `${key}=${allowed.join("|")}`).join(", ") }));
  }
  return { link, problems };
}

function listed(text: string | null): string[] {
  return (text ?? "").split(",").map((part) => part.trim()).filter((part) => part !== "");
}

function onOff(text: string | null): boolean | null {
  return text === "1" ? true : text === "0" ? false : null;
}

/** What differs from the preset, among the knobs that mean anything. */
export function differing(preset: string, values: Values): Values {
  const base = presetValues(preset);
  let kept = KNOBS.filter((knob) => values[knob.key] !== undefined && !same(knob, values[knob.key], base[knob.key]) && applies(knob, values));
  for (;;) {
    const written = Object.fromEntries(kept.map(({ key }) => [key, values[key]!]));
    // What only means something beside a value that is not written.
    const left = kept.filter((knob) => applies(knob, { ...base, ...written }));
    if (left.length === kept.length) return written;
    kept = left;
  }
}

/** The native command of an experiment, as the engine writes it. */
export function command(preset: string, values: Values): string {
  return `distillery run ${preset}${Object.entries(differing(preset, values)).map(([key, value]) => ` --set ${key}=${value}`).join("")}`;
}

/** Writes an address: `?preset=plane&v=1&distill.temperature=8`. */
export function writeLink(link: Link): string {
  const query = new URLSearchParams({ preset: link.preset, v: String(VERSION), ...differing(link.preset, link.values) });
  if (link.locale !== null) query.set("lang", link.locale);
  if (link.backend !== "auto") query.set("backend", link.backend);
  if (link.panel !== null && link.panel !== PANEL_IDS[0]) query.set("view", link.panel);
  if (link.lesson !== null) query.set("lesson", link.lesson);
  if (link.hide.length > 0) query.set("hide", link.hide.join(","));
  if (link.large) query.set("large", "1");
  // A comma may stand in a query as it is.
  return `?${query.toString().replaceAll("%2C", ",")}`;
}
